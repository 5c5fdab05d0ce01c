//! `hookstead sign`: headers and commands.

use std::fs;

use crate::program::{example, run, run_with_input};

const HASH: &str = "828ee180512eaf8a6229eda7eea72323f68e9c0f0093b11a578b0544c5777862";
const BODY: &str = r#"{"message":"MESSAGE"}"#;

#[test]
fn the_header_is_the_documented_one_wherever_the_body_and_the_secret_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("body"), BODY).unwrap();
    fs::write(path("secret"), "12345\n").unwrap();
    let wanted = format!("X-Hook-Signature: sha256={HASH}\n");
    let outcomes = [
        run(&["sign", "--secret", "12345", "--data", BODY]),
        run(&["sign", "--secret", "12345", &path("body")]),
        run(&["sign", "--secret-file", &path("secret"), &path("body")]),
        run_with_input(&["sign", "--secret", "12345"], BODY),
        run_with_input(&["sign", "--secret", "12345", "-"], BODY),
    ];
    for outcome in outcomes {
        assert_eq!((outcome.status, outcome.stdout.as_str()), (0, wanted.as_str()));
    }
}

#[test]
fn the_kind_of_header_is_given_or_follows_from_the_url() {
    let signed = |more: &[&str]| {
        run(&[&["sign", "--secret", "12345", "--data", BODY], more].concat()).stdout
    };
    let endpoint = format!("Endpoint-Signature: sha256={HASH}");
    assert_eq!(signed(&["--header", "endpoint"]).trim(), endpoint);
    assert!(signed(&["--header", "github"]).starts_with("X-Hub-Signature-256: sha256="));
    let command = signed(&["--curl", "http://127.0.0.1/app/a/endpoint/b"]);
    assert_eq!(
        command.trim(),
        format!(
            "curl -X POST -H 'Content-Type: application/json' -H '{endpoint}' \
             --data-raw '{BODY}' http://127.0.0.1/app/a/endpoint/b"
        )
    );
}

#[test]
fn the_secret_of_a_route_is_found_in_the_app() {
    let app = example("quickstart");
    let base = "http://h/api/client/v2.0/app/quickstart-abcde/service/shop/incoming_webhook";
    let signed = |name: &str| {
        let url = format!("{base}/{name}");
        run(&["sign", "--app", app.to_str().unwrap(), "--data", BODY, "--curl", &url])
    };
    assert!(signed("signed").stdout.contains(HASH));
    assert!(signed("secret").stdout.contains(&format!("'{base}/secret?secret=12345'")));
    assert_eq!(signed("receipt").status, 2);
    assert!(signed("nothing").stderr.contains("the app has no route"));
}

#[test]
fn an_empty_or_absent_secret_is_an_error() {
    assert_eq!(run(&["sign", "--data", BODY]).status, 2);
    assert_ne!(run(&["sign", "--secret", "", "--data", BODY]).status, 0);
    let both = run(&["sign", "--secret", "a", "--secret-name", "b", "--data", BODY]);
    assert_eq!(both.status, 2);
}

#[test]
fn what_cannot_be_signed_is_told_with_what_to_write() {
    let app = example("quickstart");
    let app = app.to_str().unwrap();
    let hello = "/app/quickstart-abcde/endpoint/hello";
    let url = format!("http://127.0.0.1:7080{hello}");
    let get = format!("{hello} takes GET, not POST\n  → add --method GET");
    let cases: [(&[&str], &str); 4] = [
        (&["--curl", &url], &get),
        (&["--curl", "foo"], "\"foo\" is no URL\n  → write it with http:// or https://, such as"),
        (&[], "no secret is given\n  → add --secret-file FILE or --secret-name NAME, or --curl"),
        (
            &["--secret", "a", "--curl", &url],
            "the body holds bytes that a command line cannot carry\n  → save it as a file",
        ),
    ];
    for (arguments, told) in cases {
        let outcome = run_with_input(&[&["sign", "--app", app], arguments].concat(), "\u{0}");
        assert_ne!(outcome.status, 0, "{outcome:?}");
        assert!(outcome.stderr.contains(told), "{outcome:?}");
    }
}

#[test]
fn every_scheme_that_a_secret_can_sign_is_signed_and_verified() {
    let body = r#"{"signature":{"token":"t"},"notificationItems":[{"NotificationRequestItem":{
        "pspReference":"p","merchantAccountCode":"m","eventCode":"e","merchantReference":"r",
        "amount":{"value":1,"currency":"EUR"},"success":"true","additionalData":{}}}]}"#;
    let url = "https://hooks.example.com/a";
    for scheme in ["stripe", "SLACK", "adyen", "mailgun", "twilio", "hubspot_v3", "twitch", "basic"]
    {
        let secret = if scheme == "adyen" { "00ff" } else { "whsec_AAAA" };
        let kind =
            if scheme == "twilio" { "application/x-www-form-urlencoded" } else { "text/plain" };
        let common = ["--scheme", scheme, "--secret", secret, "--url", url, "--data"];
        let kinds = ["--content-type", kind];
        let signed = run(&[&["sign"], &common[..], &[body], &kinds].concat());
        assert_eq!(signed.status, 0, "{scheme}: {}", signed.stderr);
        let is_header = |line: &&str| line.split_once(": ").is_some_and(|(name, _)| is_name(name));
        let headers: Vec<&str> = signed.stdout.lines().take_while(is_header).collect();
        let kind = format!("Content-Type: {kind}");
        let mut flags = vec!["-H", kind.as_str()];
        flags.extend(headers.iter().flat_map(|header| ["-H", *header]));
        let sent = signed.stdout.lines().nth(headers.len()).unwrap_or(body);
        let outcome = |body: &str, more: &[&str]| {
            run(&[&["verify"], &common[..], &[body], &flags, more].concat())
        };
        let right = outcome(sent, &[]);
        assert_eq!(right.status, 0, "{scheme}: {}{}", right.stdout, right.stderr);
        assert!(right.stdout.contains("accepted"), "{}", right.stdout);
        assert!(!right.stdout.contains(secret), "{}", right.stdout);
    }
    assert_eq!(run(&["sign", "--scheme", "discord", "--secret", "a", "--data", "a"]).status, 2);
    assert_eq!(run(&["sign", "--scheme", "square", "--secret", "a", "--data", "a"]).status, 2);
    let unknown = run(&["sign", "--scheme", "strip", "--secret", "a", "--data", "a"]);
    assert!(unknown.stderr.contains("did you mean stripe?"), "{}", unknown.stderr);
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[test]
fn verify_tells_what_is_wrong_with_a_request() {
    let signed = ["--scheme", "stripe", "--secret", "k", "--time", "1700000000", "--data"];
    let header = run(&[&["sign"], &signed[..], &[r#"{"a": 1}"#]].concat()).stdout;
    let told = |scheme: &[&str], secret: &str, time: &str, body: &str, header: &str| {
        let flags = ["--secret", secret, "--time", time, "--data", body, "-H", header];
        let outcome = run(&[&["verify", "--scheme"], scheme, &flags].concat());
        assert_eq!(outcome.status, 1, "{}", outcome.stderr);
        outcome.stdout
    };
    let right = (&["stripe"][..], "k", "1700000000", r#"{"a": 1}"#, header.trim());
    for (told, expected) in [
        (told(right.0, "x", right.2, right.3, right.4), "secret is another one"),
        (told(right.0, "k\n ", right.2, right.3, right.4), "without what is blank around it"),
        (
            told(right.0, right.1, right.2, "{\"a\": 1}\n", right.4),
            "without what is blank at its end",
        ),
        (told(right.0, right.1, "1700000400", right.3, right.4), "age: 400 s, of at most 300 s"),
        (told(right.0, right.1, right.2, right.3, "A: b"), "Stripe-Signature: absent"),
        (told(&["github"], right.1, right.2, right.3, right.4), "X-Hub-Signature-256: absent"),
    ] {
        assert!(told.contains(expected), "{told}");
    }
}
