//! Secrets and signatures: what is let in, and how the rest is refused.

use serde_json::{Value as Json, json};

use crate::harness::{Answer, App, Running, endpoint, webhook};

/// The examples of the documentation (docs/behaviour/protection.md#signature).
const VECTORS: [(&str, &str, &str); 2] = [
    (
        "12345",
        r#"{"message":"MESSAGE"}"#,
        "828ee180512eaf8a6229eda7eea72323f68e9c0f0093b11a578b0544c5777862",
    ),
    (
        "Super5ecr3tPa55w0rd",
        r#"{ "message": "Hello!" }"#,
        "d4f0537db4e230d7a6028a6f7c3bb1b57c9d16f39176d78697e559ac333e0b36",
    ),
];

const ECHO: &str = "exports = ({ body }) => body ? body.text() : 'none'";

fn signed(secret: &str) -> Json {
    json!({ "validation_method": "VERIFY_PAYLOAD", "secret_name": secret })
}

fn by_query(secret: &str) -> Json {
    json!({ "validation_method": "SECRET_AS_QUERY_PARAM", "secret_name": secret })
}

fn protected(settings: Json) -> App {
    App::new().endpoint_with("POST", "/x", ECHO, settings, json!({}))
}

async fn post(server: &Running, headers: &[(&str, &str)], body: &str) -> Answer {
    server.post("/x", headers, body).await
}

#[tokio::test]
async fn documented_signatures_are_let_in() {
    for (secret, body, digest) in VECTORS {
        let server = protected(signed("s")).secret("s", secret).start().await;
        for value in [format!("sha256={digest}"), format!("sha256={}", digest.to_uppercase())] {
            for name in ["Endpoint-Signature", "X-Hook-Signature"] {
                let answer = post(&server, &[(name, &value)], body).await;
                assert_eq!((answer.status, answer.json()), (200, json!(body)), "{name}: {value}");
            }
        }
    }
}

#[tokio::test]
async fn forged_signatures_are_refused_alike() {
    let (secret, body, digest) = VECTORS[0];
    let server = protected(signed("s")).secret("s", secret).start().await;
    let right = format!("sha256={digest}");
    let others = [
        format!("sha256={}", VECTORS[1].2),
        digest.to_owned(),
        format!("sha1={digest}"),
        format!("sha256={}", &digest[..62]),
        format!("sha256={digest}00"),
        "sha256=".to_owned(),
        "sha256=zz".to_owned(),
        "secret".to_owned(),
    ];
    let mut texts = Vec::new();
    for value in &others {
        let answer = post(&server, &[("Endpoint-Signature", value)], body).await;
        assert_eq!(answer.error(), (401, "AuthError".to_owned()), "{value}");
        texts.push(answer.message());
    }
    let twice = [("Endpoint-Signature", right.as_str()), ("Endpoint-Signature", right.as_str())];
    assert_eq!(post(&server, &twice, body).await.status, 401);
    let both = [("Endpoint-Signature", right.as_str()), ("X-Hook-Signature", "sha256=00")];
    assert_eq!(post(&server, &both, body).await.status, 401);
    assert_eq!(post(&server, &[("Endpoint-Signature", &right)], "{}").await.status, 401);
    texts.dedup();
    assert_eq!(texts.len(), 1, "one answer for every forgery: {texts:?}");
    let log = server.stop().await;
    assert!(log.contains("AuthError — the signature or the secret does not match"), "{log}");
    assert!(!log.contains(secret) && !log.contains(digest), "{log}");
}

#[tokio::test]
async fn a_missing_signature_names_the_header() {
    let options = json!({ "options": {
        "httpMethod": "POST", "validationMethod": "VERIFY_PAYLOAD", "secret": "12345",
    } });
    let server = protected(signed("s"))
        .secret("s", "12345")
        .webhook(("http", "http"), "w", ECHO, options)
        .start()
        .await;
    let answer = post(&server, &[], VECTORS[0].1).await;
    assert_eq!(answer.error(), (400, "InvalidParameter".to_owned()));
    assert_eq!(answer.message(), "expected to find Endpoint-Signature in header");

    let path = webhook("http", "w");
    let answer = server.call("POST", &path, &[], VECTORS[0].1).await;
    assert_eq!(answer.error(), (400, "InvalidParameter".to_owned()));
    assert_eq!(answer.message(), "expected to find X-Hook-Signature in header");
    let headers = [("X-Hook-Signature", "sha256=00")];
    let answer = server.call("POST", &path, &headers, VECTORS[0].1).await;
    assert_eq!(answer.error(), (401, "IncomingWebhookAuthFailed".to_owned()));
    let value = format!("sha256={}", VECTORS[0].2);
    let answer = server.call("POST", &path, &[("X-Hook-Signature", &value)], VECTORS[0].1).await;
    assert_eq!(answer.status, 200);
}

/// Headers and a query that a request carries instead of the signature or the secret, and what the
/// journal names of them.
#[tokio::test]
async fn the_journal_names_what_a_request_carries_for_another_scheme() {
    type Headers = &'static [(&'static str, &'static str)];
    let cases: [(Json, Headers, &str, &str); 6] = [
        (
            signed("s"),
            &[("X-Hub-Signature-256", "sha256=00")],
            "/x",
            "X-Hub-Signature-256 (as github signs: the method GITHUB), which this protection",
        ),
        (signed("s"), &[("stripe-signature", "t=1,v1=00")], "/x", "Stripe-Signature (as stripe"),
        (
            signed("s"),
            &[("webhook-signature", "v1,00")],
            "/x",
            "(as standard-webhooks signs: the method STANDARD_WEBHOOKS)",
        ),
        (signed("s"), &[], "/x?secret=12345", "the query parameter secret, which"),
        (
            by_query("s"),
            &[("Endpoint-Signature", "sha256=00")],
            "/x",
            "Endpoint-Signature (as app-services-endpoint signs: the method VERIFY_PAYLOAD)",
        ),
        (signed("s"), &[("x-unknown-signature", "sha256=00")], "/x", ""),
    ];
    for (settings, headers, path, named) in cases {
        let server = protected(settings).secret("s", "12345").start().await;
        let answer = server.post(path, headers, "{}").await;
        assert!([400, 401].contains(&answer.status), "{answer:?}");
        // The caller learns nothing of it.
        assert!(!answer.text.contains("carries"), "{answer:?}");
        let log = server.stop().await;
        assert_eq!(log.contains("the request carries"), !named.is_empty(), "{headers:?}: {log}");
        assert!(log.contains(named), "{headers:?}: {log}");
        assert!(!log.contains("sha256=00") && !log.contains("12345"), "{log}");
    }
}

#[tokio::test]
async fn a_signature_of_no_body_is_a_signature() {
    let server = protected(signed("s")).secret("s", "12345").start().await;
    // HMAC-SHA256 of the empty string under 12345.
    let parts = hookstead_signature::RequestParts {
        method: "POST",
        url: "",
        headers: &[],
        query: &[],
        body: b"",
        certificate: None,
    };
    let scheme = &hookstead_signature::presets::APP_SERVICES_ENDPOINT;
    let key = scheme.key("12345").unwrap();
    let signed = hookstead_signature::sign(scheme, &key, &parts, 0).unwrap();
    let (name, value) = &signed.headers[0];
    let answer = post(&server, &[(*name, value.as_str())], "").await;
    assert_eq!((answer.status, answer.json()), (200, json!("none")));
}

#[tokio::test]
async fn the_secret_comes_in_the_query_and_nowhere_else() {
    let source = "exports = ({ query }) => \
        [query.secret === undefined, query.a, context.request.rawQueryString]";
    let server = App::new()
        .endpoint_with("POST", "/x", source, by_query("s"), json!({}))
        .secret("s", "p&ss word")
        .start()
        .await;
    for query in
        ["?secret=p%26ss+word&a=1", "?%73ecret=p%26ss%20word&a=1", "?a=1&secret=p%26ss+word"]
    {
        let answer = server.post(&format!("/x{query}"), &[], "{}").await;
        assert_eq!((answer.status, answer.json()), (200, json!([true, "1", "a=1"])), "{query}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for query in ["", "?secret=", "?secret=wrong", "?Secret=p%26ss+word", "?secret=p%26ss+wor"] {
        let answer = server.post(&format!("/x{query}"), &form, "secret=p%26ss+word").await;
        assert_eq!(answer.error(), (401, "AuthError".to_owned()), "{query}");
    }
    let log = server.stop().await;
    assert!(!log.contains("p%26ss") && !log.contains("p&ss"), "{log}");
}

#[tokio::test]
async fn a_webhook_spells_its_secret_out() {
    let options = json!({ "options": {
        "httpMethod": "GET", "validationMethod": "SECRET_AS_QUERY_PARAM", "secret": "hello",
    } });
    let server = App::new().webhook(("http", "http"), "w", ECHO, options).start().await;
    let path = webhook("http", "w");
    let answer = server.call("GET", &format!("{path}?secret=hello"), &[], "").await;
    assert_eq!(answer.status, 200);
    for query in ["", "?secret=Hello"] {
        let answer = server.call("GET", &format!("{path}{query}"), &[], "").await;
        assert_eq!(answer.error(), (401, "IncomingWebhookAuthFailed".to_owned()));
    }
}

#[tokio::test]
async fn what_cannot_be_checked_is_closed() {
    let settings = [
        signed("unset"),
        by_query("unset"),
        signed("empty"),
        by_query("empty"),
        signed(""),
        json!({ "validation_method": "VERIFY_PAYLOAD" }),
        json!({ "validation_method": "SOMETHING_ELSE", "secret_name": "s" }),
        json!({ "validation_method": 1 }),
    ];
    for settings in settings {
        let app = protected(settings.clone()).secret("empty", "").secret("s", "12345");
        let (site, problems) = app.site();
        assert!(site.endpoints()[0].refused.is_some(), "{settings}");
        assert!(!site.problems().is_empty() || !problems.is_empty(), "{settings}");
        let server = app.start().await;
        let value = format!("sha256={}", VECTORS[0].2);
        for (query, header) in [("", value.as_str()), ("?secret=", ""), ("?secret=12345", "")] {
            let path = endpoint(&format!("/x{query}"));
            let headers = [("Endpoint-Signature", header)];
            let answer = server.call("POST", &path, &headers, VECTORS[0].1).await;
            let expected = (500, "InternalServerError".to_owned());
            assert_eq!(answer.error(), expected, "{settings} {query}");
            assert_eq!(answer.message(), "internal server error");
        }
    }
}

#[tokio::test]
async fn of_two_declarations_that_differ_the_protected_one_answers() {
    let server = App::new()
        .endpoint("POST", "/x", "exports = () => 'open'")
        .endpoint_with("POST", "/x", "exports = () => 'guarded'", by_query("s"), json!({}))
        .secret("s", "12345")
        .start()
        .await;
    for (query, status) in [("", 401), ("?secret=1234", 401), ("?secret=12345", 200)] {
        let answer = server.post(&format!("/x{query}"), &[], "").await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(!answer.text.contains("open"), "{answer:?}");
    }
}

#[tokio::test]
async fn two_declarations_that_cannot_be_ordered_close_the_route() {
    let server = App::new()
        .endpoint_with("POST", "/x", "exports = () => 'one'", by_query("s"), json!({}))
        .endpoint_with("POST", "/x", "exports = () => 'other'", by_query("t"), json!({}))
        .secret("s", "12345")
        .secret("t", "67890")
        .start()
        .await;
    for query in ["", "?secret=12345", "?secret=67890"] {
        let answer = server.post(&format!("/x{query}"), &[], "").await;
        assert_eq!(answer.status, 500, "{answer:?}");
    }
}

#[tokio::test]
async fn github_signs_as_github_does() {
    let source = "exports = (payload) => payload.action";
    let options = json!({ "options": { "secret": "12345" } });
    let server = App::new().webhook(("hub", "github"), "w", source, options).start().await;
    let path = webhook("hub", "w");
    let body = r#"{"action":"opened"}"#;
    let parts = |body: &'static str| hookstead_signature::RequestParts {
        method: "POST",
        url: "",
        headers: &[],
        query: &[],
        body: body.as_bytes(),
        certificate: None,
    };
    let scheme = &hookstead_signature::presets::GITHUB;
    let key = scheme.key("12345").unwrap();
    let sign = |body| {
        let signed = hookstead_signature::sign(scheme, &key, &parts(body), 0).unwrap();
        signed.headers[0].1.clone()
    };
    let headers = [("X-Hub-Signature-256", &*sign(body)), ("Content-Type", "application/json")];
    let answer = server.call("POST", &path, &headers, body).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "\"opened\""));

    let form = "payload=%7B%22action%22%3A%22closed%22%7D";
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let headers = [("X-Hub-Signature-256", &*sign(form)), kind];
    let answer = server.call("POST", &path, &headers, form).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "\"closed\""));

    let answer = server.call("POST", &path, &[], body).await;
    assert_eq!(answer.error(), (400, "InvalidParameter".to_owned()));
    let answer = server.call("POST", &path, &[("X-Hub-Signature-256", "sha256=00")], body).await;
    assert_eq!(answer.error(), (401, "IncomingWebhookAuthFailed".to_owned()));
}
