//! `hookstead check`: verdicts, reasons, exit status.

use std::fs;

use serde_json::Value as Json;

use crate::program::{Outcome, copy_of_example, example, run, run_with_input};

fn json(outcome: &Outcome) -> Json {
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn the_examples_will_run() {
    for (name, routes) in [("quickstart", 8), ("quickstart-2020", 3)] {
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
