//! Which secrets an app needs.

use crate::{HELLO, META, STITCH, loaded, sound};

#[test]
fn every_secret_is_listed_with_everywhere_it_is_used() {
    let endpoints = r#"[{"route":"/a","http_method":"GET","function_name":"hello",
            "validation_method":"VERIFY_PAYLOAD","secret_name":"shared"},
        {"route":"/b","http_method":"GET","function_name":"hello",
            "validation_method":"NO_VALIDATION","secret_name":"unused"}]"#;
    let app = sound(&[
        META,
        HELLO,
        ("https_endpoints/config.json", endpoints),
        ("values/v.json", r#"{"name":"v","value":"shared","from_secret":true}"#),
        (
            "services/tw/config.json",
            r#"{"name":"tw","type":"twilio","secret_config":{"auth_token":"__tw_auth_token"}}"#,
        ),
        (
            "auth/providers.json",
            r#"{"custom-token":{"type":"custom-token","config":{"signingAlgorithm":"HS256"},
                "secret_config":{"signingKeys":["jwt","shared"]}},
                "oauth2-google":{"type":"oauth2-google","config":{"clientId":"me"},
                "secret_config":{"clientSecret":"google"}},
                "oauth2-apple":{"type":"oauth2-apple","disabled":true,
                "secret_config":{"clientSecret":"apple"}}}"#,
        ),
    ]);
    let listed: Vec<_> = app
        .secret_names()
        .into_iter()
        .map(|need| {
            let places = need.used_in.iter().map(|place| format!("{} {}", place.file, place.field));
            format!("{}: {}", need.name, places.collect::<Vec<_>>().join(", "))
        })
        .collect();
    assert_eq!(
        listed,
        [
            "__tw_auth_token: services/tw/config.json secret_config.auth_token",
            "google: auth/providers.json oauth2-google.secret_config.clientSecret",
            "jwt: auth/providers.json custom-token.secret_config.signingKeys[0]",
            "shared: https_endpoints/config.json [0].secret_name, values/v.json value, \
             auth/providers.json custom-token.secret_config.signingKeys[1]",
        ]
    );
}

#[test]
fn secrets_spelt_out_in_the_export_need_nothing() {
    let hook = r#"{"name":"h","options":{"validationMethod":"VERIFY_PAYLOAD","secret":"s"}}"#;
    let app = loaded(&[
        STITCH,
        ("services/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("services/svc/incoming_webhooks/h/config.json", hook),
    ])
    .app;
    assert!(app.secret_names().is_empty());
}
