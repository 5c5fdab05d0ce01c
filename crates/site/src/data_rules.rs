//! The rules of the data sources of an app (docs/behaviour/collection-rules.md#files).

use std::{collections::BTreeMap, sync::Arc};

use hookstead_app::{App, Problem, ProblemCode, Severity};
use hookstead_rules::{Rules, RulesCall};

use crate::{conditions::missing_function, config::SiteConfig};

/// The rules of each data source, by its name. None of them opens the database that users are
/// kept in.
pub(crate) fn data_rules(app: &App, config: &SiteConfig) -> BTreeMap<String, Arc<Rules>> {
    let closed = config.users.iter().map(|users| users.database.as_str()).collect::<Vec<_>>();
    let sources = app.data_sources.values();
    let rules =
        sources.map(|source| (source.name.clone(), Arc::new(Rules::new(&source.rules, &closed))));
    rules.collect()
}

/// Everything in the rules that is not understood.
pub(crate) fn problems(app: &App, rules: &BTreeMap<String, Arc<Rules>>) -> Vec<Problem> {
    let problems = rules.values().flat_map(|rules| rules.problems());
    let told = problems.map(|found| {
        let path = [found.field.as_str(), found.problem.path.as_str()];
        let path: Vec<_> = path.into_iter().filter(|part| !part.is_empty()).collect();
        let path = path.join(".");
        Problem {
            severity: Severity::Error,
            code: ProblemCode::ConditionNotUnderstood,
            file: found.file.clone(),
            line: app.lines.of(&found.file, &path),
            column: None,
            excerpt: None,
            message: format!(
                "the collection is closed to users: `{path}`: {}",
                found.problem.message
            ),
            field: Some(path),
            remedy: found.problem.remedy.clone(),
        }
    });
    let calls = rules.values().flat_map(|rules| rules.calls());
    let missing = calls.filter_map(|call| {
        let RulesCall { file, field, function } = call;
        let message = format!("users have what `{field}` decides refused");
        missing_function(app, function, file, field.clone(), &message)
    });
    told.chain(missing).collect()
}
