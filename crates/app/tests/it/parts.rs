//! What an export holds and is not served: each part is found, in every layout.

use hookstead_app::{App, Part, PartKind, Severity, functions_of};
use serde_json::json;

use crate::{Files, HELLO, META, REALM, STITCH, loaded};

const CONFIG_2020: (&str, &str) =
    ("config.json", r#"{"app_id":"shop-abcde","name":"shop","config_version":20200603}"#);

fn app(files: Files<'_>) -> App {
    loaded(files).app
}

/// The parts that were in use, and those that were not behind a `-`.
fn told(app: &App) -> Vec<String> {
    let sign = |part: &Part| if part.active { "" } else { "- " };
    app.parts.iter().map(|part| format!("{}{}", sign(part), part.description())).collect()
}

/// Files with JSON of `triggers/`, and what is told of each.
const TRIGGERS: &[(&str, &str, &str)] = &[
    (
        "triggers/nightly.json",
        r#"{"name":"nightly","type":"SCHEDULED","disabled":false,
            "config":{"schedule":"0 3 * * *"},
            "event_processors":{"FUNCTION":{"config":{"function_name":"clean"}}}}"#,
        "trigger `nightly`: scheduled, schedule `0 3 * * *`, function `clean`",
    ),
    (
        "triggers/onOrder.json",
        r#"{"name":"onOrder","type":"DATABASE",
            "config":{"service_name":"mongodb-atlas","database":"shop","collection":"orders",
                "operation_types":["INSERT","UPDATE"]},
            "event_processors":{"FUNCTION":{"config":{"function_name":"bill"}}}}"#,
        "trigger `onOrder`: database, collection `shop.orders`, data source `mongodb-atlas`, \
         operations `INSERT, UPDATE`, function `bill`",
    ),
    (
        "triggers/onLogin.json",
        r#"{"name":"onLogin","type":"AUTHENTICATION",
            "config":{"operation_type":"LOGIN","providers":["anon-user","api-key"]},
            "event_processors":{"FUNCTION":{"config":{"function_name":"greet"}}}}"#,
        "trigger `onLogin`: authentication, operation `LOGIN`, providers `anon-user, api-key`, \
         function `greet`",
    ),
    (
        "triggers/old.json",
        r#"{"name":"old","type":"AUTHENTICATION","function_name":"greet",
            "config":{"action_type":"create"}}"#,
        "trigger `old`: authentication, operation `create`, function `greet`",
    ),
    (
        "triggers/bridge.json",
        r#"{"name":"bridge","type":"DATABASE","config":{},
            "event_processors":{"AWS_EVENTBRIDGE":{"config":{"region":"us-east-1"}}}}"#,
        "trigger `bridge`: database, events to AWS EventBridge, region `us-east-1`",
    ),
    (
        "triggers/handled.json",
        r#"{"name":"handled","type":"SCHEDULED","config":{"schedule":"* * * * *"},
            "function_name":"a","error_handler":{"config":{"function_name":"b"}}}"#,
        "trigger `handled`: scheduled, schedule `* * * * *`, function `a`, function `b`",
    ),
    (
        "triggers/folder/config.json",
        r#"{"type":"SCHEDULED","config":{"schedule":"5 4 * * *"}}"#,
        "trigger `folder`: scheduled, schedule `5 4 * * *`",
    ),
    (
        "triggers/off.json",
        r#"{"name":"off","type":"SCHEDULED","disabled":true,"config":{"schedule":"1 1 * * *"}}"#,
        "- trigger `off`: scheduled, schedule `1 1 * * *`",
    ),
    ("triggers/broken.json", "{", "trigger `broken`: the file cannot be read"),
];

#[test]
fn every_trigger_is_told_with_its_kind_its_time_or_collection_and_its_function() {
    for root in [META, REALM, CONFIG_2020, STITCH] {
        for (path, text, expected) in TRIGGERS {
            let app = app(&[root, HELLO, (path, text)]);
            assert_eq!(told(&app), [*expected], "{path}");
            assert_eq!(app.parts[0].file, *path);
        }
    }
}

/// Exports in one file or several, beside a root file, and what is told of each.
const OTHERS: &[(Files<'_>, &[&str])] = &[
    // The Data API.
    (
        &[("https_endpoints/data_api_config.json", r#"{"versions":["v1"],"disabled":false}"#)],
        &["the Data API: versions `v1`"],
    ),
    (&[("http_endpoints/data_api_config.json", "{}")], &["the Data API"]),
    (&[("https_endpoints/gen_endpoints_config.json", "{}")], &["the Data API"]),
    (&[("data_api_config.json", r#"{"disabled":true}"#)], &["- the Data API"]),
    (
        &[
            ("http_endpoints/data_api_config.json", r#"{"versions":["v1"]}"#),
            ("https_endpoints/data_api_config.json", r#"{"versions":["v1"]}"#),
        ],
        &["the Data API: versions `v1`"],
    ),
    // GraphQL has the types that schemas describe.
    (&[("graphql/config.json", "{}")], &["- GraphQL: no collection has a schema to query"]),
    (
        &[
            ("graphql/config.json", "{}"),
            ("data_sources/m/config.json", r#"{"name":"m","type":"mongodb-atlas"}"#),
            ("data_sources/m/shop/orders/schema.json", r#"{"properties":{"a":{}},"title":"o"}"#),
        ],
        &["GraphQL"],
    ),
    (
        &[
            ("graphql/config.json", "{}"),
            ("services/m/config.json", r#"{"name":"m","type":"mongodb-atlas"}"#),
            ("services/m/rules/d.c.json", r#"{"schema":{"properties":{"a":{}}}}"#),
        ],
        &["GraphQL"],
    ),
    (
        &[(
            "graphql/custom_resolvers/total.json",
            r#"{"on_type":"Query","field_name":"total","function_name":"sum"}"#,
        )],
        &["GraphQL", "custom resolver `Query.total`: function `sum`"],
    ),
    // Hosting.
    (&[("hosting/config.json", r#"{"enabled":false}"#)], &["- hosting"]),
    (
        &[("hosting/config.json", r#"{"enabled":true}"#), ("hosting/files/index.html", "x")],
        &["hosting: files `1`"],
    ),
    (&[("hosting/files/a/b.css", "x")], &["hosting: files `1`"]),
    // Sync.
    (&[("sync/config.json", r#"{"development_mode_enabled":false}"#)], &["- sync"]),
    (
        &[(
            "sync/config.json",
            r#"{"type":"flexible","state":"enabled","service_name":"mongodb-atlas",
                "database_name":"shop"}"#,
        )],
        &["sync: flexible, database `shop`, data source `mongodb-atlas`"],
    ),
    (
        &[("sync/config.json", r#"{"state":"disabled","database_name":"d"}"#)],
        &["- sync: database `d`"],
    ),
    (
        &[(
            "data_sources/atlas/config.json",
            r#"{"name":"atlas","type":"mongodb-atlas",
                "config":{"sync":{"state":"enabled","database_name":"d"}}}"#,
        )],
        &["sync `atlas`: database `d`"],
    ),
    // Log forwarders.
    (
        &[(
            "log_forwarders/f.json",
            r#"{"name":"f","log_types":["auth","sync"],
                "action":{"type":"function","name":"keep"}}"#,
        )],
        &["log forwarder `f`: logs `auth, sync`, function `keep`"],
    ),
    (
        &[(
            "log_forwarders/g.json",
            r#"{"name":"g","disabled":true,
                "action":{"type":"collection","database":"d","collection":"c"}}"#,
        )],
        &["- log forwarder `g`: collection `d.c`"],
    ),
    // Users.
    (
        &[(
            "auth/providers.json",
            r#"{"api-key":{"type":"api-key"},"oauth2-apple":{"type":"oauth2-apple",
                    "config":{"clientId":"a"}},
                "oauth2-google":{"type":"oauth2-google","config":{"clientId":"a","openId":true}},
                "custom-function":{"type":"custom-function",
                    "config":{"authFunctionName":"hello"}}}"#,
        )],
        &[],
    ),
    (
        &[(
            "auth/providers.json",
            r#"{"local-userpass":{"type":"local-userpass",
                "config":{"emailConfirmationUrl":"https://a.example"}}}"#,
        )],
        &["emails to users: to confirm an address, page `https://a.example`, to reset a password"],
    ),
    (
        &[(
            "auth/providers.json",
            r#"{"local-userpass":{"type":"local-userpass","config":{"autoConfirm":true,
                "runResetFunction":true,"resetFunctionName":"hello"}}}"#,
        )],
        &[],
    ),
    // Rules and schemas of collections are served.
    (
        &[
            ("data_sources/m/config.json", r#"{"name":"m","type":"mongodb-atlas"}"#),
            ("data_sources/m/default_rule.json", r#"{"roles":[{"name":"all"}],"filters":[]}"#),
            (
                "data_sources/m/shop/orders/rules.json",
                r#"{"database":"shop","collection":"orders","filters":[{},{}],
                    "roles":[{"apply_when":{"%%true":{"%function":{"name":"may"}}}}]}"#,
            ),
            ("data_sources/m/shop/orders/schema.json", r#"{"properties":{"a":{}}}"#),
        ],
        &[],
    ),
    // Folders.
    (&[("queues/a.json", "{}")], &["folder `queues`"]),
    (&[("other/root_config.json", "{}")], &["folder `other`: an app of its own"]),
    (&[("trigers/a.json", "{}")], &["folder `trigers`: no layout has it; is `triggers` meant?"]),
    (
        &[
            (".git/config", ""),
            (".github/x.yml", ""),
            ("node_modules/a/index.js", ""),
            ("environments/qa.json", r#"{"values":{}}"#),
            ("values/a.json", r#"{"name":"a","value":1}"#),
            ("__MACOSX/x", ""),
        ],
        &[],
    ),
];

#[test]
fn whatever_else_is_not_served_is_told() {
    for root in [META, REALM, CONFIG_2020, STITCH] {
        for (files, expected) in OTHERS {
            // Providers stand in another file in the two older layouts.
            let all = [&[root, HELLO], *files].concat();
            assert_eq!(told(&app(&all)), *expected, "{} {files:?}", root.0);
        }
    }
}

#[test]
fn the_older_layouts_keep_parts_of_the_app_in_the_root_file_and_providers_in_files() {
    let root = r#"{"app_id":"shop-abcde","name":"shop","config_version":20200603,
        "hosting":{"enabled":true}}"#;
    let emails = r#"{"type":"local-userpass","config":{"resetPasswordUrl":"https://a.example",
        "autoConfirm":true}}"#;
    let app = app(&[
        ("config.json", root),
        ("functions/f/config.json", r#"{"name":"f"}"#),
        ("functions/f/source.js", "exports = () => 1"),
        ("auth_providers/local-userpass.json", emails),
    ]);
    assert_eq!(
        told(&app),
        ["hosting", "emails to users: to reset a password, page `https://a.example`"]
    );
    let files: Vec<_> = app.parts.iter().map(|part| part.file.as_str()).collect();
    assert_eq!(files, ["config.json", "auth_providers/local-userpass.json"]);
}

#[test]
fn a_part_is_a_loss_where_it_was_in_use_and_no_problem_of_the_export_itself() {
    let loaded = loaded(&[META, HELLO, (TRIGGERS[0].0, TRIGGERS[0].1), ("x/y", "")]);
    assert_eq!(loaded.problems, []);
    let problems: Vec<_> = loaded.app.parts.iter().filter_map(Part::problem).collect();
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|one| one.severity == Severity::Loss && !one.remedy.is_empty()));
    assert_eq!(problems[0].code, "trigger-not-run");
    let off = Part { active: false, ..Part::new(PartKind::Sync, "", "sync/config.json") };
    assert_eq!(off.problem(), None);
}

#[test]
fn what_is_told_is_bounded_whatever_an_export_holds() {
    let long = "x".repeat(10_000);
    let trigger = json!({ "name": long, "type": long, "config": { "providers": [long] } });
    let app_of = |triggers: Vec<serde_json::Value>| {
        app(&[META, HELLO, ("triggers/many.json", &json!(triggers).to_string())])
    };
    let app = app_of(vec![trigger]);
    assert!(app.parts[0].description().len() < 400);
    assert_eq!(app_of(vec![json!({}); 5_000]).parts.len(), 2_000);
    let deep = (0..100).fold(json!({ "%function": { "name": "f" } }), |deep, _| json!([deep]));
    assert_eq!(functions_of(&deep), Vec::<String>::new());
    let near = json!({ "%and": [{ "%%true": { "%function": { "name": "f" } } }] });
    assert_eq!(functions_of(&near), ["f"]);
}

#[test]
fn every_kind_says_what_it_is_and_what_to_do() {
    for (index, kind) in PartKind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, index);
        let words = [kind.code().as_str(), kind.noun(), kind.plural(), kind.loss(), kind.remedy()];
        assert!(words.iter().all(|word| !word.is_empty()), "{kind:?}");
    }
}
