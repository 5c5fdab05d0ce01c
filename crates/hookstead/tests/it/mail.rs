//! `[mail]`: links to users by mail, and what is told of them.

use std::{fs, path::Path};

use hookstead_testing::{MailServer, MailServerOptions};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::program::{Served, app_of, eventually, program, run, run_with_input};

const PASSWORD: &str = "correct horse battery";
const EMAIL: &str = "ada@example.com";

fn app(settings: &str) -> TempDir {
    app_of(&[
        ("functions/hello.js", "exports = () => 1"),
        (
            "auth/providers.json",
            r#"{"local-userpass":{"type":"local-userpass","config":{
                    "emailConfirmationUrl":"https://a.example/confirm",
                    "resetPasswordUrl":"https://a.example/reset"}}}"#,
        ),
        ("hookstead.toml", settings),
    ])
}

fn losses(app: &Path) -> Vec<Json> {
    let outcome = run(&["check", "--json", app.to_str().unwrap()]);
    let report: Json = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| {
        panic!("{outcome:?}");
    });
    let problems = report["problems"].as_array().unwrap().iter();
    problems.map(|one| one["code"].clone()).filter(|code| code == "email-not-sent").collect()
}

fn call(served: &Served, action: &str, body: &Json) -> (u16, Json) {
    let path = format!("/api/client/v2.0/app/made-abcde/auth/providers/local-userpass/{action}");
    let headers = [("Content-Type", "application/json")];
    let response = served.call("POST", &path, &headers, &body.to_string());
    (response.status, serde_json::from_str(response.text()).unwrap_or_default())
}

/// The query of the link in a text, as an object.
fn token(text: &str) -> Json {
    let query = text.lines().find_map(|line| line.split_once('?')).unwrap().1;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), json!(value)));
    Json::Object(pairs.collect())
}

#[test]
fn a_link_comes_by_mail_over_tls_with_a_url_that_is_a_secret() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let server = MailServer::start_with(&MailServerOptions {
        certificate: Some((made.cert.der().as_ref(), made.signing_key.serialized_der())),
        is_wrapped: false,
        credentials: Some(("hook", "p@ss/word")),
    });
    let app = app("[mail]\nsmtp_url_secret = \"smtp\"\nfrom = \"App <app@example.com>\"\n");
    let data = tempfile::tempdir().unwrap();
    let data_dir = data.path().to_str().unwrap();
    let places = ["--app", app.path().to_str().unwrap(), "--data-dir", data_dir];
    let url = format!("smtp://hook:p%40ss%2Fword@127.0.0.1:{}?tls=required", server.port());
    let set = run_with_input(&[&["secrets", "set", "smtp"][..], &places].concat(), &url);
    assert_eq!(set.status, 0, "{set:?}");
    let trusted = app.path().join("trusted.pem");
    fs::write(&trusted, made.cert.pem()).unwrap();
    let mut command = program(&["serve", places[1], "--listen", "127.0.0.1:0"]);
    command.args(&places[2..]).env("SSL_CERT_FILE", &trusted);
    let served = Served::start_as(command);

    let user = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(call(&served, "register", &user).0, 201);
    eventually("the mail arrives", || !server.received().is_empty());
    let mail = server.received().remove(0);
    assert!(mail.is_encrypted && mail.user.as_deref() == Some("hook"), "{mail:?}");
    assert_eq!((mail.header("to"), mail.header("from")), (EMAIL, "App <app@example.com>"));
    let link = token(&mail.text);
    assert_eq!(call(&served, "confirm", &link).0, 200);
    let log_in = json!({ "username": EMAIL, "password": PASSWORD });
    assert_eq!(call(&served, "login", &log_in).0, 200);
    // The mail server refuses this one.
    let refused = json!({ "email": "refused@example.com", "password": PASSWORD });
    assert_eq!(call(&served, "register", &refused).0, 201);
    let told = served.told();
    let (log, status) = served.stop();
    assert_eq!(status, 0);
    assert!(log.contains("the mail to confirm an address was sent to ada@example.com"), "{log}");
    let failed = "the mail to confirm an address was not sent to refused@example.com: ";
    assert!(log.contains(failed) && log.contains("hookstead users confirm"), "{log}");
    for secret in ["p@ss", "p%40ss", link["token"].as_str().unwrap()] {
        assert!(!log.contains(secret) && !told.contains(secret), "{log}\n{told}");
    }
}

#[test]
fn emails_are_a_loss_exactly_where_no_mail_server_is_named() {
    let with = "[mail]\nsmtp_url = \"smtp://127.0.0.1:9\"\nfrom = \"app@example.com\"\n";
    for (settings, losses_expected) in [("", 1), ("[mail]\nfrom = \"a@b.example\"\n", 1), (with, 0)]
    {
        let app = app(settings);
        assert_eq!(losses(app.path()).len(), losses_expected, "{settings}");
        let served = Served::start(app.path(), &[]);
        let user = json!({ "email": EMAIL, "password": PASSWORD });
        assert_eq!(call(&served, "register", &user).0, 201);
        assert_eq!(call(&served, "reset/send", &json!({ "email": EMAIL })).0, 204);
        let (log, _) = served.stop();
        assert_eq!(log.contains("emails to users"), losses_expected == 1, "{log}");
        assert_eq!(log.contains("no mail is sent"), losses_expected == 1, "{log}");
        assert_eq!(log.contains("was not sent to ada@example.com"), losses_expected == 0, "{log}");
    }
}

#[test]
fn settings_of_mail_that_make_no_sense_are_refused_without_the_password() {
    let from = "from = \"app@example.com\"\n";
    for (settings, told) in [
        ("smtp_url = \"smtps://u:hushhush@mail.example.com\"\n".to_owned(), "[mail] from"),
        (format!("{from}smtp_url = \"http://u:hushhush@a.example\"\n"), "smtps://"),
        (format!("{from}smtp_url = \"smtp://u:hushhush@a.example?tls=none\"\n"), "unencrypted"),
        (format!("{from}smtp_url = \"smtp://a.example?tls=maybe\"\n"), "`required` or `none`"),
        (format!("{from}smtp_url_secret = \"smtp\"\n"), "hookstead secrets set smtp"),
        (
            format!("{from}smtp_url_secret = \"smtp\"\nsmtp_url = \"smtp://localhost\"\n"),
            "both set",
        ),
        ("from = \"App\"\nsmtp_url = \"smtp://localhost\"\n".to_owned(), "no email address"),
    ] {
        let app = app(&format!("[mail]\n{settings}"));
        let path = app.path().to_str().unwrap();
        for command in [&["check", path][..], &["serve", path, "--listen", "127.0.0.1:0"]] {
            let outcome = run(command);
            assert_eq!(outcome.status, 2, "{settings}: {outcome:?}");
            assert!(outcome.stderr.contains(told), "{settings}: {outcome:?}");
            assert!(!format!("{outcome:?}").contains("hushhush"), "{outcome:?}");
        }
    }
}
