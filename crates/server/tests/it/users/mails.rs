//! Links that come by mail, over a real SMTP server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use hookstead_mail::{MailLimits, Mailer, MailerOptions, Sender, SmtpServer};
use hookstead_testing::{MailServer, ReceivedMail};
use serde_json::{Value as Json, json};

use super::{EMAIL, PASSWORD, path};
use crate::harness::{Answer, App, Running};

const ANOTHER: &str = "another horse";

/// A mailer for a server, which sends until the test ends.
fn mailer(server: &MailServer, limits: MailLimits) -> Mailer {
    let url = format!("smtp://127.0.0.1:{}", server.port());
    let from = Sender::parse("App <app@example.com>").unwrap();
    let options =
        MailerOptions { limits, ..MailerOptions::new(SmtpServer::parse(&url).unwrap(), from) };
    let mailer = Mailer::new(options).unwrap();
    tokio::spawn(mailer.clone().run(|_| ()));
    mailer
}

/// An app that confirms users and resets passwords by mail.
fn app(mails: &MailServer, limits: MailLimits) -> App {
    let config = json!({ "config": {
        "emailConfirmationUrl": "https://a.example/confirm?lang=de#/here",
        "confirmEmailSubject": "Willkommen bei Bücher",
        "resetPasswordUrl": "https://a.example/reset",
    }});
    let mailer = mailer(mails, limits);
    App::new().provider("local-userpass", config).site_config(|config| config.mailer = Some(mailer))
}

impl Running {
    async fn of_email(&self, action: &str, body: Json) -> Answer {
        self.json("POST", &path(&format!("local-userpass/{action}")), &[], body).await
    }

    async fn log_in_with(&self, email: &str, password: &str) -> u16 {
        let body = json!({ "username": email, "password": password });
        self.of_email("login", body).await.status
    }
}

/// The mail with a number, once it has arrived.
async fn mail(server: &MailServer, number: usize) -> ReceivedMail {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(mail) = server.received().get(number) {
            return mail.clone();
        }
        assert!(Instant::now() < end, "mail {number} does not arrive");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The token and its id in the link of a mail.
fn token(mail: &ReceivedMail) -> Json {
    let link = mail.text.lines().find(|line| line.starts_with("https://")).unwrap();
    let query = link.split_once('?').unwrap().1;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(own, _)| *own == name).unwrap().1.to_owned()
    };
    json!({ "token": value("token"), "tokenId": value("tokenId") })
}

fn with_password(mut token: Json, password: &str) -> Json {
    token["password"] = json!(password);
    token
}

#[tokio::test]
async fn a_user_confirms_an_address_and_resets_a_password_by_mail() {
    let mails = MailServer::start();
    let server = app(&mails, MailLimits::default()).start().await;
    let user = json!({ "email": EMAIL, "password": PASSWORD });
    let answer = server.of_email("register", user.clone()).await;
    assert_eq!((answer.status, answer.text.as_str()), (201, "{}"));
    let first = mail(&mails, 0).await;
    assert_eq!(first.to, [EMAIL]);
    assert_eq!(first.header("subject"), "Willkommen bei Bücher");
    assert!(first.text.contains("https://a.example/confirm?lang=de&token="), "{}", first.text);
    assert!(first.text.contains("#/here"), "{}", first.text);
    assert_eq!(server.log_in_with(EMAIL, PASSWORD).await, 401);

    let answer = server.of_email("confirm/send", json!({ "email": EMAIL })).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let second = mail(&mails, 1).await;
    // Each link is good once, a link to reset is none to confirm, and a token needs its id.
    let mut foreign = token(&second);
    foreign["tokenId"] = json!("0123456789abcdef01234567");
    for (action, body, status) in [
        ("confirm", foreign, 400),
        ("reset", with_password(token(&second), ANOTHER), 400),
        ("confirm", token(&second), 200),
        ("confirm", token(&second), 400),
        ("confirm", token(&first), 400),
        ("confirm/send", json!({ "email": EMAIL }), 400),
    ] {
        let answer = server.of_email(action, body).await;
        assert_eq!(answer.status, status, "{action}: {answer:?}");
    }
    assert_eq!(server.log_in_with(EMAIL, PASSWORD).await, 200);

    assert_eq!(server.of_email("reset/send", json!({ "email": EMAIL })).await.status, 204);
    let third = mail(&mails, 2).await;
    assert_eq!(third.header("subject"), "Reset your password for myapp");
    let reset = with_password(token(&third), ANOTHER);
    assert_eq!(server.of_email("confirm", token(&third)).await.status, 400);
    assert_eq!(server.of_email("reset", reset.clone()).await.status, 204);
    assert_eq!(server.of_email("reset", reset).await.error().0, 400);
    assert_eq!(server.log_in_with(EMAIL, ANOTHER).await, 200);
    assert_eq!(server.log_in_with(EMAIL, PASSWORD).await, 401);

    let unknown = json!({ "email": "nobody" });
    for action in ["reset/send", "confirm/send"] {
        let answer = server.of_email(action, unknown.clone()).await;
        assert_eq!(answer.error(), (404, "UserNotFound".to_owned()), "{action}");
        assert_eq!(answer.message(), "user not found");
    }
    assert_eq!(mails.received().len(), 3);
    let log = server.stop().await;
    for mail in [first, second, third] {
        let token = token(&mail);
        assert!(!log.contains(token["token"].as_str().unwrap()), "{log}");
    }
    assert!(!log.contains("no mail is sent"), "{log}");
}

#[tokio::test]
async fn a_link_is_good_for_half_an_hour_and_for_its_own_app_alone() {
    let mails = MailServer::start();
    let late_s = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&late_s);
    let server = app(&mails, MailLimits::default())
        .clock(Arc::new(move || {
            SystemTime::now() + Duration::from_secs(clock.load(Ordering::Relaxed))
        }))
        .start()
        .await;
    let other_mails = MailServer::start();
    let other = app(&other_mails, MailLimits::default()).start().await;
    let user = json!({ "email": EMAIL, "password": PASSWORD });
    for server in [&server, &other] {
        assert_eq!(server.of_email("register", user.clone()).await.status, 201);
    }
    let link = token(&mail(&mails, 0).await);
    let of_other = token(&mail(&other_mails, 0).await);
    assert_eq!(server.of_email("confirm", of_other.clone()).await.status, 400);
    assert_eq!(other.of_email("confirm", of_other).await.status, 200);
    late_s.store(31 * 60, Ordering::Relaxed);
    let answer = server.of_email("confirm", link).await;
    assert_eq!((answer.status, answer.message().as_str()), (400, "invalid token data"));
    assert_eq!(server.of_email("confirm/send", json!({ "email": EMAIL })).await.status, 204);
    assert_eq!(server.of_email("confirm", token(&mail(&mails, 1).await)).await.status, 200);
}

#[tokio::test]
async fn what_is_no_address_registers_nobody_and_gets_no_mail() {
    let mails = MailServer::start();
    let server = app(&mails, MailLimits::default()).start().await;
    for email in [
        "ada",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "Ada <ada@example.com>",
        "\"ada> SIZE=1\"@example.com",
    ] {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = server.of_email("register", body).await;
        assert_eq!(answer.error(), (400, "BadRequest".to_owned()), "{email:?}");
        let answer = server.of_email("reset/send", json!({ "email": email })).await;
        assert_eq!(answer.error(), (404, "UserNotFound".to_owned()), "{email:?}");
    }
    // What follows is sent after everything before it.
    server.of_email("register", json!({ "email": EMAIL, "password": PASSWORD })).await;
    assert_eq!(mail(&mails, 0).await.to, [EMAIL]);
    assert_eq!(mails.received().len(), 1);
}

#[tokio::test]
async fn of_many_who_register_one_address_one_succeeds_and_one_mail_is_sent() {
    let mails = MailServer::start();
    let server = app(&mails, MailLimits::default()).start().await;
    let server = Arc::new(server);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let server = Arc::clone(&server);
        calls.spawn(async move {
            let body = json!({ "email": EMAIL, "password": PASSWORD });
            server.of_email("register", body).await.status
        });
    }
    let mut statuses = calls.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    let body = json!({ "email": "eve@example.com", "password": PASSWORD });
    assert_eq!(server.of_email("register", body).await.status, 201);
    let mut to = [mail(&mails, 0).await.to, mail(&mails, 1).await.to].concat();
    to.sort_unstable();
    assert_eq!(to, [EMAIL, "eve@example.com"]);
    assert_eq!(mails.received().len(), 2);
}

#[tokio::test]
async fn a_flood_of_mails_is_refused_before_anything_happens() {
    let mails = MailServer::start();
    let limits = MailLimits {
        per_mailbox_and_hour_max: 3,
        per_network_and_hour_max: 5,
        ..MailLimits::default()
    };
    let server = app(&mails, limits).start().await;
    let register = async |email: &str| {
        let body = json!({ "email": email, "password": PASSWORD });
        server.of_email("register", body).await
    };
    assert_eq!(register(EMAIL).await.status, 201);
    // Other spellings are other users, and the same mailbox.
    assert_eq!(register(&EMAIL.to_lowercase()).await.status, 201);
    assert_eq!(register(&EMAIL.replace('@', "+1@")).await.status, 201);
    let refused = register(&EMAIL.replace('@', "+2@")).await;
    assert_eq!(refused.error(), (429, "TooManyRequests".to_owned()));
    let reset = server.of_email("reset/send", json!({ "email": EMAIL })).await;
    assert_eq!(reset.status, 429);
    for number in 0..2 {
        assert_eq!(register(&format!("u{number}@example.com")).await.status, 201);
    }
    for number in 2..50 {
        assert_eq!(register(&format!("u{number}@example.com")).await.status, 429);
    }
    assert_eq!(server.log_in_with("u1@example.com", PASSWORD).await, 401);
    mail(&mails, 4).await;
    assert_eq!(mails.received().len(), 5);
    let log = server.stop().await;
    assert!(log.contains("mails_to_address_per_hour_max"), "{log}");
    assert!(log.contains("mails_of_network_per_hour_max"), "{log}");
}

#[tokio::test]
async fn a_page_that_is_no_url_is_told_and_no_mail_is_sent() {
    let mails = MailServer::start();
    let config = json!({ "config": { "emailConfirmationUrl": "/confirm" } });
    let mailer = mailer(&mails, MailLimits::default());
    let server = App::new()
        .provider("local-userpass", config)
        .site_config(|config| config.mailer = Some(mailer))
        .start()
        .await;
    let user = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(server.of_email("register", user).await.status, 201);
    assert_eq!(server.of_email("reset/send", json!({ "email": EMAIL })).await.status, 204);
    let log = server.stop().await;
    assert!(log.contains("`emailConfirmationUrl` is no URL"), "{log}");
    assert!(log.contains("`resetPasswordUrl` is no URL"), "{log}");
    assert!(mails.received().is_empty());
}
