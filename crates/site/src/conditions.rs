//! The conditions of an app: `can_evaluate` and the rules of services
//! (docs/behaviour/rights.md#conditions).

use hookstead_app::{App, Place, Problem, ProblemCode, Severity};
use hookstead_rules::{Condition, Subject};
use serde_json::Value as Json;

/// The field of functions, endpoints and webhooks.
const CAN_EVALUATE: &str = "can_evaluate";

/// The field of rules of services.
const WHEN: &str = "when";

/// A `can_evaluate`, unless it lets everyone through.
pub(crate) fn can_evaluate(json: Option<&Json>) -> Option<Condition> {
    let condition = Condition::parse(json?, Subject::Call);
    (condition.constant() != Some(true)).then_some(condition)
}

/// A `when`, unless it lets every action through.
pub(crate) fn when(json: Option<&Json>) -> Option<Condition> {
    let condition = Condition::parse(json?, Subject::Action);
    (condition.constant() != Some(true)).then_some(condition)
}

/// Everything in the conditions of an app that is not understood.
pub(crate) fn problems(app: &App) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut see = |what: String, place: &Place, json: Option<&Json>, subject: Subject| {
        let Some(json) = json else { return };
        let field = if subject == Subject::Action { WHEN } else { CAN_EVALUATE };
        let path_of = |inner: &str| {
            let path = [place.field.as_str(), field, inner];
            let path: Vec<_> = path.into_iter().filter(|part| !part.is_empty()).collect();
            path.join(".")
        };
        let condition = Condition::parse(json, subject);
        for function in condition.functions() {
            let path = path_of("");
            let message = format!("{what} is refused: `{path}`");
            found.extend(missing_function(app, function, &place.file, path, &message));
        }
        for problem in condition.problems() {
            let path = path_of(&problem.path);
            found.push(Problem {
                severity: Severity::Error,
                code: ProblemCode::ConditionNotUnderstood,
                file: place.file.clone(),
                line: app.lines.of(&place.file, &path),
                column: None,
                excerpt: None,
                message: format!("{what} is refused: `{path}`: {}", problem.message),
                field: Some(path),
                remedy: problem.remedy.clone(),
            });
        }
    };
    for function in app.functions.values() {
        let what = format!("function `{}`", function.name);
        see(what, &function.declared_in, function.can_evaluate.as_ref(), Subject::Call);
    }
    for endpoint in &app.endpoints {
        let what = format!("endpoint `{}`", endpoint.route);
        see(what, &endpoint.declared_in, endpoint.can_evaluate.as_ref(), Subject::Call);
    }
    for service in app.services.values() {
        for webhook in service.webhooks.values() {
            let what = format!("webhook `{}/{}`", service.name, webhook.name);
            see(what, &webhook.declared_in, webhook.can_evaluate.as_ref(), Subject::Call);
        }
        for rule in &service.rules {
            let what =
                format!("what the rule `{}` of the service `{}` allows", rule.name, service.name);
            see(what, &rule.declared_in, rule.when.as_ref(), Subject::Action);
        }
    }
    found
}

/// What is told of a condition that calls a function which the app does not have.
pub(crate) fn missing_function(
    app: &App,
    function: &str,
    file: &str,
    field: String,
    consequence: &str,
) -> Option<Problem> {
    let known = app.functions.get(function);
    if known.is_some_and(|function| function.file.is_some()) {
        return None;
    }
    Some(Problem {
        severity: Severity::Error,
        code: ProblemCode::ConditionFunctionMissing,
        file: file.to_owned(),
        line: app.lines.of(file, &field),
        column: None,
        excerpt: None,
        message: format!("{consequence}: it calls the function `{function}`, which is not there"),
        field: Some(field),
        remedy: "add the function, or correct the name, whose letter case counts".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_lets_everyone_through_is_no_condition() {
        let is_none = |json: Json| can_evaluate(Some(&json)).is_none();
        assert!(can_evaluate(None).is_none());
        for json in [json!({}), json!(true), json!({"%%true": true}), json!({"%not": false})] {
            assert!(is_none(json.clone()), "{json}");
        }
        for json in [
            json!({"%%user.custom_data.isEditor": true}),
            json!({"dirty": false, "input": "{}", "error": null}),
            json!({"%%root.a": 1}),
            json!(false),
            json!(null),
            json!("true"),
            json!([]),
            json!(1),
        ] {
            assert!(!is_none(json.clone()), "{json}");
        }
    }
}
