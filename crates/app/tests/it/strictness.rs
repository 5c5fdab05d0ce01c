//! Where two places disagree, the one that asks more of callers counts, whatever their order.

use hookstead_app::{App, Endpoint, Function, Loaded, Method, Protection, RunAs};

use crate::{META, REALM, loaded, word};

/// What an endpoint can ask of callers: a word for it, the fields of its entry, its function.
const ENDPOINTS: &[(&str, &str, &str)] = &[
    ("open", r#""validation_method":"NO_VALIDATION""#, "system"),
    ("open", r#""validation_method":"","secret_name":"""#, "system"),
    ("secret a", r#""validation_method":"SECRET_AS_QUERY_PARAM","secret_name":"a""#, "system"),
    ("secret b", r#""validation_method":"SECRET_AS_QUERY_PARAM","secret_name":"b""#, "system"),
    ("signature a", r#""validation_method":"VERIFY_PAYLOAD","secret_name":"a""#, "system"),
    ("signature b", r#""validation_method":"VERIFY_PAYLOAD","secret_name":"b""#, "system"),
    ("user", r#""validation_method":"NO_VALIDATION""#, "application"),
    ("user", r#""run_as_authed_user":true"#, "system"),
    ("fixed user", r#""validation_method":"NO_VALIDATION""#, "fixed"),
    ("script", r#""validation_method":"NO_VALIDATION""#, "script"),
    ("condition", r#""validation_method":"NO_VALIDATION""#, "condition"),
    (
        "signature a and user",
        r#""validation_method":"VERIFY_PAYLOAD","secret_name":"a""#,
        "application",
    ),
    ("refused", r#""validation_method":"VERIFY""#, "system"),
    ("refused", r#""validation_method":"NO_VALIDATION","hmac":"a""#, "system"),
    ("refused", r#""validation_method":"NO_VALIDATION""#, "unclear"),
    ("disabled", r#""validation_method":"NO_VALIDATION","disabled":true"#, "system"),
    ("disabled", r#""validation_method":"VERIFY_PAYLOAD","secret_name":"a","disabled":true"#, "x"),
];

const RIGHTS: &str = r#"[
    {"name":"system","run_as_system":true},
    {"name":"application"},
    {"name":"fixed","run_as_user_id":"5a3d"},
    {"name":"script","run_as_user_id_script_source":"exports = () => '5a3d'"},
    {"name":"condition","run_as_system":true,"can_evaluate":{"%%user.id":"5a3d"}},
    {"name":"unclear","run_as_system":"yes"}
]"#;

/// What each word is above, in the order of strictness. Two that are on neither's list cannot be
/// ordered, and neither is served.
const ABOVE: &[(&str, &[&str])] = &[
    ("open", &[]),
    ("secret a", &["open"]),
    ("secret b", &["open"]),
    ("signature a", &["open", "secret a"]),
    ("signature b", &["open", "secret b"]),
    ("user", &["open"]),
    ("fixed user", &["open"]),
    ("script", &["open"]),
    ("condition", &["open"]),
    ("private", &["open"]),
    ("signature a and user", &["open", "secret a", "signature a", "user"]),
];

/// What comes of two declarations.
fn expected<'a>(one: &'a str, other: &'a str) -> &'a str {
    let is_above = |word: &str, below: &str| {
        ABOVE.iter().any(|(name, list)| *name == word && list.contains(&below))
    };
    match (one, other) {
        _ if one == other => one,
        ("disabled", _) | (_, "disabled") => "disabled",
        ("refused", _) | (_, "refused") => "refused",
        _ if is_above(one, other) => one,
        _ if is_above(other, one) => other,
        _ => "refused",
    }
}

fn entry(method: &str, fields: &str, function: &str) -> String {
    format!(r#"{{"route":"/a","http_method":"{method}","function_name":"{function}",{fields}}}"#)
}

/// The app with these entries in the first and in the second folder.
fn app_of(root: (&str, &str), first: &[String], second: &[String]) -> Loaded {
    let [first, second] = [first, second].map(|entries| format!("[{}]", entries.join(",")));
    loaded(&[
        root,
        ("functions/config.json", RIGHTS),
        ("functions/system.js", ""),
        ("functions/application.js", ""),
        ("functions/fixed.js", ""),
        ("functions/script.js", ""),
        ("functions/condition.js", ""),
        ("functions/unclear.js", ""),
        ("http_endpoints/config.json", &first),
        ("https_endpoints/config.json", &second),
    ])
}

/// The endpoint that a request of this method goes to.
fn answering(app: &App, method: Method) -> Option<&Endpoint> {
    let of = |method| app.endpoints.iter().find(move |one| one.method == method);
    of(method).or_else(|| of(Method::Any))
}

/// What an endpoint asks, as a word of the table.
fn asked(app: &App, endpoint: &Endpoint) -> String {
    let function = app.functions.get(&endpoint.function_name);
    let of_protection = word(&endpoint.protection)
        .replace("query, named", "secret")
        .replace("payload, named", "signature");
    let run_as = [function.map(|function| &function.run_as), endpoint.run_as.as_ref()];
    let user = run_as.into_iter().flatten().find(|run_as| **run_as != RunAs::System);
    let of_user = user.map(|user| match user {
        RunAs::User(_) => "fixed user",
        RunAs::Script(_) => "script",
        RunAs::Application | RunAs::System => "user",
    });
    let of_condition =
        function.and_then(|function| function.can_evaluate.as_ref()).map(|_| "condition");
    match (of_protection.as_str(), of_user.or(of_condition)) {
        _ if endpoint.disabled => "disabled".to_owned(),
        ("open", Some(other)) => other.to_owned(),
        ("refused", _) | (_, None) => of_protection,
        (protection, Some(other)) => format!("{protection} and {other}"),
    }
}

fn check_endpoints(what: &str, app: &App, one: &str, other: &str) {
    let found = answering(app, Method::Get).map(|endpoint| asked(app, endpoint));
    assert_eq!(found.as_deref(), Some(expected(one, other)), "{what}: {one} and {other}");
}

#[test]
fn of_two_folders_the_stricter_entry_counts() {
    for (one, one_fields, one_function) in ENDPOINTS {
        for (other, other_fields, other_function) in ENDPOINTS {
            let first = [entry("GET", one_fields, one_function)];
            let second = [entry("GET", other_fields, other_function)];
            for root in [META, REALM] {
                let loaded = app_of(root, &first, &second);
                assert_eq!(loaded.app.endpoints.len(), 1);
                check_endpoints("two folders", &loaded.app, one, other);
                // Told where the folder of the version does not decide.
                let of_version = if root == META { other } else { one };
                let is_told =
                    loaded.problems.iter().any(|one| one.code == "endpoint-protection-differs");
                let decides = expected(one, other) == *of_version;
                assert_eq!(is_told, !decides, "{one} and {other}");
            }
        }
    }
}

#[test]
fn of_two_entries_of_one_file_the_stricter_one_counts() {
    for (one, one_fields, one_function) in ENDPOINTS {
        for (other, other_fields, other_function) in ENDPOINTS {
            let pair = [
                entry("GET", one_fields, one_function),
                entry("GET", other_fields, other_function),
            ];
            let loaded = app_of(META, &[], &pair);
            assert_eq!(loaded.app.endpoints.len(), 1);
            check_endpoints("one file", &loaded.app, one, other);
            assert!(loaded.problems.iter().any(|problem| problem.code == "endpoint-duplicate"));
        }
    }
}

/// Checks what answers `GET` and `POST` where one entry is for `GET` and one for any method.
fn check_methods(what: &str, (first, second): (&[String], &[String]), get: &str, post: &str) {
    let app = app_of(META, first, second).app;
    let of = |method| answering(&app, method).map(|one| asked(&app, one));
    assert_eq!(of(Method::Get).as_deref(), Some(get), "{what}");
    assert_eq!(of(Method::Post).as_deref(), Some(post), "{what}");
}

#[test]
fn of_an_entry_for_a_method_and_one_for_any_the_one_for_the_method_answers() {
    for (one, one_fields, one_function) in ENDPOINTS {
        for (other, other_fields, other_function) in ENDPOINTS {
            let specific = entry("GET", one_fields, one_function);
            let any = entry("*", other_fields, other_function);
            for file in [[specific.clone(), any.clone()], [any, specific]] {
                check_methods(&format!("{one} and {other}"), (&file, &[]), one, other);
            }
        }
    }
}

#[test]
fn in_two_folders_the_stricter_of_an_entry_for_a_method_and_one_for_any_answers() {
    for (one, one_fields, one_function) in ENDPOINTS {
        for (other, other_fields, other_function) in ENDPOINTS {
            let specific = [entry("GET", one_fields, one_function)];
            let any = [entry("*", other_fields, other_function)];
            for folders in [(&specific[..], &any[..]), (&any[..], &specific[..])] {
                let what = format!("{one} and {other}");
                check_methods(&what, folders, expected(one, other), other);
            }
        }
    }
}

#[test]
fn of_many_entries_the_one_above_all_others_counts() {
    let of = |words: &[&str]| -> Vec<String> {
        let find = |word: &&str| ENDPOINTS.iter().find(|(name, ..)| name == word).unwrap();
        words.iter().map(find).map(|(_, fields, name)| entry("GET", fields, name)).collect()
    };
    for (first, second, counting) in [
        (&["open", "secret a"][..], &["signature a", "open"][..], "signature a"),
        (&["secret a", "secret b"], &["open"], "refused"),
        (&["signature a", "user"], &["signature a and user"], "signature a and user"),
        (&["signature a", "user"], &["open"], "refused"),
        (&["open"], &["secret b", "secret a", "disabled"], "disabled"),
    ] {
        for (first, second) in [(first, second), (second, first)] {
            let app = app_of(META, &of(first), &of(second)).app;
            assert_eq!(asked(&app, &app.endpoints[0]), counting, "{first:?} {second:?}");
        }
    }
}

#[test]
fn a_route_is_one_with_its_leading_slash_and_without() {
    let open = entry("GET", ENDPOINTS[0].1, "system").replace("/a", "a");
    let closed = entry("GET", ENDPOINTS[4].1, "system");
    for pair in [[open.clone(), closed.clone()], [closed, open]] {
        let app = app_of(META, &[], &pair).app;
        assert_eq!(app.endpoints.len(), 1);
        assert_eq!(asked(&app, &app.endpoints[0]), "signature a");
    }
}

#[test]
fn a_file_that_cannot_be_read_protects_whatever_it_may_protect() {
    let open = format!("[{}]", entry("GET", ENDPOINTS[0].1, "system"));
    let closed = format!("[{}]", entry("GET", ENDPOINTS[4].1, "system"));
    let lost = closed.replace("\"route\"", "\"rout\"");
    let half = &closed[..closed.len() - 3];
    let both = format!("[{},{}]", &open[1..open.len() - 1], &lost[1..lost.len() - 1]);
    for (root, first, second) in
        [(META, "https_endpoints", "http_endpoints"), (REALM, "http_endpoints", "https_endpoints")]
    {
        for broken in [half, "", "{}", "[1]", &lost] {
            for (counting, other) in [(&*open, broken), (broken, &*open), (&both, &closed)] {
                let app = loaded(&[
                    root,
                    ("functions/config.json", RIGHTS),
                    ("functions/system.js", ""),
                    (&format!("{first}/config.json"), counting),
                    (&format!("{second}/config.json"), other),
                ])
                .app;
                let open = app.endpoints.iter().any(|one| word(&one.protection) == "open");
                assert!(!open, "{first}: {counting} {second}: {other}");
            }
        }
    }
}

/// What a webhook can ask of callers.
const WEBHOOKS: &[(&str, &str)] = &[
    ("open", r#"{"name":"w"}"#),
    ("open", r#"{"name":"w","options":{"validationMethod":"NO_VALIDATION"}}"#),
    (
        "secret a",
        r#"{"name":"w","options":{"validationMethod":"SECRET_AS_QUERY_PARAM","secret":"a"}}"#,
    ),
    ("secret b", r#"{"name":"w","options":{"secretAsQueryParam":true,"secret":"b"}}"#),
    ("signature a", r#"{"name":"w","options":{"validationMethod":"VERIFY_PAYLOAD","secret":"a"}}"#),
    ("signature b", r#"{"name":"w","options":{"validationMethod":"VERIFY_PAYLOAD","secret":"b"}}"#),
    ("user", r#"{"name":"w","run_as_authed_user":true}"#),
    ("condition", r#"{"name":"w","can_evaluate":{"%%user.id":"u"}}"#),
    ("refused", r#"{"name":"w","options":{"validationMethod":"VERIFY"}}"#),
    ("refused", r#"{"name":"w","opts":{}}"#),
    ("refused", "{"),
    ("refused", "[]"),
];

#[test]
fn of_a_webhook_in_two_folders_the_stricter_one_counts() {
    for (one, first) in WEBHOOKS {
        for (other, second) in WEBHOOKS {
            for folders in [["http_endpoints", "services"], ["https_endpoints", "http_endpoints"]] {
                let [a, b] = folders.map(|folder| format!("{folder}/svc/config.json"));
                let [c, d] = folders.map(|folder| format!("{folder}/svc/incoming_webhooks/w"));
                let service = r#"{"name":"svc","type":"http"}"#;
                let app = loaded(&[
                    META,
                    (&a, service),
                    (&b, service),
                    (&format!("{c}/config.json"), first),
                    (&format!("{d}/config.json"), second),
                    (&format!("{c}/source.js"), ""),
                    (&format!("{d}/source.js"), ""),
                ])
                .app;
                let webhook = &app.services["svc"].webhooks["w"];
                let asked = match (&webhook.run_as, &webhook.can_evaluate) {
                    _ if matches!(webhook.protection, Protection::Refused(_)) => "refused".into(),
                    (RunAs::Application, _) => "user".to_owned(),
                    (_, Some(_)) => "condition".to_owned(),
                    _ => word(&webhook.protection)
                        .replace("query, literal", "secret")
                        .replace("payload, literal", "signature"),
                };
                assert_eq!(asked, expected(one, other), "{folders:?}: {one} and {other}");
            }
        }
    }
}

#[test]
fn a_service_that_cannot_be_read_closes_the_open_webhooks_of_its_twin() {
    let service = r#"{"name":"svc","type":"http"}"#;
    for broken in ["{", "{}", r#"{"type":"github","type":"http"}"#, r#"{"type":7}"#] {
        for (good, bad) in [("http_endpoints", "services"), ("services", "http_endpoints")] {
            let app = loaded(&[
                META,
                (&format!("{good}/svc/config.json"), service),
                (&format!("{good}/svc/incoming_webhooks/w/config.json"), r#"{"name":"w"}"#),
                (&format!("{good}/svc/incoming_webhooks/w/source.js"), ""),
                (&format!("{bad}/svc/config.json"), broken),
                (&format!("{bad}/svc/incoming_webhooks/w/config.json"), r#"{"name":"w"}"#),
            ])
            .app;
            let webhooks = app.services.values().flat_map(|service| service.webhooks.values());
            let words: Vec<_> = webhooks.map(|one| word(&one.protection)).collect();
            assert!(!words.contains(&"open".to_owned()), "{good} {broken}: {words:?}");
        }
    }
}

/// What a function can ask of callers, as the fields of its entry.
const FUNCTIONS: &[(&str, &str)] = &[
    ("open", r#","run_as_system":true"#),
    ("user", r#","private":false"#),
    ("fixed user", r#","run_as_user_id":"5a3d""#),
    ("condition", r#","run_as_system":true,"can_evaluate":{"%%user.id":"u"}"#),
    ("private", r#","run_as_system":true,"private":true"#),
    ("refused", r#","run_as_system":1"#),
    ("refused", r#","privat":true"#),
];

#[test]
fn of_a_function_in_two_places_the_stricter_rights_count() {
    for (one, first) in FUNCTIONS {
        for (other, second) in FUNCTIONS {
            let manifest = format!(r#"[{{"name":"f"{first}}}]"#);
            let config = format!(r#"{{"name":"f"{second}}}"#);
            let app = loaded(&[
                META,
                ("functions/config.json", &manifest),
                ("functions/f.js", ""),
                ("functions/g/config.json", &config),
                ("functions/g/source.js", ""),
            ])
            .app;
            let rights = |function: &Function| match (&function.run_as, &function.can_evaluate) {
                _ if function.private => "private",
                (_, Some(_)) => "condition",
                (RunAs::System, _) => "open",
                (RunAs::User(_), _) => "fixed user",
                _ => "user",
            };
            let found = app.functions.get("f").map_or("refused", rights);
            assert_eq!(found, expected(one, other), "{one} and {other}");
        }
    }
}
