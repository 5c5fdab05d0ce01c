//! Typing errors: a configuration that protects something, with a few of them, protects it still
//! or refuses it.

#![no_main]

use std::{fs, path::Path};

use hookstead_app::{App, LoadOptions, Protection, RunAs, load};
use libfuzzer_sys::fuzz_target;

/// Each typing error takes three bytes. More of them make another, valid configuration of a text.
const ERRORS_MAX: usize = 3;

const ENDPOINTS: &str = "https_endpoints/config.json";
const OTHER_ENDPOINTS: &str = "http_endpoints/config.json";
const WEBHOOK: &str = "https_endpoints/svc/incoming_webhooks/w/config.json";
const OTHER_WEBHOOK: &str = "services/svc/incoming_webhooks/w/config.json";
const FUNCTIONS: &str = "functions/config.json";

const OPEN_ENDPOINT: &str = r#"[{"route":"/a","http_method":"POST","function_name":"f",
    "validation_method":"NO_VALIDATION"}]"#;
const OPEN_WEBHOOK: &str = r#"{"name":"w","options":{"validationMethod":"NO_VALIDATION"}}"#;
const OPEN_FUNCTION: &str = r#"[{"name":"f","run_as_system":true}]"#;

/// A configuration: its file, what stands before a text with typing errors, the text, the rest.
struct Case {
    file: &'static str,
    parts: [&'static str; 3],
}

const CASES: [Case; 12] = [
    endpoint(r#""validation_method":"VERIFY_PAYLOAD","secret_name":"key""#),
    endpoint(r#""validation_method":"SECRET_AS_QUERY_PARAM","secret_name":"key""#),
    endpoint(r#""verification_method":"VERIFY_PAYLOAD","secret_name":"key""#),
    endpoint(r#""disabled":true,"validation_method":"VERIFY_PAYLOAD","secret_name":"key""#),
    endpoint(r#""can_evaluate":{"%%user.id":"u"}"#),
    webhook(r#""options":{"validationMethod":"VERIFY_PAYLOAD","secret":"key"}"#),
    webhook(r#""options":{"httpMethod":"POST","validationMethod":"VERIFY_PAYLOAD","secret":"k"}"#),
    webhook(r#""options":{"secretAsQueryParam":true,"secret":"key"}"#),
    webhook(r#""can_evaluate":{"%%user.id":"u"}"#),
    webhook(r#""run_as_user_id":"5a3d""#),
    function(r#""can_evaluate":{"%%user.id":"u"}"#),
    function(r#""private":true"#),
];

const fn endpoint(guard: &'static str) -> Case {
    let before = r#"[{"route":"/a","http_method":"POST","function_name":"f","#;
    Case { file: ENDPOINTS, parts: [before, guard, r#","respond_result":true}]"#] }
}

const fn webhook(guard: &'static str) -> Case {
    Case { file: WEBHOOK, parts: [r#"{"name":"w","#, guard, r#","respond_result":true}"#] }
}

const fn function(guard: &'static str) -> Case {
    let before = r#"[{"name":"f","run_as_system":true,"#;
    Case { file: FUNCTIONS, parts: [before, guard, r#","disable_arg_logs":true}]"#] }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, errors)) = data.split_first() else { return };
    let Case { file, parts: [before, guard, after] } = &CASES[usize::from(*choice) % CASES.len()];
    let mut text: Vec<char> = guard.chars().collect();
    for error in errors.chunks_exact(3).take(ERRORS_MAX) {
        mistype(&mut text, [error[0], error[1], error[2]]);
    }
    let text: String = text.into_iter().collect();
    let Ok(folder) = tempfile::tempdir() else { return };
    let write = |file: &str, text: &str| write(folder.path(), file, text);
    write("root_config.json", r#"{"name":"fuzz","config_version":20230101}"#);
    write("functions/f.js", "exports = () => 1");
    write(FUNCTIONS, OPEN_FUNCTION);
    write("https_endpoints/svc/config.json", r#"{"name":"svc","type":"http"}"#);
    write("https_endpoints/svc/incoming_webhooks/w/source.js", "exports = () => 1");
    // With the last bit, what is outdated is open.
    if choice & 0x80 != 0 {
        write(OTHER_ENDPOINTS, OPEN_ENDPOINT);
        write("services/svc/config.json", r#"{"name":"svc","type":"http"}"#);
        write(OTHER_WEBHOOK, OPEN_WEBHOOK);
        write("services/svc/incoming_webhooks/w/source.js", "exports = () => 1");
    }
    write(file, &format!("{before}{text}{after}"));
    let Ok(loaded) = load(folder.path(), &LoadOptions::default()) else { return };
    let open = match *file {
        ENDPOINTS => has_open_endpoint(&loaded.app),
        WEBHOOK => has_open_webhook(&loaded.app),
        _ => has_open_function(&loaded.app),
    };
    assert!(!open || is_meant(guard, &text), "open by {text}");
});

/// One typing error at a place: characters swapped, dropped, doubled, replaced, in another case.
fn mistype(text: &mut Vec<char>, [kind, place, letter]: [u8; 3]) {
    if text.is_empty() {
        return;
    }
    let at = usize::from(place) % text.len();
    match kind % 8 {
        0 if at + 1 < text.len() => text.swap(at, at + 1),
        1 => drop(text.remove(at)),
        2 => text.insert(at, text[at]),
        3 if text[at].is_uppercase() => text[at] = text[at].to_ascii_lowercase(),
        3 => text[at] = text[at].to_ascii_uppercase(),
        4 => text[at] = char::from(letter),
        5 => text.insert(at, char::from(letter)),
        6 => text.insert(at, '\u{200b}'),
        _ => text.splice(at..at, "null,1,\"\",[]".chars()).for_each(drop),
    }
}

/// Whether three errors have made something that says openly that there is no protection: a value
/// that is empty, or a flag that is the other one.
fn is_meant(guard: &str, text: &str) -> bool {
    let json = |text: &str| serde_json::from_str(&format!("{{{text}}}")).ok();
    let (Some(serde_json::Value::Object(guard)), Some(serde_json::Value::Object(text))) =
        (json(guard), json(text))
    else {
        return false;
    };
    let is_empty = |value: &serde_json::Value| {
        *value == "" || value.as_object().is_some_and(serde_json::Map::is_empty)
    };
    guard.keys().any(|key| text.get(key).is_some_and(is_empty))
}

fn has_open_endpoint(app: &App) -> bool {
    app.endpoints.iter().any(|endpoint| {
        let is_open = matches!(endpoint.protection, Protection::None);
        is_open && !endpoint.disabled && endpoint.can_evaluate.is_none()
    })
}

fn has_open_webhook(app: &App) -> bool {
    let mut webhooks = app.services.values().flat_map(|service| service.webhooks.values());
    webhooks.any(|webhook| {
        let is_open = matches!(webhook.protection, Protection::None);
        is_open && webhook.can_evaluate.is_none() && webhook.run_as == RunAs::System
    })
}

fn has_open_function(app: &App) -> bool {
    let mut functions = app.functions.values();
    functions.any(|function| !function.private && function.can_evaluate.is_none())
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("a file");
}
