//! The report: the same for people and for machines. Its JSON form is documented in
//! `docs/check.md` and only ever grows.

use std::collections::BTreeSet;

use hookstead_app::{Part, Problem, Protection, RunAs, SecretSource, Severity};
use hookstead_site::{Kind, ProtectionKind};
use serde::Serialize;

use super::{
    missing::{Missing, Wanted},
    uses::{Survey, Uses},
    verdict::{Verdict, judge},
};
use crate::{
    data::names_of_data_sources,
    prepare::Prepared,
    routes::{self, Route},
    settings::{ApplicationAuthentication, Settings},
};

/// The version of the form.
const SCHEMA: u32 = 1;

/// The code of the server's problem about a source that does not compile.
const SYNTAX_ERROR: &str = "function-syntax-error";

/// Codes of problems that are told with the routes that they close.
const OF_ROUTES: [&str; 2] =
    ["endpoint-protection-unresolved", "endpoint-authentication-unsupported"];

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) schema: u32,
    pub(super) app: AppSummary,
    pub(super) routes: Vec<RouteReport>,
    pub(super) parts: Vec<Part>,
    pub(super) problems: Vec<Problem>,
    pub(super) summary: Summary,
}

#[derive(Debug, Serialize)]
pub(super) struct AppSummary {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) config_version: u32,
    pub(super) environment: String,
}

#[derive(Debug, Serialize)]
pub(super) struct RouteReport {
    pub(super) kind: Kind,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) protection: ProtectionKind,
    /// The name of the app secret, where one protects the route.
    pub(super) secret: Option<String>,
    pub(super) runs_as: &'static str,
    pub(super) function: String,
    pub(super) file: Option<String>,
    pub(super) declared_in: Declaration,
    pub(super) uses: Uses,
    pub(super) missing: Vec<Missing>,
    pub(super) verdict: Verdict,
    pub(super) reasons: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Declaration {
    pub(super) file: String,
    pub(super) field: String,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub(super) runs: usize,
    pub(super) refused: usize,
    pub(super) fails: usize,
    pub(super) disabled: usize,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) losses: usize,
}

/// What is asked about secrets: whether there is one of a name.
pub(super) type HasSecret<'a> = &'a dyn Fn(&str) -> bool;

impl Report {
    /// Looks at every route of an app.
    pub(super) fn new<'a>(
        prepared: &'a Prepared,
        survey: &Survey<'a>,
        parts: Vec<Part>,
        settings: &Settings,
        has_secret: HasSecret<'_>,
    ) -> Self {
        let Prepared { app, site, problems, .. } = prepared;
        let data_sources = names_of_data_sources(app, settings);
        let wanted = Wanted {
            app,
            functions: site.functions(),
            has_secret,
            is_embedded: data_sources.iter().any(|name| settings.uri_of(name).is_none()),
            data_sources,
            user_is_system: settings.auth.application_authentication
                == ApplicationAuthentication::System,
        };
        let routes: Vec<RouteReport> = routes::of_app(app, site.endpoints())
            .iter()
            .map(|route| report_route(route, survey, &wanted, prepared, settings))
            .collect();
        let is_of_export = |problem: &&Problem| !OF_ROUTES.contains(&problem.code);
        let mut problems: Vec<Problem> = problems.iter().filter(is_of_export).cloned().collect();
        problems.extend(parts.iter().filter_map(Part::problem));
        problems.extend(survey.problems(&wanted));
        Self {
            schema: SCHEMA,
            app: AppSummary {
                id: app.client_app_id.clone(),
                name: app.name.clone(),
                config_version: app.config_version,
                environment: app.environment.tag.clone(),
            },
            summary: Summary::new(&routes, &problems),
            routes,
            parts,
            problems,
        }
    }

    /// Whether everything that is switched on will run.
    pub(super) fn all_will_run(&self) -> bool {
        self.summary.refused == 0 && self.summary.fails == 0 && self.summary.errors == 0
    }

    /// Whether a part of the export that was in use is not served.
    pub(super) fn loses_parts(&self) -> bool {
        self.summary.losses > 0
    }
}

impl Summary {
    fn new(routes: &[RouteReport], problems: &[Problem]) -> Self {
        let count = |verdict| routes.iter().filter(|route| route.verdict == verdict).count();
        let problems_of = |severity| problems.iter().filter(|one| one.severity == severity).count();
        Self {
            runs: count(Verdict::Runs),
            refused: count(Verdict::Refused),
            fails: count(Verdict::Fails),
            disabled: count(Verdict::Disabled),
            errors: problems_of(Severity::Error),
            warnings: problems_of(Severity::Warning),
            losses: problems_of(Severity::Loss),
        }
    }
}

fn report_route<'a>(
    route: &Route<'a>,
    survey: &Survey<'a>,
    wanted: &Wanted<'_>,
    prepared: &Prepared,
    settings: &Settings,
) -> RouteReport {
    let (uses, mut missing) = survey.of_route(route, wanted);
    let here = BTreeSet::from([route.declared_in.file.clone()]);
    if route.file.is_none() {
        let mut source = Missing::source(&route.listing.function).used_in(&here);
        source.remedy = remedy_of_source(&prepared.problems, route).unwrap_or(source.remedy);
        missing.insert(0, source);
    }
    let secret = secret_name(route.protection);
    let unset = secret.filter(|name| !(wanted.has_secret)(name));
    missing.extend(unset.map(|name| Missing::secret(name).used_in(&here)));
    let judgement = judge(route, syntax_error(&prepared.problems, route), &missing);
    RouteReport {
        kind: route.listing.kind,
        method: route.listing.method.clone(),
        path: route.listing.path.clone(),
        protection: route.listing.protection,
        secret: secret.map(str::to_owned),
        runs_as: runs_as_word(route.run_as, settings),
        function: route.listing.function.clone(),
        file: route.file.map(str::to_owned),
        declared_in: Declaration {
            file: route.declared_in.file.clone(),
            field: route.declared_in.field.clone(),
        },
        uses,
        missing,
        verdict: judgement.verdict,
        reasons: judgement.reasons,
    }
}

/// What to do about the source of a route, as reading the export has found.
fn remedy_of_source(problems: &[Problem], route: &Route<'_>) -> Option<String> {
    let place = route.declared_in;
    let field = format!("{}.function_name", place.field);
    let source = place.file.replace("config.json", "source.js");
    let is_it = |problem: &&Problem| match problem.code {
        "endpoint-function-missing" => {
            problem.file == place.file && problem.field.as_deref() == Some(&field)
        }
        "webhook-file-missing" => problem.file == source,
        _ => false,
    };
    problems.iter().find(is_it).map(|problem| problem.remedy.clone())
}

/// What the engine says about the source of a route, where it does not compile.
fn syntax_error<'a>(problems: &'a [Problem], route: &Route<'_>) -> Option<&'a str> {
    let is_it = |problem: &&Problem| {
        problem.code == SYNTAX_ERROR && Some(problem.file.as_str()) == route.file
    };
    problems.iter().find(is_it).map(|problem| problem.message.as_str())
}

fn secret_name(protection: &Protection) -> Option<&str> {
    match protection {
        Protection::SecretAsQueryParam(SecretSource::Named(name))
        | Protection::VerifyPayload(SecretSource::Named(name))
        | Protection::GithubSignature(SecretSource::Named(name)) => Some(name),
        _ => None,
    }
}

fn runs_as_word(run_as: &RunAs, settings: &Settings) -> &'static str {
    let as_system = settings.auth.application_authentication == ApplicationAuthentication::System;
    match run_as {
        RunAs::System => "system",
        RunAs::Application if as_system => "system-by-setting",
        RunAs::Application => "application",
        RunAs::User(_) => "user",
        RunAs::Script(_) => "script",
    }
}
