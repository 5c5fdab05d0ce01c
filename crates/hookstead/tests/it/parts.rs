//! What an export holds and is not served is told by `check` and at the start of `serve`.

use std::{
    fs,
    process::{Command, Stdio},
};

use serde_json::Value as Json;

use crate::program::{Served, app_of, copy_of_example, example, program, run};

const NIGHTLY: (&str, &str) = (
    "triggers/nightly.json",
    r#"{"name":"nightly","type":"SCHEDULED","disabled":false,
        "config":{"schedule":"0 3 * * *"},
        "event_processors":{"FUNCTION":{"config":{"function_name":"clean"}}}}"#,
);

const SOURCE: &str = r#"{"name":"mongodb-atlas","type":"mongodb-atlas","config":{}}"#;

/// An app with an endpoint for one function, and one of every other part.
fn app_with_parts() -> tempfile::TempDir {
    let folder = app_of(&[
        ("functions/hello.js", "exports = () => context.functions.execute('helper')"),
        NIGHTLY,
        (
            "triggers/onOrder.json",
            r#"{"name":"onOrder","type":"DATABASE",
                "config":{"database":"shop","collection":"orders"},"function_name":"clean"}"#,
        ),
        ("triggers/off.json", r#"{"name":"off","type":"SCHEDULED","disabled":true}"#),
        ("http_endpoints/data_api_config.json", r#"{"versions":["v1"],"disabled":false}"#),
        ("graphql/custom_resolvers/a.json", r#"{"field_name":"a","function_name":"resolve"}"#),
        ("hosting/config.json", r#"{"enabled":true}"#),
        ("sync/config.json", r#"{"state":"enabled","type":"flexible"}"#),
        ("log_forwarders/f.json", r#"{"name":"f"}"#),
        (
            "auth/providers.json",
            r#"{"local-userpass":{"type":"local-userpass",
                    "config":{"autoConfirm":true,"resetPasswordUrl":"https://a.example/reset"}}}"#,
        ),
        (
            "auth/custom_user_data.json",
            r#"{"enabled":true,"mongo_service_name":"mongodb-atlas","database_name":"shop",
                "collection_name":"users","user_id_field":"_id",
                "on_user_creation_function_name":"welcome"}"#,
        ),
        ("data_sources/mongodb-atlas/config.json", SOURCE),
        (
            "data_sources/mongodb-atlas/shop/orders/rules.json",
            r#"{"database":"shop","collection":"orders","roles":[{"name":"a","read":true,
                "fields":{"a":{"fields":{"b":{"write":{"%function":{"name":"mayWrite"}}}}}},
                "apply_when":{"%%true":{"%function":{"name":"may"}}}}]}"#,
        ),
        (
            "data_sources/mongodb-atlas/shop/orders/schema.json",
            r#"{"properties":{"a":{"bsonType":"int"}}}"#,
        ),
        ("queues/a.json", "{}"),
    ]);
    let mut functions = vec![serde_json::json!({ "name": "hello", "run_as_system": true })];
    for name in
        ["helper", "clean", "resolve", "welcome", "may", "mayWrite", "callMe", "notForClients"]
    {
        let path = folder.path().join(format!("functions/{name}.js"));
        fs::write(path, "exports = () => 1").unwrap();
        let private = name == "notForClients";
        functions.push(serde_json::json!({ "name": name, "private": private }));
    }
    let manifest = folder.path().join("functions/config.json");
    fs::write(manifest, Json::Array(functions).to_string()).unwrap();
    folder
}

/// Every code of a loss.
const LOSSES: [&str; 9] = [
    "trigger-not-run",
    "data-api-not-served",
    "graphql-not-served",
    "resolver-not-served",
    "hosting-not-served",
    "sync-not-served",
    "log-forwarder-not-run",
    "email-not-sent",
    "folder-not-read",
];

#[test]
fn every_part_that_is_not_served_is_a_problem_with_a_code_and_a_fact_for_machines() {
    let folder = app_with_parts();
    let app = folder.path().to_str().unwrap();
    let outcome = run(&["check", "--json", app]);
    assert_eq!(outcome.status, 0, "what is lost closes nothing: {outcome:?}");
    let report: Json = serde_json::from_str(&outcome.stdout).unwrap();
    let problems = report["problems"].as_array().unwrap();
    for code in LOSSES {
        let mut of_code = problems.iter().filter(|one| one["code"] == code);
        let first = of_code.next().unwrap_or_else(|| panic!("{code} is not told: {problems:?}"));
        assert_eq!(first["severity"], "loss", "{code}");
        assert_eq!(of_code.count(), usize::from(code == "trigger-not-run"), "{code}");
    }
    assert_eq!(problems.len(), LOSSES.len() + 1);
    assert_eq!(report["summary"]["losses"], problems.len());
    let parts = report["parts"].as_array().unwrap();
    let part = |name: &str| parts.iter().find(|part| part["name"] == name).unwrap();
    let nightly = serde_json::json!({
        "kind": "trigger", "name": "nightly", "active": true, "file": NIGHTLY.0,
        "facts": [
            { "name": "type", "value": "scheduled" },
            { "name": "schedule", "value": "0 3 * * *" },
        ],
        "functions": ["clean"],
    });
    assert_eq!(part("nightly"), &nightly);
    assert_eq!(part("off")["active"], false);
}

#[test]
fn a_function_that_nothing_calls_is_lost_where_no_client_can_log_in() {
    let folder = app_with_parts();
    let lost = || {
        let outcome = run(&["check", "--json", folder.path().to_str().unwrap()]);
        let report: Json = serde_json::from_str(&outcome.stdout).unwrap();
        let parts = report["parts"].as_array().unwrap().iter();
        let clients = parts.filter(|part| part["kind"] == "client-function");
        clients.map(|part| part["name"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(lost(), [""; 0]);
    fs::write(folder.path().join("auth/providers.json"), "{}").unwrap();
    assert_eq!(lost(), ["\"callMe\""]);
}

#[test]
fn a_loss_is_an_exit_status_only_where_it_is_asked_for() {
    let lossy = app_of(&[
        ("functions/hello.js", "exports = () => 1"),
        ("triggers/a.json", r#"{"name":"a","type":"SCHEDULED"}"#),
    ]);
    let whole = app_of(&[
        ("functions/hello.js", "exports = () => 1"),
        ("triggers/a.json", r#"{"name":"a","type":"SCHEDULED","disabled":true}"#),
    ]);
    let broken = app_of(&[("functions/hello.js", "exports = () => {{")]);
    for (folder, flags, status) in [
        (&lossy, &[][..], 0),
        (&lossy, &["--strict"], 1),
        (&lossy, &["--strict", "--json"], 1),
        (&whole, &["--strict"], 0),
        (&broken, &[], 1),
        (&broken, &["--strict"], 1),
    ] {
        let app = folder.path().to_str().unwrap();
        let outcome = run(&[&["check", app], flags].concat());
        assert_eq!(outcome.status, status, "{flags:?} {outcome:?}");
    }
}

#[test]
fn each_loss_has_a_line_for_people() {
    let folder = app_with_parts();
    let stdout = run(&["check", folder.path().to_str().unwrap()]).stdout;
    // Lines are broken at 80 columns.
    let text = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "1 endpoint, 10 parts not served",
        "lost trigger `nightly`: scheduled, schedule `0 3 * * *`, function `clean` \
         (triggers/nightly.json): not run [trigger-not-run]",
        "lost trigger `onOrder`: database, collection `shop.orders`, function `clean`",
        "lost folder `queues`: not read [folder-not-read]",
        "not in use: trigger `off`",
        "1 will run, 10 parts lost",
    ] {
        assert!(text.contains(line), "{line}: {stdout}");
    }
    assert!(!text.contains("`helper`") && !text.contains("callMe"), "{stdout}");
}

#[test]
fn the_start_of_serve_says_how_much_there_is_and_what_is_not_served() {
    let folder = app_with_parts();
    let served = Served::start(folder.path(), &[]);
    let (log, _) = served.stop();
    let mut lines = log.lines();
    assert_eq!(lines.next().unwrap(), "1 endpoint, 10 parts not served", "{log}");
    let list: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    assert_eq!(list[1], "  2 triggers: nightly, onOrder", "{log}");
    assert!(list.len() <= 12, "{log}");
    assert_eq!(list.last().unwrap(), &"  1 folder: queues", "{log}");
    let served = Served::start(folder.path(), &["--log-format", "json"]);
    let (log, _) = served.stop();
    let notices: Vec<Json> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<&str> = notices.iter().filter_map(|one| one["notice"].as_str()).collect();
    assert_eq!(
        texts[..2],
        ["1 endpoint, 10 parts not served", "not served: 2 triggers: nightly, onOrder"]
    );
}

#[test]
fn an_app_without_such_parts_is_told_in_one_line() {
    let served = Served::start(&example("quickstart"), &[]);
    let (log, _) = served.stop();
    assert!(log.starts_with("7 endpoints, 3 webhooks\n\n"), "{log}");
    let outcome = run(&["check", example("quickstart").to_str().unwrap(), "--strict"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(outcome.stdout.starts_with("7 endpoints, 3 webhooks\n"), "{outcome:?}");
}

#[test]
fn the_data_folder_is_no_part_of_the_export() {
    let folder = app_of(&[
        ("functions/hello.js", "exports = () => 1"),
        ("hookstead.toml", "[app]\ndata_dir = \"kept\"\n"),
        ("kept/a", ""),
    ]);
    let report = run(&["check", "--json", folder.path().to_str().unwrap()]).stdout;
    let report: Json = serde_json::from_str(&report).unwrap();
    assert_eq!(report["parts"], Json::Array(Vec::new()));
}

/// An app with so many endpoints, the first of which are refused.
fn large_app(endpoints: usize, refused: usize) -> tempfile::TempDir {
    let entry = |index: usize| {
        let method = if index < refused { "VERIFY_PAYLOAD" } else { "NO_VALIDATION" };
        serde_json::json!({
            "route": format!("/route/number/{index}"), "http_method": "POST",
            "function_name": "hello", "validation_method": method, "secret_name": "unset",
            "respond_result": true, "return_type": "JSON",
        })
    };
    let config = Json::Array((0..endpoints).map(entry).collect()).to_string();
    app_of(&[("functions/hello.js", "exports = () => 1"), ("http_endpoints/config.json", &config)])
}

#[test]
fn large_exports_begin_with_their_numbers_and_problems_alone_are_short() {
    let folder = large_app(150, 3);
    let app = folder.path().to_str().unwrap();
    let all = run(&["check", app]);
    assert!(all.stdout.starts_with("150 endpoints, 3 refused\n"), "{}", all.stdout);
    let problems = run(&["check", "--problems", app]);
    assert_eq!((all.status, problems.status), (1, 1));
    assert!(problems.stdout.starts_with("150 endpoints, 3 refused\n"), "{}", problems.stdout);
    assert_eq!(problems.stdout.matches("refused  POST").count(), 3, "{}", problems.stdout);
    assert!(!problems.stdout.contains("runs  "), "{}", problems.stdout);
    assert!(problems.stdout.lines().count() < 25, "{}", problems.stdout);
    let served = Served::start(folder.path(), &[]);
    let (log, _) = served.stop();
    assert!(log.starts_with("150 endpoints, 3 refused\n"), "{log}");
}

/// Tells of a line that is longer than so many columns, except where a word of it is.
fn assert_within(text: &str, columns: usize) {
    // The lines of the log follow on the table, and are not broken.
    for line in text.lines().take_while(|line| !line.starts_with("memory for ")) {
        let longest = line.split(' ').map(|word| word.chars().count()).max().unwrap_or_default();
        let fits = line.chars().count() <= columns || longest > columns - 12;
        assert!(fits, "{line:?} in {text}");
    }
}

#[test]
fn lines_are_broken_between_words_at_80_columns() {
    let parts = app_with_parts();
    let large = large_app(3, 1);
    let odd = copy_of_example("quickstart");
    let config = odd.path().join("https_endpoints/config.json");
    let text = fs::read_to_string(&config).unwrap().replacen("NO_VALIDATION", "NO_VALIDATE", 1);
    fs::write(&config, text).unwrap();
    for folder in [&parts, &large, &odd] {
        let app = folder.path().to_str().unwrap();
        assert_within(&run(&["check", app]).stdout, 80);
        assert_within(&run(&["check", "--problems", app]).stdout, 80);
        let (log, _) = Served::start(folder.path(), &[]).stop();
        assert_within(&log, 80);
    }
}

#[test]
fn a_terminal_says_how_long_lines_are() {
    if Command::new("script").arg("--version").output().is_err() {
        return;
    }
    let folder = app_with_parts();
    let (program, app) = (env!("CARGO_BIN_EXE_hookstead"), folder.path().display());
    for columns in [50, 120] {
        let command = format!("stty rows 24 cols {columns}; NO_COLOR=1 {program} check {app}");
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]);
        let output = script.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap().replace('\r', "");
        let text = text.get(text.find("1 endpoint").unwrap()..).unwrap();
        assert_within(text, columns);
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest > columns - 20, "{columns}: {text}");
    }
}

#[test]
fn flags_and_variables_that_are_nearly_right_are_told_with_the_right_ones() {
    for (flags, tip) in [
        (&["--port", "8080"][..], "--listen 127.0.0.1:8080"),
        (&["--port=8080"], "--listen 127.0.0.1:8080"),
        (&["-p", "8080"], "--listen 127.0.0.1:8080"),
        (&["--host", "0.0.0.0"], "--listen 127.0.0.1:PORT"),
    ] {
        let outcome = run(&[&["serve"], flags].concat());
        assert_eq!(outcome.status, 2, "{flags:?}");
        assert!(outcome.stderr.contains(tip), "{flags:?}: {}", outcome.stderr);
        let as_json = run(&[&["serve", "--log-format", "json"], flags].concat());
        let line: Json = serde_json::from_str(as_json.stderr.trim()).unwrap();
        assert!(line["notice"].as_str().unwrap().contains(tip), "{line}");
    }
    let app = example("quickstart");
    for (variable, meant) in [
        ("HOOKSTEAD_SECRT_key", Some("HOOKSTEAD_SECRET_key")),
        ("HOOKSTEAD_SECRETS_key", Some("HOOKSTEAD_SECRET_key")),
        ("HOOKSTEAD_SECERT_a_b", Some("HOOKSTEAD_SECRET_a_b")),
        ("HOOKSTEAD_SECRET_key", None),
        ("HOOKSTEAD_SERVICE_HOST", None),
        ("HOOKSTEAD_SERVER_LISTN", Some("HOOKSTEAD_SERVER_LISTEN")),
    ] {
        let mut command = program(&["check", app.to_str().unwrap()]);
        let output = command.env(variable, "x").output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let hint = meant.map(|meant| format!("{variable} sets nothing; did you mean {meant}?"));
        match hint {
            Some(hint) => assert!(stderr.contains(&hint), "{stderr}"),
            None => assert_eq!(stderr, "", "{variable}"),
        }
    }
}

#[test]
fn a_route_without_a_source_is_told_with_the_file_that_differs_in_letter_case() {
    for (file, function, remedy) in [
        ("functions/Hello.js", "hello", "rename `functions/Hello.js` to `functions/hello.js`"),
        ("functions/hello.js", "HELLO", "write `hello`, as the function is called"),
        ("functions/other.js", "hello", "add the function"),
    ] {
        let config = serde_json::json!([{
            "route": "/hello", "http_method": "GET", "function_name": function,
            "validation_method": "NO_VALIDATION", "respond_result": true,
        }]);
        let manifest =
            serde_json::json!([{ "name": function.to_lowercase(), "run_as_system": true }]);
        let folder = app_of(&[
            (file, "exports = () => 1"),
            ("functions/config.json", &manifest.to_string()),
            ("http_endpoints/config.json", &config.to_string()),
        ]);
        let outcome = run(&["check", "--json", folder.path().to_str().unwrap()]);
        let report: Json = serde_json::from_str(&outcome.stdout).unwrap();
        let route = &report["routes"][0];
        assert_eq!(route["verdict"], "fails", "{file}");
        assert_eq!(route["missing"][0]["remedy"], remedy, "{file}");
    }
}

#[test]
fn an_app_in_a_folder_of_the_named_one_is_named_by_every_command_that_reads_it() {
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("shop");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("root_config.json"), r#"{"name":"shop"}"#).unwrap();
    for command in ["check", "serve"] {
        let outcome = run(&[command, outer.path().to_str().unwrap()]);
        assert_eq!(outcome.status, 1, "{outcome:?}");
        let remedy = format!("→ name the folder that holds one: {}", inner.display());
        assert!(outcome.stderr.contains(&remedy), "{outcome:?}");
    }
}
