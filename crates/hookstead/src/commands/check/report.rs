//! The report: the same for people and for machines. Its JSON form is documented in
//! `docs/check.md` and only ever grows.

use hookstead_app::{Problem, Protection, RunAs, SecretSource, Severity};
use hookstead_server::{Kind, ProtectionKind};
use serde::Serialize;

use super::{
    uses::{self, Missing, Uses},
    verdict::{Verdict, judge},
};
use crate::{
    prepare::Prepared,
    routes::{self, Route},
    settings::{ApplicationAuthentication, Settings},
};

/// The version of the form.
const SCHEMA: u32 = 1;

/// The code of the server's problem about a source that does not compile.
const SYNTAX_ERROR: &str = "function-syntax-error";

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) schema: u32,
    pub(super) app: AppSummary,
    pub(super) routes: Vec<RouteReport>,
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
}

/// What is asked about secrets: whether there is one of a name.
pub(super) type HasSecret<'a> = &'a dyn Fn(&str) -> bool;

impl Report {
    /// Looks at every route of an app.
    pub(super) fn new(prepared: &Prepared, settings: &Settings, has_secret: HasSecret<'_>) -> Self {
        let Prepared { app, site, problems } = prepared;
        let routes: Vec<RouteReport> = routes::of_app(app, site.endpoints())
            .iter()
            .map(|route| report_route(prepared, route, settings, has_secret))
            .collect();
        Self {
            schema: SCHEMA,
            app: AppSummary {
                id: app.client_app_id.clone(),
                name: app.name.clone(),
                config_version: app.config_version,
                environment: app.environment.tag.clone(),
            },
            summary: Summary::new(&routes, problems),
            routes,
            problems: problems.clone(),
        }
    }

    /// Whether everything that is switched on will run.
    pub(super) fn all_will_run(&self) -> bool {
        self.summary.refused == 0 && self.summary.fails == 0 && self.summary.errors == 0
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
        }
    }
}

fn report_route(
    prepared: &Prepared,
    route: &Route<'_>,
    settings: &Settings,
    has_secret: HasSecret<'_>,
) -> RouteReport {
    let (uses, mut missing) = uses::of_source(route.source);
    missing.splice(0..0, missing_file(route));
    let judgement = judge(route, syntax_error(&prepared.problems, route), &missing);
    let secret = secret_name(route.protection);
    missing.extend(secret.filter(|name| !has_secret(name)).map(missing_secret));
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

/// What the engine says about the source of a route, where it does not compile.
fn syntax_error<'a>(problems: &'a [Problem], route: &Route<'_>) -> Option<&'a str> {
    let is_it = |problem: &&Problem| {
        problem.code == SYNTAX_ERROR && Some(problem.file.as_str()) == route.file
    };
    problems.iter().find(is_it).map(|problem| problem.message.as_str())
}

fn missing_file(route: &Route<'_>) -> Option<Missing> {
    route.file.is_none().then(|| Missing {
        kind: "file",
        name: format!("of the function {:?}", route.listing.function),
        remedy: "put the file back into the export, or remove the route".to_owned(),
    })
}

fn missing_secret(name: &str) -> Missing {
    Missing {
        kind: "secret",
        name: name.to_owned(),
        remedy: format!("set it with `hookstead secrets set {name}`"),
    }
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
