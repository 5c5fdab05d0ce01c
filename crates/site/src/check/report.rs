//! The report: the same for people and for machines. Its JSON form is documented in
//! `docs/check.md` and only ever grows.

use std::collections::{BTreeSet, HashMap};

use hookstead_app::{App, Part, Problem, ProblemCode, Protection, RunAs, SecretSource, Severity};
use serde::Serialize;

use super::{
    analyses::Analyses,
    circumstances::Circumstances,
    clients::{SystemFunction, callable_as_system},
    missing::{Missing, Wanted},
    uses::{Survey, Uses},
    verdict::{Verdict, judge},
};
use crate::{
    listing::{Kind, Listing, ProtectionKind},
    site::Site,
};

/// The version of the form.
const SCHEMA: u32 = 1;

/// The code of the server's problem about a source that does not compile.
const SYNTAX_ERROR: ProblemCode = ProblemCode::FunctionSyntaxError;

/// Codes of problems that are told with the routes that they close.
const OF_ROUTES: [ProblemCode; 2] =
    [ProblemCode::EndpointProtectionUnresolved, ProblemCode::EndpointAuthenticationUnsupported];

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The version of this form.
    pub schema: u32,
    /// Which app it is about.
    pub app: AppSummary,
    /// Every endpoint and webhook.
    pub routes: Vec<RouteReport>,
    /// What the export holds and is not served.
    pub parts: Vec<Part>,
    /// Functions that clients can call as system.
    pub callable_as_system: Vec<SystemFunction>,
    /// Everything wrong with the app.
    pub problems: Vec<Problem>,
    /// How many there are of what.
    pub summary: Summary,
}

/// An app, in a few words.
#[derive(Debug, Serialize)]
pub struct AppSummary {
    /// Its slug.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The version of the layout of the export.
    pub config_version: u32,
    /// The environment whose values functions see.
    pub environment: String,
}

/// What was found about an endpoint or a webhook.
#[derive(Debug, Serialize)]
pub struct RouteReport {
    /// Which of the two.
    pub kind: Kind,
    /// The method; `*` for any.
    pub method: String,
    /// The full path.
    pub path: String,
    /// Who may call.
    pub protection: ProtectionKind,
    /// The name of the app secret, where one protects the route.
    pub secret: Option<String>,
    /// Whose rights it runs with, in a word.
    pub runs_as: &'static str,
    /// The function that answers; `service/webhook` for a webhook.
    pub function: String,
    /// The file of the function, where there is one.
    pub file: Option<String>,
    /// Where it is declared.
    pub declared_in: DeclaredIn,
    /// What its functions use.
    pub uses: Uses,
    /// What of that is missing.
    pub missing: Vec<Missing>,
    /// What will become of its calls.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<String>,
}

/// Where an endpoint or a webhook is declared.
#[derive(Debug, Serialize)]
pub struct DeclaredIn {
    /// The file.
    pub file: String,
    /// The path of the field in it.
    pub field: String,
}

/// How many there are of what.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Routes that will run.
    pub runs: usize,
    /// Routes that refuse every call.
    pub refused: usize,
    /// Routes whose functions cannot do their work.
    pub fails: usize,
    /// Routes that are switched off.
    pub disabled: usize,
    /// Problems that are errors.
    pub errors: usize,
    /// Problems that are warnings.
    pub warnings: usize,
    /// Parts that were in use and are not served.
    pub losses: usize,
}

impl Report {
    /// Looks at every route of an app. `parts` are what it holds and is not served.
    pub fn new<'a>(
        (app, site): (&'a App, &Site),
        problems: &[Problem],
        analyses: &'a Analyses<'a>,
        parts: Vec<Part>,
        circumstances: &Circumstances<'_>,
    ) -> Self {
        let survey = Survey::new(app, analyses);
        let wanted = Wanted { app, functions: site.functions(), circumstances };
        let told = Told::new(problems);
        let routes: Vec<RouteReport> = site
            .endpoints()
            .iter()
            .map(|route| report_route(route, &survey, &wanted, &told))
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
            callable_as_system: callable_as_system(app),
            problems,
        }
    }

    /// Whether everything that is switched on will run.
    pub fn all_will_run(&self) -> bool {
        self.summary.refused == 0 && self.summary.fails == 0 && self.summary.errors == 0
    }

    /// Whether a part of the export that was in use is not served.
    pub fn loses_parts(&self) -> bool {
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

fn report_route(
    route: &Listing,
    survey: &Survey<'_>,
    wanted: &Wanted<'_>,
    told: &Told<'_>,
) -> RouteReport {
    let declaration = &route.declaration;
    let (uses, mut missing) = survey.of_route(route, wanted);
    let here = BTreeSet::from([declaration.place.file.clone()]);
    if declaration.file.is_none() {
        let unusable = told.unusable_source(route);
        let mut source = Missing::source(&route.function, unusable.as_deref()).used_in(&here);
        if unusable.is_none() {
            source.remedy = told.remedy_of_source(route).unwrap_or(source.remedy);
        }
        missing.insert(0, source);
    }
    let secret = secret_name(&declaration.protection);
    let unset = secret.filter(|name| !(wanted.circumstances.has_secret)(name));
    missing.extend(unset.map(|name| Missing::secret(name).used_in(&here)));
    let judgement = judge(route, told.syntax_error(route), &missing);
    RouteReport {
        kind: route.kind,
        method: route.method.clone(),
        path: route.path.clone(),
        protection: route.protection,
        secret: secret.map(str::to_owned),
        runs_as: runs_as_word(&declaration.run_as, wanted.circumstances),
        function: route.function.clone(),
        file: declaration.file.clone(),
        declared_in: DeclaredIn {
            file: declaration.place.file.clone(),
            field: declaration.place.field.clone(),
        },
        uses,
        missing,
        verdict: judgement.verdict,
        reasons: judgement.reasons,
    }
}

/// What reading the export has found about sources, for looking it up with each route.
struct Told<'a> {
    /// By the file of the declaration and the field in it.
    functions_missing: HashMap<(&'a str, &'a str), &'a str>,
    /// By the file of the source.
    files_missing: HashMap<&'a str, &'a str>,
    /// What the engine says, by the file of the source.
    syntax_errors: HashMap<&'a str, &'a str>,
    /// Files that are there and cannot be used.
    unusable: BTreeSet<&'a str>,
}

impl<'a> Told<'a> {
    fn new(problems: &'a [Problem]) -> Self {
        let of = |code| problems.iter().rev().filter(move |one| one.code == code);
        let with_field = of(ProblemCode::EndpointFunctionMissing).filter_map(|one| {
            Some(((one.file.as_str(), one.field.as_deref()?), one.remedy.as_str()))
        });
        let remedy = |one: &'a Problem| (one.file.as_str(), one.remedy.as_str());
        let message = |one: &'a Problem| (one.file.as_str(), one.message.as_str());
        Self {
            functions_missing: with_field.collect(),
            files_missing: of(ProblemCode::WebhookFileMissing).map(remedy).collect(),
            syntax_errors: of(SYNTAX_ERROR).map(message).collect(),
            unusable: of(ProblemCode::FileUnusable).map(|one| one.file.as_str()).collect(),
        }
    }

    /// The source of a route, where it is there and cannot be used.
    fn unusable_source(&self, route: &Listing) -> Option<String> {
        let function = &route.function;
        let places = [
            route.declaration.place.file.replace("config.json", "source.js"),
            format!("functions/{function}.js"),
            format!("functions/{function}/source.js"),
        ];
        places.into_iter().find(|file| self.unusable.contains(file.as_str()))
    }

    /// What to do about a source that is not there.
    fn remedy_of_source(&self, route: &Listing) -> Option<String> {
        let place = &route.declaration.place;
        let field = format!("{}.function_name", place.field);
        let source = place.file.replace("config.json", "source.js");
        let of_endpoint = self.functions_missing.get(&(place.file.as_str(), field.as_str()));
        let remedy = of_endpoint.or_else(|| self.files_missing.get(source.as_str()));
        remedy.map(|remedy| (*remedy).to_owned())
    }

    /// What the engine says about the source of a route, where it does not compile.
    fn syntax_error(&self, route: &Listing) -> Option<&'a str> {
        self.syntax_errors.get(route.declaration.file.as_deref()?).copied()
    }
}

fn secret_name(protection: &Protection) -> Option<&str> {
    match protection {
        Protection::Signed { secrets, .. } => secrets.iter().find_map(|secret| match secret {
            SecretSource::Named(name) => Some(name.as_str()),
            SecretSource::Literal(_) => None,
        }),
        Protection::None | Protection::Refused(_) => None,
    }
}

fn runs_as_word(run_as: &RunAs, circumstances: &Circumstances<'_>) -> &'static str {
    match run_as {
        RunAs::System => "system",
        RunAs::Application if circumstances.user_is_system => "system-by-setting",
        RunAs::Application => "application",
        RunAs::User(_) => "user",
        RunAs::Script(_) => "script",
    }
}
