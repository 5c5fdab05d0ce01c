//! Configuration files: whatever stands in one, reading ends, and nothing protected is opened.

#![no_main]

use std::fs;

use hookstead_app::{LoadOptions, Protection, load};
use libfuzzer_sys::fuzz_target;
use serde_json::Value as Json;

const FILES: [&str; 8] = [
    "https_endpoints/config.json",
    "functions/config.json",
    "root_config.json",
    "values/value.json",
    "environments/no-environment.json",
    "auth/providers.json",
    "https_endpoints/svc/incoming_webhooks/hook/config.json",
    "data_sources/mongodb-atlas/config.json",
];

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(folder) = tempfile::tempdir() else { return };
    let write = |file: &str, text: &[u8]| {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("root_config.json", br#"{"name":"fuzz"}"#);
    write("functions/f.js", b"exports = () => 1");
    write("https_endpoints/svc/config.json", br#"{"name":"svc","type":"http","version":1}"#);
    write("https_endpoints/svc/incoming_webhooks/hook/source.js", b"exports = () => 1");
    let file = FILES[usize::from(*choice) % FILES.len()];
    write(file, text);
    let Ok(loaded) = load(folder.path(), &LoadOptions::default()) else { return };
    if file == FILES[0] {
        check_nothing_opened(text, &loaded.app.endpoints);
    }
});

/// An endpoint is open only if no entry for its route asks for anything else.
fn check_nothing_opened(text: &[u8], endpoints: &[hookstead_app::Endpoint]) {
    let Ok(Json::Array(entries)) = serde_json::from_slice(text) else { return };
    for endpoint in endpoints {
        let open = matches!(endpoint.protection, Protection::None);
        let asks = entries.iter().filter(|entry| entry["route"] == endpoint.route.as_str());
        let mut methods = asks.clone().map(|entry| entry["validation_method"].clone());
        let plain = |method: &Json| method.is_null() || *method == "" || *method == "NO_VALIDATION";
        if open && asks.count() == 1 {
            assert!(methods.all(|method| plain(&method)), "{} is open", endpoint.route);
        }
    }
}
