//! `hookstead check`: verdicts, reasons, exit status.

use std::fs;

use serde_json::Value as Json;

use crate::program::{Outcome, app_of, copy_of_example, example, program, run, run_with_input};

pub(crate) fn json(outcome: &Outcome) -> Json {
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn the_examples_will_run() {
    for (name, routes) in [("quickstart", 10), ("quickstart-2020", 3)] {
        let app = example(name);
        let outcome = run(&["check", app.to_str().unwrap()]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        assert!(outcome.stdout.ends_with(&format!("\n{routes} will run\n")), "{outcome:?}");
        let report = json(&run(&["check", "--json", app.to_str().unwrap()]));
        assert_eq!(report["schema"], 1);
        assert_eq!(report["summary"]["runs"], routes);
        assert_eq!(report["problems"], Json::Array(Vec::new()));
    }
}

#[test]
fn what_will_not_run_is_told_with_its_reason() {
    let folder = copy_of_example("quickstart");
    let path = |name: &str| folder.path().join(name);
    let config = fs::read_to_string(path("https_endpoints/config.json")).unwrap();
    let mut endpoints: Vec<Json> = serde_json::from_str(&config).unwrap();
    endpoints[0]["validation_method"] = "VERIFY_PAYLOAD".into();
    endpoints[0]["secret_name"] = "hello_secret".into();
    endpoints[1]["disabled"] = true.into();
    endpoints[2]["validation_method"] = "MAGIC".into();
    endpoints[3]["function_name"] = "nowhere".into();
    fs::write(path("https_endpoints/config.json"), Json::Array(endpoints).to_string()).unwrap();
    fs::write(path("functions/signature.js"), "exports = function ( {").unwrap();
    let app = folder.path().to_str().unwrap();
    let outcome = run(&["check", "--json", app]);
    assert_eq!(outcome.status, 1);
    let report = json(&outcome);
    let verdicts: Vec<&Json> = (0..5).map(|index| &report["routes"][index]["verdict"]).collect();
    assert_eq!(verdicts, ["refused", "disabled", "refused", "fails", "fails"]);
    assert_eq!(report["routes"][0]["secret"], "hello_secret");
    assert_eq!(report["routes"][0]["missing"][0]["kind"], "secret");
    assert_eq!(report["routes"][3]["missing"][0]["kind"], "file");
    let human = run(&["check", app]).stdout;
    assert!(human.contains("hookstead secrets set hello_secret"), "{human}");
    run_with_input(&["secrets", "set", "hello_secret", "--app", app], "x");
    let report = json(&run(&["check", "--json", app]));
    assert_eq!(report["routes"][0]["verdict"], "runs");
}

/// The route of a function, by name.
pub(crate) fn route_of<'a>(report: &'a Json, function: &str) -> &'a Json {
    let mut routes = report["routes"].as_array().unwrap().iter();
    routes.find(|route| route["function"] == function).unwrap()
}

/// What is missing, as `kind name` each.
pub(crate) fn missing(route: &Json) -> Vec<String> {
    let text = |one: &Json, key: &str| one[key].as_str().unwrap().to_owned();
    let all = route["missing"].as_array().unwrap().iter();
    all.map(|one| format!("{} {}", text(one, "kind"), text(one, "name"))).collect()
}

#[test]
fn what_functions_use_is_followed_through_the_functions_that_they_call() {
    let folder = app_of(&[
        ("functions/order.js", "exports = (r) => context.functions.execute('bill/total', r.query)"),
        (
            "functions/bill/total.js",
            "const axios = require('axios'), crypto = require('crypto');
             exports = (q) => context.functions.execute('bill/tax', q);",
        ),
        (
            "functions/bill/tax.js",
            "exports = (q) => {
               var service = 'Cluster0';
               context.functions.execute('order', q);
               context.http.get({ url: context.values.get('rates') + context.values.get('key') });
               return context.services.get(service).db('d').collection('c').findOne();
             };",
        ),
        ("functions/plain.js", "exports = () => { const text = \"require('x')\"; return text; }"),
        ("functions/any.js", "exports = ({ query }) => context.functions.execute(query.name)"),
        ("values/key.json", r#"{"name":"key","value":"key_secret","from_secret":true}"#),
        (
            "data_sources/Cluster0/config.json",
            r#"{"name":"Cluster0","type":"mongodb-atlas","config":{}}"#,
        ),
    ]);
    let outcome = run(&["check", "--json", folder.path().to_str().unwrap()]);
    assert_eq!(outcome.status, 1);
    let report = json(&outcome);
    let order = route_of(&report, "order");
    let uses = serde_json::json!({
        "features": ["database", "outgoing-http"], "modules": ["crypto"], "packages": ["axios"],
        "values": ["key", "rates"], "services": ["Cluster0"],
        "functions": ["bill/tax", "bill/total", "order"], "dynamic": false,
    });
    assert_eq!((&order["verdict"], &order["uses"]), (&"fails".into(), &uses));
    let wanted = ["package axios", "secret key_secret", "value rates"];
    assert_eq!(missing(order), wanted);
    assert_eq!(order["missing"][0]["used_in"], serde_json::json!(["functions/bill/total.js"]));
    // A value that is absent is `undefined`, which a function may well expect.
    assert_eq!(order["reasons"].as_array().unwrap().len(), 2, "{order}");
    assert_eq!(route_of(&report, "plain")["verdict"], "runs");
    assert_eq!(route_of(&report, "plain")["uses"]["packages"], Json::Array(Vec::new()));
    let any = route_of(&report, "any");
    assert_eq!((&any["verdict"], &any["uses"]["dynamic"]), (&"runs".into(), &true.into()));
}

#[test]
fn what_is_missing_is_told_by_what_it_is() {
    let folder = app_of(&[
        ("functions/service.js", "exports = () => context.services.get('nobody').db('d')"),
        ("functions/http.js", "exports = () => context.services.get('web').get({ url: 'u' })"),
        ("functions/callee.js", "exports = () => context.functions.execute('nowhere')"),
        ("functions/caller.js", "exports = () => context.functions.execute('broken')"),
        ("functions/broken.js", "exports = () => {{"),
        ("functions/asks.js", "exports = () => context.functions.execute('user')"),
        ("functions/fixed.js", "exports = () => context.functions.execute('fixed_user')"),
        ("functions/fixed_user.js", "exports = () => 1"),
        ("functions/user.js", "exports = () => 1"),
        ("functions/files.js", "exports = () => [require('fs'), require('./helper')]"),
        ("functions/browser.js", "exports = () => localStorage.getItem('a')"),
        ("http_endpoints/web/config.json", r#"{"name":"web","type":"http","config":{}}"#),
        ("data_sources/One/config.json", r#"{"name":"One","type":"mongodb-atlas"}"#),
        ("data_sources/Two/config.json", r#"{"name":"Two","type":"mongodb-atlas"}"#),
    ]);
    let config = folder.path().join("functions/config.json");
    let mut functions: Json = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    let user = functions.as_array_mut().unwrap().iter_mut().find(|one| one["name"] == "user");
    *user.unwrap() = serde_json::json!({
        "name": "user", "run_as_system": true, "can_evaluate": { "%%usr.id": "x" },
    });
    let fixed =
        functions.as_array_mut().unwrap().iter_mut().find(|one| one["name"] == "fixed_user");
    *fixed.unwrap() =
        serde_json::json!({ "name": "fixed_user", "run_as_user_id": "5a3db0b88b1f2cabd68ed4d9" });
    fs::write(&config, functions.to_string()).unwrap();
    let report = json(&run(&["check", "--json", folder.path().to_str().unwrap()]));
    let cases: [(&str, &[&str]); 8] = [
        ("fixed", &["function fixed_user"]),
        ("service", &["service nobody"]),
        ("http", &["service web"]),
        ("callee", &["function nowhere"]),
        ("caller", &["function broken"]),
        ("asks", &["function user"]),
        ("files", &["module ./helper", "module fs"]),
        ("browser", &["feature localStorage"]),
    ];
    for (function, wanted) in cases {
        let route = route_of(&report, function);
        assert_eq!(
            (missing(route).as_slice(), &route["verdict"]),
            (
                wanted.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>().as_slice(),
                &"fails".into()
            )
        );
    }
    assert_eq!(route_of(&report, "broken")["verdict"], "fails");
}

#[test]
fn the_only_data_source_answers_for_others_and_searches_where_atlas_is_behind_it() {
    let folder = app_of(&[
        ("functions/plain.js", "exports = () => context.services.get('Cluster7').db('d')"),
        (
            "functions/search.js",
            "const stages = [{ $search: { text: {} } }];
             exports = () => context.services.get('mongodb-atlas').db('d').aggregate(stages)",
        ),
    ]);
    let arguments = ["check", "--json", folder.path().to_str().unwrap()];
    let report = json(&run(&arguments));
    let plain = route_of(&report, "plain");
    assert_eq!(
        (missing(plain), &plain["verdict"]),
        (vec!["service Cluster7".into()], &"runs".into())
    );
    let search = route_of(&report, "search");
    assert_eq!(
        (missing(search), &search["verdict"]),
        (vec!["feature $search".into()], &"fails".into())
    );
    assert_eq!(search["uses"]["features"], serde_json::json!(["$search", "database"]));
    let mut command = program(&arguments);
    command.env("HOOKSTEAD_MONGODB_URI", "mongodb+srv://cluster0.example.net");
    let report: Json = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(route_of(&report, "search")["verdict"], "runs");
}

#[test]
fn a_refused_route_tells_what_it_would_fail_for_as_well_and_is_no_problem_of_the_export() {
    let folder = app_of(&[
        ("functions/a.js", "exports = () => context.services.get('mongodb-atlas').db('d')"),
        ("functions/config.json", r#"[{"name":"a"}]"#),
    ]);
    let app = folder.path().to_str().unwrap();
    let report = json(&run(&["check", "--json", app]));
    let route = route_of(&report, "a");
    assert_eq!((&route["verdict"], &route["runs_as"]), (&"refused".into(), &"application".into()));
    assert_eq!(route["reasons"].as_array().unwrap().len(), 1, "{route}");
    assert_eq!(report["problems"], Json::Array(Vec::new()));
    let human = run(&["check", app]);
    assert_eq!(human.status, 1);
    assert!(human.stdout.ends_with("\n0 will run, 1 refused\n"), "{}", human.stdout);
    assert!(human.stdout.contains("uses: services mongodb-atlas"), "{}", human.stdout);
}

#[test]
fn the_rights_of_a_function_decide_with_the_setting() {
    let folder = copy_of_example("quickstart");
    let config = folder.path().join("functions/config.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replacen("\"run_as_system\": true", "\"run_as_system\": false", 1))
        .unwrap();
    let app = folder.path().to_str().unwrap();
    let report = json(&run(&["check", "--json", app]));
    assert_eq!(report["routes"][0]["verdict"], "refused");
    assert_eq!(report["routes"][0]["runs_as"], "application");
    let setting = "[auth]\napplication_authentication = \"system\"\n";
    fs::write(folder.path().join("hookstead.toml"), setting).unwrap();
    let report = json(&run(&["check", "--json", app]));
    assert_eq!(report["routes"][0]["verdict"], "runs");
    assert_eq!(report["routes"][0]["runs_as"], "system-by-setting");
}

#[test]
fn the_source_is_read_and_what_fails_in_it_is_told_with_its_place() {
    let collection = "context.services.get('mongodb-atlas').db('d').collection('c')";
    let count = format!("exports = () =>\n  {collection}.countDocuments()");
    let near = format!(
        "exports = (r) => {{ if (r.query.a) return {collection}.find({{ a: {{ $near: 1 }} }}) }}"
    );
    let folder = app_of(&[
        ("functions/count.js", count.as_str()),
        ("functions/near.js", near.as_str()),
        ("functions/twilio.js", "exports = () => context.services.get('twilio').send({})"),
        ("functions/empty.js", ""),
        ("functions/broken.js", "exports = () => {\n  const a = [1,\n  return a\n}"),
        ("functions/module.js", "export default () => 1"),
    ]);
    let arguments = ["check", "--json", folder.path().to_str().unwrap()];
    let report = json(&run(&arguments));
    let problems: Vec<String> = report["problems"].as_array().unwrap().iter().map(shown).collect();
    let wanted = [
        "error function-syntax-error functions/broken.js 3:3",
        "error function-syntax-error functions/module.js 1:1",
        "error source-method-unknown functions/count.js 2:65",
        "error source-exports-nothing functions/empty.js 1:1",
        "warning source-store-refuses functions/near.js 1:116",
    ];
    for one in wanted {
        assert!(problems.iter().any(|problem| problem == one), "{one}: {problems:#?}");
    }
    assert_eq!(problems.len(), wanted.len(), "{problems:#?}");
    for function in ["count", "twilio", "empty", "broken", "module"] {
        assert_eq!(route_of(&report, function)["verdict"], "fails", "{function}");
    }
    assert_eq!(route_of(&report, "near")["verdict"], "runs");
    let human = run(&["check", folder.path().to_str().unwrap()]).stdout;
    assert!(human.contains("\n        return a\n        ^\n"), "{human}");
    assert!(human.contains("write `exports = …` in the place of `export …`"), "{human}");
    assert!(human.contains("use `count`"), "{human}");
    let mut command = program(&arguments);
    command.env("HOOKSTEAD_MONGODB_URI", "mongodb://127.0.0.1:9");
    let report: Json = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert!(!report["problems"].to_string().contains("source-store-refuses"), "{report}");
}

#[test]
fn a_user_who_is_system_is_told_where_the_setting_makes_one() {
    let rights =
        r#"[{"name": "who", "run_as_system": false}, {"name": "top", "run_as_system": true}]"#;
    let source = "exports = () => context.user.data";
    let folder = app_of(&[
        ("functions/config.json", rights),
        ("functions/who.js", source),
        ("functions/top.js", source),
    ]);
    let told = || {
        let report = json(&run(&["check", "--json", folder.path().to_str().unwrap()]));
        let problems = report["problems"].as_array().unwrap().iter().map(shown);
        let about = problems.filter(|one| one.contains("source-user-is-system"));
        about.collect::<Vec<_>>()
    };
    assert_eq!(told(), [""; 0]);
    let setting = "[auth]\napplication_authentication = \"system\"\n";
    fs::write(folder.path().join("hookstead.toml"), setting).unwrap();
    assert_eq!(told(), ["warning source-user-is-system functions/who.js 1:17"]);
}

/// A problem in one line.
fn shown(problem: &Json) -> String {
    let text = |key: &str| problem[key].as_str().unwrap_or_default();
    let (severity, code, file) = (text("severity"), text("code"), text("file"));
    format!("{severity} {code} {file} {}:{}", problem["line"], problem["column"])
}

#[test]
fn a_source_cannot_end_the_function_around_it() {
    for source in ["});(()=>{ exports=()=>1;", "exports=()=>1;});(()=>{", "};{", "}, function () {"]
    {
        let folder = app_of(&[("functions/f.js", source)]);
        let report = json(&run(&["check", "--json", folder.path().to_str().unwrap()]));
        assert_eq!(route_of(&report, "f")["verdict"], "fails", "{source}: {report}");
        assert!(report.to_string().contains("function-syntax-error"), "{source}: {report}");
    }
}

#[test]
fn a_long_source_is_told_and_runs() {
    let source = format!("exports = () => 1; //{}", " ".repeat(300_000));
    let folder = app_of(&[("functions/f.js", source.as_str())]);
    let report = json(&run(&["check", "--json", folder.path().to_str().unwrap()]));
    assert_eq!(route_of(&report, "f")["verdict"], "runs", "{report}");
    assert_eq!(route_of(&report, "f")["uses"]["dynamic"], true, "{report}");
    let problems: Vec<String> = report["problems"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(problems, ["warning function-not-analysed functions/f.js null:null"]);
}

#[test]
fn what_a_branch_avoids_makes_no_route_fail() {
    let folder = app_of(&[
        ("functions/tries.js", "exports = () => { try { require('nope') } catch { return 1 } }"),
        (
            "functions/calls.js",
            "exports = (a) => { if (a.b) return context.functions.execute('broken'); return 1 }",
        ),
        ("functions/broken.js", "exports = () => missing"),
        ("functions/needs.js", "exports = () => context.functions.execute('broken')"),
    ]);
    let report = json(&run(&["check", "--json", folder.path().to_str().unwrap()]));
    for (function, verdict) in
        [("tries", "runs"), ("calls", "runs"), ("broken", "fails"), ("needs", "fails")]
    {
        assert_eq!(route_of(&report, function)["verdict"], verdict, "{function}: {report}");
    }
    assert_eq!(route_of(&report, "tries")["missing"][0]["name"], "nope", "{report}");
}

#[test]
fn functions_that_clients_can_call_as_system_are_listed_where_somebody_can_log_in() {
    let rights = r#"[
        {"name": "open", "run_as_system": true},
        {"name": "judged", "run_as_system": true, "can_evaluate": {"%%user.id": "x"}},
        {"name": "hidden", "run_as_system": true, "private": true},
        {"name": "of_users"}
    ]"#;
    let source = "exports = () => 1";
    let folder = app_of(&[
        ("functions/config.json", rights),
        ("functions/open.js", source),
        ("functions/judged.js", source),
        ("functions/hidden.js", source),
        ("functions/of_users.js", source),
    ]);
    let app = folder.path().to_str().unwrap();
    let listed = || json(&run(&["check", "--json", app]))["callable_as_system"].clone();
    assert_eq!(listed(), Json::Array(Vec::new()));
    let provider = r#"{"anon-user": {"name": "anon-user", "type": "anon-user"}}"#;
    fs::create_dir_all(folder.path().join("auth")).unwrap();
    fs::write(folder.path().join("auth/providers.json"), provider).unwrap();
    let expected = serde_json::json!([
        { "name": "judged", "file": "functions/judged.js", "has_condition": true },
        { "name": "open", "file": "functions/open.js", "has_condition": false },
    ]);
    assert_eq!(listed(), expected);
    let human = run(&["check", app]).stdout;
    assert!(human.contains("clients can call as system: judged (with a condition), open"));
}

#[test]
fn what_is_not_understood_of_a_condition_is_told_with_its_line() {
    let rights = "[\n\
        {\"name\": \"open\", \"run_as_system\": true, \"can_evaluate\": {\"%%user.id\": \"a\"}},\n\
        {\"name\": \"lost\", \"run_as_system\": true,\n\
         \"can_evaluate\": {\n\
           \"%or\": [{\"%%user.type\": \"system\"},\n\
                   {\"%%usr.id\": 1}]}}]";
    let rule = "{\"name\": \"r\", \"actions\": [\"get\"], \"when\": {\n\
        \"%%args.url.host\": {\"%regex\": \".*\"}}}";
    let source = "exports = () => context.services.get('web').get({ url: 'http://a.b' })";
    let folder = app_of(&[
        ("functions/config.json", rights),
        ("functions/open.js", "exports = () => 1"),
        ("functions/lost.js", "exports = () => 1"),
        ("functions/calls.js", source),
        ("services/web/config.json", r#"{"name": "web", "type": "http"}"#),
        ("services/web/rules/r.json", rule),
    ]);
    let app = folder.path().to_str().unwrap();
    let report = json(&run(&["check", "--json", app]));
    let problems = report["problems"].as_array().unwrap();
    let told: Vec<_> = problems.iter().map(|one| (shown(one), one["field"].clone())).collect();
    let code = "error condition-not-understood";
    let expected = [
        (
            format!("{code} functions/config.json 6:null"),
            Json::from("[1].can_evaluate.%or[1].%%usr.id"),
        ),
        (
            format!("{code} services/web/rules/r.json 2:null"),
            Json::from("when.%%args.url.host.%regex"),
        ),
    ];
    assert_eq!(told, expected);
    assert_eq!(route_of(&report, "open")["verdict"], "runs");
    let lost = route_of(&report, "lost");
    assert_eq!(lost["verdict"], "refused");
    assert!(lost["reasons"].to_string().contains("is not understood"), "{lost}");
    assert_eq!(missing(route_of(&report, "calls")), ["service web"]);
}

#[test]
fn functions_that_conditions_call_and_that_are_not_there_are_told_with_their_line() {
    let rights = "[\n\
        {\"name\": \"open\", \"run_as_system\": true,\n\
         \"can_evaluate\": {\"%%true\": {\"%function\": {\"name\": \"isMember\"}}}},\n\
        {\"name\": \"isEditor\", \"private\": true}]";
    let rules = "{\"database\": \"shop\", \"collection\": \"orders\", \"roles\": [{\n\
        \"name\": \"r\", \"apply_when\": {\"%%true\": {\"%function\": {\"name\": \"isEditor\"}}},\n\
        \"read\": {\"%%true\": {\"%function\": {\"name\": \"isReader\"}}}}]}";
    let folder = app_of(&[
        ("functions/config.json", rights),
        ("functions/open.js", "exports = () => 1"),
        ("functions/isEditor.js", "exports = () => true"),
        (
            "data_sources/mongodb-atlas/config.json",
            r#"{"name": "mongodb-atlas", "type": "mongodb-atlas"}"#,
        ),
        ("data_sources/mongodb-atlas/shop/orders/rules.json", rules),
    ]);
    let app = folder.path().to_str().unwrap();
    let report = json(&run(&["check", "--json", app]));
    let problems = report["problems"].as_array().unwrap();
    let told: Vec<_> = problems.iter().map(|one| (shown(one), one["field"].clone())).collect();
    let code = "error condition-function-missing";
    let file = "data_sources/mongodb-atlas/shop/orders/rules.json";
    let expected = [
        (format!("{code} functions/config.json 3:null"), Json::from("[0].can_evaluate")),
        (format!("{code} {file} 3:null"), Json::from("roles[0].read")),
    ];
    assert_eq!(told, expected);
}
