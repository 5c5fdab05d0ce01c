//! Authentication providers.

use hookstead_app::{App, Confirmation, Loaded, PasswordReset, ProviderSetup, Severity, TokenKeys};
use serde_json::{Value as Json, json};

use crate::{Files, HELLO, META, REALM, STITCH, loaded, sound, told};

const KEYS: &str = r#"{"name":"api-key","type":"api-key","disabled":true}"#;

/// The names of the providers, with what became of each.
fn providers(app: &App) -> Vec<String> {
    let word = |setup: &ProviderSetup| match setup {
        ProviderSetup::Disabled => "off",
        _ => "on",
    };
    app.auth_providers.iter().map(|(name, one)| format!("{name} {}", word(&one.setup))).collect()
}

fn with_providers(providers: &Json) -> Loaded {
    loaded(&[META, HELLO, ("auth/providers.json", &providers.to_string())])
}

/// The setup of a provider of this type with these fields, and what is told of it.
pub(crate) fn provider(
    provider_type: &str,
    mut fields: Json,
) -> (Option<ProviderSetup>, Vec<String>) {
    fields["type"] = json!(provider_type);
    let mut loaded = with_providers(&json!({ provider_type: fields }));
    let provider = loaded.app.auth_providers.remove(provider_type);
    let told = told(&loaded)
        .into_iter()
        .map(|one| one.replace("auth/providers.json:1 ", "").replace("auth/providers.json ", ""));
    (provider.map(|provider| provider.setup), told.collect())
}

#[test]
fn providers_are_read_in_every_layout() {
    let newer = format!(r#"{{"api-key":{KEYS}}}"#);
    for root in [META, REALM] {
        let app = sound(&[root, ("auth/providers.json", &newer)]);
        assert_eq!(providers(&app), ["api-key off"]);
        assert_eq!(app.auth_providers["api-key"].declared_in.field, "api-key");
    }
    let app = sound(&[STITCH, ("auth_providers/keys.json", KEYS)]);
    assert_eq!(providers(&app), ["api-key off"]);
    assert_eq!(app.auth_providers["api-key"].declared_in.file, "auth_providers/keys.json");
    let with_id = KEYS.replace('{', r#"{"id":"5a","_id":"5a","#).replace("true", "false");
    let app = sound(&[STITCH, ("auth_providers/api-key.json", &with_id)]);
    assert_eq!(providers(&app), ["api-key on"]);
}

#[test]
fn only_the_place_of_the_version_counts() {
    let newer = format!(r#"{{"api-key":{KEYS}}}"#);
    let anon = r#"{"name":"anon-user","type":"anon-user","disabled":false}"#;
    let both = |root| {
        let files =
            [root, ("auth/providers.json", &*newer), ("auth_providers/anon-user.json", anon)];
        providers(&sound(&files))
    };
    assert_eq!(both(META), ["api-key off"]);
    assert_eq!(both(STITCH), ["anon-user on"]);
}

#[test]
fn a_provider_that_cannot_be_understood_is_left_out() {
    for entry in [
        "5",
        r#"{"disabled":"true"}"#,
        r#"{"disabled":null}"#,
        r#"{"disabled":true,"disabled":false}"#,
        r#"{"disabled":true,"disabled":true}"#,
        r#"{"Disabled":true}"#,
        r#"{"disable":true}"#,
        r#"{"type":5}"#,
        r#"{"type":"api-key"}"#,
        r#"{"name":"api-key","type":"anon-user"}"#,
        r#"{"type":"anon-usr"}"#,
        r#"{"config":{"autoConfirm":true}}"#,
        r#"{"config":5}"#,
        r#"{"domain_restrictions":["a.example"]}"#,
        r#"{"domain_restrictions":"a.example"}"#,
    ] {
        let file = format!(r#"{{"anon-user":{entry},"local-userpass":{{"disabled":true}}}}"#);
        let loaded = loaded(&[META, ("auth/providers.json", &file)]);
        assert_eq!(providers(&loaded.app), ["local-userpass off"], "{entry}");
        assert_eq!(loaded.problems.len(), 1, "{entry}: {:?}", told(&loaded));
        let problem = &loaded.problems[0];
        assert_eq!(problem.severity, Severity::Error, "{entry}");
        assert!(!problem.remedy.is_empty() && problem.file == "auth/providers.json", "{entry}");
    }
}

#[test]
fn what_else_is_declared_of_a_disabled_provider_is_not_read() {
    let wrong = json!({ "disabled": true, "config": { "autoConfirm": 5 }, "colour": "red" });
    for provider_type in ["local-userpass", "custom-token", "oauth2-google", "oauth2-github"] {
        let (setup, told) = provider(provider_type, wrong.clone());
        assert!(matches!(setup, Some(ProviderSetup::Disabled)), "{provider_type}");
        assert_eq!(told, Vec::<String>::new(), "{provider_type}");
    }
}

#[test]
fn of_two_providers_of_one_type_neither_is_there() {
    let files: Files<'_> = &[
        STITCH,
        ("auth_providers/a.json", r#"{"type":"anon-user","name":"anon-user"}"#),
        ("auth_providers/b.json", r#"{"type":"anon-user","name":"anon-user","disabled":true}"#),
        ("auth_providers/c.json", r#"{"type":"anon-user","name":"anon-user"}"#),
    ];
    let loaded = loaded(files);
    assert_eq!(providers(&loaded.app), Vec::<String>::new());
    let duplicate = |file| format!("error provider-duplicate auth_providers/{file}.json:1");
    assert_eq!(told(&loaded), [duplicate("b"), duplicate("c")]);
}

#[test]
fn email_and_password_have_one_way_to_confirm_and_one_to_reset() {
    let cases: &[(Json, &str, &str)] = &[
        (json!({ "autoConfirm": true }), "auto", "email -"),
        (json!({ "autoConfirm": true, "emailConfirmationUrl": "https://a" }), "auto", "email -"),
        (json!({}), "email -", "email -"),
        (
            json!({ "emailConfirmationUrl": "https://a", "confirmEmailSubject": "Hi" }),
            "email https://a Hi",
            "email -",
        ),
        (
            json!({ "runConfirmationFunction": true, "confirmationFunctionName": "hello" }),
            "function hello",
            "email -",
        ),
        (
            json!({ "autoConfirm": true, "runConfirmationFunction": false,
                "confirmationFunctionName": "gone" }),
            "auto",
            "email -",
        ),
        (
            json!({ "autoConfirm": true, "runResetFunction": true, "resetFunctionName": "hello" }),
            "auto",
            "function hello",
        ),
        (
            json!({ "autoConfirm": true, "resetFunctionName": "gone",
                "resetPasswordUrl": "https://r", "resetPasswordSubject": "" }),
            "auto",
            "email https://r",
        ),
    ];
    for (config, confirmation, reset) in cases {
        let (setup, told) = provider("local-userpass", json!({ "config": config }));
        let Some(ProviderSetup::EmailPassword(setup)) = setup else { panic!("{config}: {told:?}") };
        let link = |link: &hookstead_app::EmailLink| {
            let words = ["email", link.url.as_deref().unwrap_or("-")].into_iter();
            words.chain(link.subject.as_deref()).collect::<Vec<_>>().join(" ")
        };
        let found = match &setup.confirmation {
            Confirmation::Automatic => "auto".to_owned(),
            Confirmation::Function(name) => format!("function {name}"),
            Confirmation::Email(email) => link(email),
        };
        assert_eq!(found, *confirmation, "{config}");
        let found = match &setup.reset {
            PasswordReset::Function(name) => format!("function {name}"),
            PasswordReset::Email(email) => link(email),
        };
        assert_eq!(found, *reset, "{config}");
        assert!(told.iter().all(|one| one.starts_with("warning")), "{config}: {told:?}");
    }
}

#[test]
fn what_is_unclear_of_a_provider_refuses_it() {
    let refused: &[(&str, Json, &str)] = &[
        (
            "local-userpass",
            json!({ "config": { "autoConfirm": true, "runConfirmationFunction": true,
                "resetPasswordUrl": "https://a" } }),
            "provider-setting local-userpass.config.runConfirmationFunction",
        ),
        (
            "local-userpass",
            json!({ "config": { "autoConfirm": "false", "emailConfirmationUrl": "https://a",
                "resetPasswordUrl": "https://a" } }),
            "field-type local-userpass.config.autoConfirm",
        ),
        (
            "local-userpass",
            json!({ "config": { "runConfirmationFuncton": true, "autoConfirm": true,
                "resetPasswordUrl": "https://a" } }),
            "field-unknown local-userpass.config.runConfirmationFuncton",
        ),
        (
            "custom-function",
            json!({ "config": {} }),
            "auth-function-missing custom-function.config.authFunctionName",
        ),
        (
            "custom-function",
            json!({ "config": { "authFunctionName": "Hello" } }),
            "auth-function-missing custom-function.config.authFunctionName",
        ),
    ];
    for (provider_type, fields, expected) in refused {
        let (setup, told) = provider(provider_type, fields.clone());
        assert!(setup.is_none(), "{fields}");
        assert_eq!(told, [format!("error {expected}")], "{fields}");
    }
}

#[test]
fn functions_that_log_in_calls_and_that_are_not_there_are_told() {
    let setting = |flag: &str, key: &str, name: &str| {
        let automatic = flag != "runConfirmationFunction";
        let reset = "https://a";
        json!({ "config": { "autoConfirm": automatic, "resetPasswordUrl": reset, flag: true,
            key: name } })
    };
    for name in ["", "gone", "Hello"] {
        for (flag, key) in [
            ("runConfirmationFunction", "confirmationFunctionName"),
            ("runResetFunction", "resetFunctionName"),
        ] {
            let (setup, told) = provider("local-userpass", setting(flag, key, name));
            assert!(setup.is_some(), "who is confirmed already can log in");
            assert_eq!(told, [format!("error auth-function-missing local-userpass.config.{key}")]);
        }
    }
    let refused = loaded(&[
        META,
        HELLO,
        ("functions/config.json", r#"[{"name":"hello","private":"yes"}]"#),
        ("auth/providers.json", r#"{"custom-function":{"config":{"authFunctionName":"hello"}}}"#),
    ]);
    assert_eq!(providers(&refused.app), Vec::<String>::new());
    let private = loaded(&[
        META,
        HELLO,
        ("functions/config.json", r#"[{"name":"hello","private":true}]"#),
        ("auth/providers.json", r#"{"custom-function":{"config":{"authFunctionName":"hello"}}}"#),
    ]);
    assert_eq!(providers(&private.app), ["custom-function on"]);
    assert_eq!(private.app.auth_providers["custom-function"].setup.functions(), ["hello"]);
}

/// A custom token of these fields of `config`, with one key.
fn token(config: &Json) -> (Option<hookstead_app::CustomTokenSetup>, Vec<String>) {
    let fields = json!({ "config": config, "secret_config": { "signingKeys": ["jwt-secret"] } });
    let (setup, told) = provider("custom-token", fields);
    let setup = setup.map(|setup| match setup {
        ProviderSetup::CustomToken(setup) => setup,
        other => panic!("{other:?}"),
    });
    (setup, told)
}

#[test]
fn the_audience_of_custom_tokens_is_a_list_or_a_text() {
    for (audience, expected) in [
        (json!(["a", "b"]), &["a", "b"][..]),
        (json!([]), &[]),
        (json!(""), &[]),
        (json!([""]), &[]),
        (json!("a"), &["a"]),
        (json!("a, b"), &["a", "b"]),
    ] {
        let config = json!({ "signingAlgorithm": "HS256", "audience": audience });
        let (setup, told) = token(&config);
        assert_eq!(setup.unwrap().audience, expected, "{audience}");
        assert_eq!(told, Vec::<String>::new());
    }
    for audience in [json!([5]), json!(5), json!(null), json!({})] {
        let (setup, told) = token(&json!({ "signingAlgorithm": "HS256", "audience": audience }));
        assert!(setup.is_none());
        assert_eq!(told, ["error field-type custom-token.config.audience"]);
    }
}

#[test]
fn the_keys_of_custom_tokens_fix_their_algorithm() {
    let names = || vec!["jwt-secret".to_owned()];
    let set = "https://keys.example/jwks";
    for (config, expected) in [
        (json!({ "signingAlgorithm": "HS256" }), TokenKeys::Hs256(names())),
        (json!({ "signingAlgorithm": "RS256", "jwkURI": set }), TokenKeys::Rs256(names())),
        (json!({ "useJWKURI": true, "jwkURI": set }), TokenKeys::Jwks(set.to_owned())),
        (
            json!({ "signingAlgorithm": "", "useJWKURI": true, "jwkURI": set }),
            TokenKeys::Jwks(set.to_owned()),
        ),
        (
            json!({ "signingAlgorithm": "HS256", "useJWKURI": true, "jwkURI": set }),
            TokenKeys::Jwks(set.to_owned()),
        ),
    ] {
        let (setup, told) = token(&config);
        assert_eq!(setup.unwrap().keys, expected, "{config}");
        assert_eq!(told, Vec::<String>::new(), "{config}");
    }
    for (config, field) in [
        (json!({}), "signingAlgorithm"),
        (json!({ "signingAlgorithm": "" }), "signingAlgorithm"),
        (json!({ "signingAlgorithm": "none" }), "signingAlgorithm"),
        (json!({ "signingAlgorithm": "hs256" }), "signingAlgorithm"),
        (json!({ "signingAlgorithm": "ES256", "useJWKURI": true }), "signingAlgorithm"),
        (json!({ "useJWKURI": true }), "jwkURI"),
        (json!({ "useJWKURI": true, "jwkURI": "file:///etc/passwd" }), "jwkURI"),
    ] {
        let (setup, told) = token(&config);
        assert!(setup.is_none(), "{config}");
        assert_eq!(told, [format!("error provider-setting custom-token.config.{field}")]);
    }
    let (setup, told) = token(&json!({ "useJWKURI": true, "jwkURI": "http://127.0.0.1/jwks" }));
    assert!(setup.is_some());
    assert_eq!(told, ["warning provider-setting custom-token.config.jwkURI"]);
}

#[test]
fn custom_tokens_have_one_to_three_signing_keys() {
    for (keys, count) in [
        (json!(["a"]), Some(1)),
        (json!("a"), Some(1)),
        (json!(["a", "b", "c"]), Some(3)),
        (json!([]), None),
        (json!([""]), None),
        (json!(["a", "b", "c", "d"]), None),
    ] {
        let fields = json!({ "config": { "signingAlgorithm": "RS256" },
            "secret_config": { "signingKeys": keys } });
        let (setup, told) = provider("custom-token", fields);
        assert_eq!(setup.map(|setup| setup.secrets().len()), count, "{keys}");
        assert_eq!(told.len(), usize::from(count.is_none()), "{keys}: {told:?}");
    }
}

#[test]
fn metadata_fields_are_paths_with_names() {
    let fields = |fields: Json| {
        let all = json!({ "config": { "signingAlgorithm": "HS256" },
            "secret_config": { "signingKeys": ["s"] }, "metadata_fields": fields });
        provider("custom-token", all)
    };
    for (name, field_name, path, expected) in [
        ("name", json!(null), &["name"][..], "name"),
        ("a.b.c", json!(null), &["a", "b", "c"], "c"),
        ("a.b", json!("mine"), &["a", "b"], "mine"),
        ("a.b", json!(""), &["a", "b"], "b"),
        (
            r"http://example\.com/id",
            json!(null),
            &["http://example.com/id"],
            "http://example.com/id",
        ),
        (r"a\.b.c\.d", json!(null), &["a.b", "c.d"], "c.d"),
        (r"a\b.c", json!(null), &[r"a\b", "c"], "c"),
    ] {
        let mut entry = json!({ "required": true, "name": name });
        if !field_name.is_null() {
            entry["field_name"] = field_name;
        }
        let (setup, told) = fields(json!([entry]));
        let Some(ProviderSetup::CustomToken(setup)) = setup else { panic!("{name}: {told:?}") };
        let field = &setup.metadata_fields[0];
        assert_eq!(
            (&field.path[..], &*field.field_name),
            (&path.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>()[..], expected)
        );
        assert!(field.required);
    }
    for wrong in [
        json!([{ "name": "" }]),
        json!([{ "name": "a..b" }]),
        json!([{ "name": ".a" }]),
        json!([{ "name": "a." }]),
        json!([{ "required": true }]),
        json!([{ "name": "a", "required": "true" }]),
        json!([{ "name": "a", "requird": true }]),
        json!([{ "name": "a", "field_name": "x".repeat(64) }]),
        json!(["a"]),
        json!({ "name": "a" }),
    ] {
        let (setup, told) = fields(wrong.clone());
        assert!(setup.is_none(), "{wrong}");
        assert_eq!(told.len(), 1, "{wrong}: {told:?}");
    }
}

#[test]
fn an_odd_field_of_old_exports_is_a_warning() {
    let config = json!({ "autoConfirm": true, "resetPasswordUrl": "https://a", "mailConfig": {} });
    let (setup, told) = provider("local-userpass", json!({ "config": config }));
    assert!(setup.is_some());
    assert_eq!(told, ["warning field-unknown local-userpass.config.mailConfig"]);
}
