//! What `hookstead check` tells of functions that run with the rights of users.

use serde_json::json;

use crate::{
    check::{json as report_of, missing, route_of},
    program::{app_of, run},
};

const PROVIDERS: &str = r#"{"anon-user": {"name": "anon-user", "type": "anon-user"}}"#;
const OPEN: &str = r#"{"database": "d", "collection": "open",
    "roles": [{"name": "all", "apply_when": {}, "read": true}]}"#;
const BROKEN: &str = r#"{"database": "d", "collection": "broken",
    "roles": [{"name": "all", "apply_when": {"%%usr.id": 1}, "read": true}]}"#;

/// The source of a function, whether it runs as system, and what is missing.
const CASES: [(&str, &str, bool, &[&str]); 11] = [
    ("permitted", "exports = () => M.db('d').collection('open').find()", false, &[]),
    ("closed", "exports = () => M.db('d').collection('shut').find()", false, &["rule d.shut"]),
    ("lost", "exports = () => M.db('d').collection('broken').find()", false, &["rule d.broken"]),
    ("system", "exports = () => M.db('d').collection('shut').find()", true, &[]),
    (
        "named",
        "exports = () => { const base = M.db('d'); const c = 'shut';
            return base.collection(c).find() }",
        false,
        &["rule d.shut"],
    ),
    ("unknown", "exports = ({ query }) => M.db('d').collection(query.c).find()", false, &[]),
    ("asks", "exports = () => context.functions.execute('closed')", false, &["rule d.shut"]),
    ("asks_system", "exports = () => context.functions.execute('system')", false, &[]),
    ("asks_as_system", "exports = () => context.functions.execute('closed')", true, &[]),
    (
        "joins",
        "exports = () => M.db('d').collection('open').aggregate([{ $lookup: {} }])",
        false,
        &["feature $lookup"],
    ),
    (
        "joins_as_system",
        "exports = () => M.db('d').collection('open').aggregate([{ $lookup: {} }])",
        true,
        &[],
    ),
];

#[test]
fn what_no_rule_opens_to_users_is_told_with_the_functions_that_run_for_them() {
    let mut files = vec![
        ("auth/providers.json".to_owned(), PROVIDERS.to_owned()),
        (
            "data_sources/m/config.json".to_owned(),
            r#"{"name": "m", "type": "mongodb-atlas"}"#.to_owned(),
        ),
        ("data_sources/m/d/open/rules.json".to_owned(), OPEN.to_owned()),
        ("data_sources/m/d/broken/rules.json".to_owned(), BROKEN.to_owned()),
    ];
    let mut rights = Vec::new();
    for (name, source, is_system, _) in CASES {
        let source = source.replace('M', "context.services.get('m')");
        files.push((format!("functions/{name}.js"), source));
        rights.push(json!({ "name": name, "run_as_system": is_system }));
    }
    files.insert(0, ("functions/config.json".to_owned(), json!(rights).to_string()));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = app_of(&files);
    let report = report_of(&run(&["check", "--json", folder.path().to_str().unwrap()]));
    for (name, _, _, expected) in CASES {
        let route = route_of(&report, name);
        let verdict = if expected.is_empty() { "runs" } else { "fails" };
        assert_eq!(
            (missing(route), &route["verdict"]),
            (expected.iter().map(|one| (*one).to_owned()).collect(), &verdict.into(),)
        );
    }
}

#[test]
fn where_no_collection_has_a_rule_no_name_is_needed_to_tell() {
    let source = "exports = ({ query }) =>
        context.services.get('mongodb-atlas').db(query.d).collection(query.c).find()";
    let folder = app_of(&[
        ("auth/providers.json", PROVIDERS),
        ("functions/config.json", r#"[{"name": "any"}]"#),
        ("functions/any.js", source),
    ]);
    let report = report_of(&run(&["check", "--json", folder.path().to_str().unwrap()]));
    let route = route_of(&report, "any");
    assert_eq!(route["missing"][0]["kind"], "rule", "{route}");
    assert_eq!(route["verdict"], "fails");
}

#[test]
fn what_a_script_that_names_the_user_lacks_is_told_with_its_route() {
    let script = "exports = () => context.values.get('key') && '5a3db0b88b1f2cabd68ed4d9'";
    let rights = json!([{ "name": "named", "run_as_user_id_script_source": script }]).to_string();
    let folder = app_of(&[
        ("functions/config.json", rights.as_str()),
        ("functions/named.js", "exports = () => 1"),
        ("values/key.json", r#"{"name": "key", "value": "api_key", "from_secret": true}"#),
    ]);
    let report = report_of(&run(&["check", "--json", folder.path().to_str().unwrap()]));
    let route = route_of(&report, "named");
    assert_eq!(
        (missing(route), &route["verdict"]),
        (vec!["secret api_key".into()], &"fails".into())
    );
    assert_eq!(route["missing"][0]["used_in"], json!(["functions/config.json"]));
}
