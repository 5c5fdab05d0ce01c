//! Mails over a real SMTP server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use hookstead_mail::{
    Delivery, LimitReached, Mail, MailLimits, Mailer, MailerOptions, Outcome, Recipient, Sender,
    SmtpServer,
};
use hookstead_testing::{MailServer, MailServerOptions};
use tokio::task::JoinHandle;

const TOKEN: &str = "5f0c3a7be1d2946885aa0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f50";
const LABEL: &str = "the mail to confirm an address";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A mailer that sends, and what it has told.
struct Post {
    mailer: Mailer,
    told: Arc<Mutex<Vec<Delivery>>>,
    task: JoinHandle<()>,
}

impl Post {
    fn to(server: &MailServer) -> Self {
        Self::with(&format!("smtp://127.0.0.1:{}", server.port()), |_| {})
    }

    fn with(url: &str, change: impl FnOnce(&mut MailerOptions)) -> Self {
        let from = Sender::parse("Bücher App <app@example.com>").unwrap();
        let mut options = MailerOptions::new(SmtpServer::parse(url).unwrap(), from);
        options.retry_pauses = vec![Duration::from_millis(10); 3];
        change(&mut options);
        let mailer = Mailer::new(options).unwrap();
        let told: Arc<Mutex<Vec<Delivery>>> = Arc::default();
        let hears = Arc::clone(&told);
        let tell = move |delivery: &Delivery| hears.lock().unwrap().push(delivery.clone());
        let task = tokio::spawn(mailer.clone().run(tell));
        Self { mailer, told, task }
    }

    fn send(&self, to: &str) {
        self.send_with(to, "Confirm your address");
    }

    fn send_with(&self, to: &str, subject: &str) {
        let reservation = self.mailer.reserve(Recipient::parse(to).unwrap(), HERE).unwrap();
        reservation.send(Mail {
            label: LABEL,
            subject: subject.to_owned(),
            text: format!("Grüße,\n\nhttps://a.example/?token={TOKEN}&tokenId=x\n.\nend\n"),
            secret: TOKEN.to_owned(),
        });
    }

    fn told(&self) -> Vec<Delivery> {
        self.told.lock().unwrap().clone()
    }

    /// What became of the mail that is sent next, which is not to wait any more.
    async fn outcome(&self, to: &str) -> Outcome {
        self.send(to);
        let is_end = |one: &Delivery| one.to == to && !matches!(one.outcome, Outcome::Waits { .. });
        eventually("the mail has an end", || self.told().iter().any(is_end)).await;
        let told = self.told();
        for delivery in &told {
            let text = delivery.to_string();
            assert!(text.starts_with(LABEL) && !text.contains(&TOKEN[..12]), "{text}");
        }
        told.into_iter().rfind(is_end).unwrap().outcome
    }

    async fn why(&self, to: &str) -> String {
        match self.outcome(to).await {
            Outcome::Failed { why } => why,
            other => panic!("{to}: {other:?}"),
        }
    }

    fn waits(&self) -> usize {
        self.told().iter().filter(|one| matches!(one.outcome, Outcome::Waits { .. })).count()
    }
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "{what}: it did not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let server = MailServer::start();
    let post = Post::to(&server);
    for (to, subject, expected) in [
        ("ada@example.com", "Grüße für Ada ✓", "Grüße für Ada ✓"),
        ("jörg@bücher.example", "plain", "plain"),
        ("eve@example.com", "Hi\r\nBcc: all@example.com", "Hi  Bcc: all@example.com"),
    ] {
        post.send_with(to, subject);
        eventually("it arrives", || server.received().iter().any(|mail| mail.to == [to])).await;
        let mail = server.received().pop().unwrap();
        assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("app@example.com", &[to.into()][..]));
        assert_eq!(mail.header("subject"), expected);
        assert_eq!(mail.header("from"), "Bücher App <app@example.com>");
        assert_eq!(mail.header("to"), to);
        assert_eq!(mail.header("auto-submitted"), "auto-generated");
        assert!(mail.header("message-id").ends_with("@example.com>"));
        assert!(!mail.header("date").is_empty());
        assert!(mail.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("bcc")), "{mail:?}");
        let expected = format!("Grüße,\n\nhttps://a.example/?token={TOKEN}&tokenId=x\n.\nend\n");
        assert_eq!(mail.text.replace("\r\n", "\n").trim_end(), expected.trim_end());
    }
    eventually("all are told", || post.told().len() == 3).await;
    assert!(post.told().iter().all(|one| one.outcome == Outcome::Sent));
}

#[tokio::test]
async fn what_the_server_refuses_for_good_is_given_up_and_the_rest_is_tried_again() {
    let server = MailServer::start();
    let post = Post::to(&server);
    let why = post.why("refused@example.com").await;
    assert!(why.contains("answered 550") && why.contains("no such mailbox"), "{why}");
    let why = post.why("echo@example.com").await;
    assert!(why.contains("answered 554") && why.contains("repeat a secret"), "{why}");
    assert_eq!(post.waits(), 0, "{:?}", post.told());
    assert_eq!(post.outcome("later@example.com").await, Outcome::Sent);
    let waits = post.told().into_iter().find_map(|one| match one.outcome {
        Outcome::Waits { why, .. } => Some(why),
        _ => None,
    });
    assert!(waits.is_some_and(|why| why.contains("answered 451")), "{:?}", post.told());
    eventually("it arrives", || server.received().len() == 1).await;
}

#[tokio::test]
async fn a_server_that_is_away_gets_the_mail_when_it_is_back() {
    let mut server = MailServer::away();
    let url = format!("smtp://127.0.0.1:{}", server.port());
    let post = Post::with(&url, |options| {
        options.retry_pauses = vec![Duration::from_millis(20); 100_000];
    });
    post.send("ada@example.com");
    eventually("an attempt fails", || post.waits() == 1).await;
    let first = post.told().remove(0).to_string();
    assert!(first.contains("cannot be reached"), "{first}");
    server.begin(&MailServerOptions::default());
    eventually("the mail arrives", || server.received().len() == 1).await;
    eventually("it is told", || post.told().len() == 2).await;

    let post = Post::with(&format!("smtp://127.0.0.1:{}", MailServer::away().port()), |_| {});
    assert!(post.why("ada@example.com").await.contains("cannot be reached"));
    assert_eq!(post.waits(), 1);
}

#[tokio::test]
async fn a_slow_server_keeps_no_other_mail_from_being_sent() {
    let server = MailServer::start();
    let post = Post::with(&format!("smtp://127.0.0.1:{}", server.port()), |options| {
        options.send_time = Duration::from_secs(5);
        options.retry_pauses = Vec::new();
    });
    post.send("slow@example.com");
    assert_eq!(post.outcome("ada@example.com").await, Outcome::Sent);
    let told_slow = || post.told().into_iter().find(|one| one.to.starts_with("slow"));
    eventually("the slow one is given up", || told_slow().is_some()).await;
    let text = told_slow().unwrap().to_string();
    assert!(text.contains("was not sent") && text.contains("time"), "{text}");
}

#[tokio::test]
async fn credentials_are_used_and_wrong_ones_are_told() {
    let credentials = Some(("ada@example.com", "p:/ ü%"));
    let options = MailServerOptions { credentials, ..MailServerOptions::default() };
    let server = MailServer::start_with(&options);
    let url = |account: &str| format!("smtp://{account}127.0.0.1:{}", server.port());
    let post = Post::with(&url("ada%40example.com:p%3A%2F%20%C3%BC%25@"), |_| {});
    assert_eq!(post.outcome("ada@example.com").await, Outcome::Sent);
    eventually("it arrives", || server.received().len() == 1).await;
    assert_eq!(server.received()[0].user.as_deref(), Some("ada@example.com"));
    for account in ["ada%40example.com:wrong-password@", ""] {
        let post = Post::with(&url(account), |_| {});
        let why = post.why("eve@example.com").await;
        assert!(why.contains("answered 53") && !why.contains("wrong-password"), "{why}");
    }
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_without_the_encryption_that_is_asked_for() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = Some((made.cert.der().as_ref(), made.signing_key.serialized_der()));
    let plain = MailServerOptions::default();
    let encrypted = MailServerOptions { certificate, ..plain };
    let wrapped = MailServerOptions { is_wrapped: true, ..encrypted };
    for (options, scheme, parameter, expected) in [
        (plain, "smtp", "?tls=required", "offers no STARTTLS"),
        (plain, "smtps", "", "TLS"),
        // Nobody whom the machine trusts vouches for these.
        (encrypted, "smtp", "?tls=required", "TLS"),
        (wrapped, "smtps", "", "TLS"),
    ] {
        let server = MailServer::start_with(&options);
        let url = format!("{scheme}://127.0.0.1:{}{parameter}", server.port());
        let post = Post::with(&url, |options| options.send_time = Duration::from_secs(20));
        let why = post.why("ada@example.com").await;
        assert!(why.contains(expected), "{url}: {why}");
        assert!(server.received().is_empty(), "{url}");
    }
}

#[tokio::test]
async fn a_flood_is_refused_and_what_is_not_sent_does_not_count() {
    let away = MailServer::away();
    let url = format!("smtp://127.0.0.1:{}", away.port());
    let post = Post::with(&url, |options| {
        options.limits = MailLimits { queue_max: 3, ..MailLimits::default() };
        options.retry_pauses = vec![Duration::from_hours(1)];
    });
    let to = |number: usize| Recipient::parse(&format!("u{number}@example.com")).unwrap();
    for number in 0..1000 {
        // It is dropped at once.
        post.mailer.reserve(to(number), HERE).unwrap();
    }
    for number in 0..3 {
        post.send(to(number).as_str());
    }
    assert_eq!(post.mailer.reserve(to(3), HERE).err(), Some(LimitReached::Queue));
    eventually("all are tried", || post.waits() == 3).await;
    assert_eq!(post.mailer.reserve(to(3), HERE).err(), Some(LimitReached::Queue));
}

#[tokio::test]
async fn the_end_of_the_program_sends_what_waits_or_tells_what_is_lost() {
    let server = MailServer::start();
    let url = format!("smtp://127.0.0.1:{}", server.port());
    let post = Post::with(&url, |options| options.retry_pauses = vec![Duration::from_hours(1)]);
    post.send("later@example.com");
    eventually("it waits", || post.waits() == 1).await;
    for number in 0..20 {
        post.send(&format!("u{number}@example.com"));
    }
    let Post { mailer, told, task } = post;
    mailer.stop(Duration::from_secs(60));
    task.await.unwrap();
    eventually("all arrive", || server.received().len() == 21).await;
    assert_eq!(told.lock().unwrap().len(), 22);

    let post = Post::to(&server);
    post.send("slow@example.com");
    let Post { mailer, told, task } = post;
    mailer.stop(Duration::from_millis(100));
    task.await.unwrap();
    let told = told.lock().unwrap();
    assert!(told[0].to_string().ends_with("the program stops"), "{told:?}");
}
