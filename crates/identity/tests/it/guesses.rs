//! Those who guess, and those who fill up the place.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bson::doc;
use hookstead_identity::{AuthErrorKind, Credentials, Limits, Users};

use crate::stage::{FROM, Stage, email, on_both_stores, refusal, refused};

on_both_stores! {
    the_right_password_is_let_in_whatever_others_guess,
    what_is_over_is_swept_away,
    links_without_end_are_refused_and_those_of_the_operator_are_not,
}

async fn the_right_password_is_let_in_whatever_others_guess(stage: Stage) {
    let limits = Limits { log_in_delay_max: Duration::from_millis(1), ..Limits::default() };
    let users = stage.users_in(stage.directory().with_limits(&limits), |_| ());
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    for guess in 0..8 {
        let guess = users.log_in(&email("a@b.c", &format!("guess {guess}")), FROM).await;
        assert!(guess.is_err());
    }
    users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_attempts_than_may_wait_are_told_to_come_back() {
    let stage = Stage::embedded();
    let limits =
        Limits { password_checks_max: 1, password_checks_waiting_max: 1, ..Limits::default() };
    let users = Arc::new(stage.users_in(stage.directory().with_limits(&limits), |_| ()));
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let attempts: Vec<_> = (0..5)
        .map(|number| {
            let users = Arc::clone(&users);
            let credentials = email(&format!("{number}@b.c"), "correct horse");
            tokio::spawn(async move { users.log_in(&credentials, FROM).await.err().unwrap().kind })
        })
        .collect();
    let mut kinds = Vec::new();
    for attempt in attempts {
        kinds.push(attempt.await.unwrap());
    }
    assert!(kinds.contains(&AuthErrorKind::TooManyRequests), "{kinds:?}");
    assert!(kinds.contains(&AuthErrorKind::InvalidPassword), "{kinds:?}");
    users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_credentials_at_the_same_time_cost_one_check() {
    let stage = Stage::embedded();
    // Checks whose callers have left take a place until it is their turn.
    let limits =
        Limits { password_checks_max: 1, password_checks_waiting_max: 10, ..Limits::default() };
    let users = Arc::new(stage.users_in(stage.directory().with_limits(&limits), |_| ()));
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    for (password, is_right) in [("wrong horse", false), ("correct horse", true)] {
        let mut attempts: Vec<_> = (0..50)
            .map(|_| {
                let users = Arc::clone(&users);
                tokio::spawn(async move {
                    users.by_credentials(&email("a@b.c", password), FROM, false).await
                })
            })
            .collect();
        // Those who leave keep nobody from an answer.
        for attempt in attempts.drain(..10) {
            attempt.abort();
        }
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(_) => assert!(is_right),
                Err(error) => {
                    assert!(!is_right);
                    assert_eq!(error.kind, AuthErrorKind::InvalidPassword);
                }
            }
        }
    }
}

async fn what_is_over_is_swept_away(stage: Stage) {
    let users = stage.users();
    let anonymous = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    let id = users.create("a@b.c", "correct horse").await.unwrap();
    users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    let half = users.create("b@b.c", "correct horse").await.unwrap();
    users.create_api_key(&half, "k").await.unwrap();
    let half_id = bson::oid::ObjectId::parse_str(&half).unwrap();
    let mark = doc! { "$set": { "deleted": true } };
    stage.update("users", doc! { "_id": half_id }, mark).await;
    let counts = async || {
        let mut counts = Vec::new();
        for collection in ["users", "identities", "sessions", "api_keys"] {
            counts.push(stage.documents(collection).await.len());
        }
        counts
    };
    assert_eq!(counts().await, [3, 2, 2, 1]);
    stage.directory().sweep().await.unwrap();
    assert_eq!(counts().await, [2, 1, 2, 0]);
    stage.pass(Duration::from_hours(90 * 24));
    stage.directory().sweep().await.unwrap();
    assert_eq!(counts().await, [1, 1, 0, 0]);
    let users = stage.users();
    users.by_id(&id).await.unwrap();
    assert!(users.by_id(&anonymous.user.id).await.is_err());
}

async fn links_without_end_are_refused_and_those_of_the_operator_are_not(stage: Stage) {
    let users = stage.users();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    for _ in 0..10 {
        users.new_reset_link("a@b.c").await.unwrap();
    }
    let error = users.new_reset_link("a@b.c").await.err().unwrap();
    assert_eq!(error.kind, AuthErrorKind::TooManyRequests);
    let link = users.reset_link_by_operator("a@b.c").await.unwrap();
    stage.pass(Duration::from_mins(29));
    users.reset(&link.token_id, &link.token, "another one").await.unwrap();
    for _ in 0..10 {
        users.new_reset_link("a@b.c").await.unwrap();
    }
    stage.pass(Duration::from_mins(30));
    users.new_reset_link("a@b.c").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_without_end_are_refused_before_there_is_a_user() {
    let stage = Stage::embedded();
    let limits = Limits { sessions_of_address_per_hour_max: 3, ..Limits::default() };
    let users = stage.users_in(stage.directory().with_limits(&limits), |_| ());
    let id = users.create("a@b.c", "correct horse").await.unwrap();
    let key = users.create_api_key(&id, "k").await.unwrap().key;
    let log_in = async |from| {
        let anonymous = refusal(users.log_in(&Credentials::Anonymous, from).await);
        (anonymous, refusal(users.log_in(&Credentials::ApiKey(key.clone()), from).await))
    };
    // What fails begins no session.
    for _ in 0..4 {
        assert!(users.log_in(&Credentials::ApiKey("x".to_owned()), FROM).await.is_err());
    }
    let too_many = refused(AuthErrorKind::TooManyRequests, "too many requests");
    assert_eq!(log_in(FROM).await, (None, None));
    assert_eq!(log_in(FROM).await, (None, too_many.clone()));
    assert_eq!(log_in(FROM).await, (too_many.clone(), too_many));
    assert_eq!(stage.documents("users").await.len(), 3);
    assert_eq!(log_in(address(1)).await, (None, None));
    // No session begins with it.
    users.by_credentials(&Credentials::ApiKey(key.clone()), FROM, false).await.unwrap();
}

fn address(number: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, number])
}

async fn guess_wrong(users: &Users, name: &str, from: IpAddr, count: usize) {
    for number in 0..count {
        let guess = email(name, &format!("guess {number}"));
        assert!(users.by_credentials(&guess, from, false).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_of_a_right_password_tells_nothing_to_those_who_guess() {
    let stage = Stage::embedded();
    // Whoever has to wait is refused.
    let limits = Limits { log_ins_waiting_max: 0, ..Limits::default() };
    let users = stage.users_in(stage.directory().with_limits(&limits), |_| ());
    let right = email("a@b.c", "correct horse");
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    users.log_in(&right, FROM).await.unwrap();
    let too_many = refused(AuthErrorKind::TooManyRequests, "too many requests");
    let ask = async |from| refusal(users.by_credentials(&right, from, false).await);
    guess_wrong(&users, "a@b.c", address(1), 25).await;
    assert_eq!(ask(address(1)).await, too_many, "where guesses have failed");
    assert_eq!(ask(address(2)).await, too_many, "where nobody has logged in");
    assert_eq!(ask(FROM).await, None, "where the user has logged in");
    guess_wrong(&users, "a@b.c", FROM, 25).await;
    assert_eq!(ask(FROM).await, too_many, "where the user has logged in and guesses have failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_guesses_leaves_room_for_right_passwords() {
    let stage = Stage::embedded();
    let limits = Limits {
        password_checks_max: 1,
        password_checks_waiting_max: 16,
        log_in_delay_max: Duration::from_millis(100),
        log_ins_waiting_max: 64,
        log_ins_waiting_of_address_max: 16,
        ..Limits::default()
    };
    let users = Arc::new(stage.users_in(stage.directory().with_limits(&limits), |_| ()));
    for name in ["carol@b.c", "dave@b.c"] {
        users.register(name, "correct horse", FROM).await.unwrap();
    }
    type Name = fn(u8) -> String;
    let floods: [(Name, u8, u8); 2] =
        [(|_| "carol@b.c".to_owned(), 0, 20), (|number| format!("{number}@b.c"), 100, 1)];
    for (name, first, addresses) in floods {
        for number in 0..addresses {
            guess_wrong(&users, "carol@b.c", address(first + number), 6).await;
        }
        let flood: Vec<_> = (0..200_u8)
            .map(|number| {
                let users = Arc::clone(&users);
                let (name, from) = (name(number), address(first + number % addresses));
                tokio::spawn(async move {
                    for guess in 0.. {
                        let guess = email(&name, &format!("guess {guess}"));
                        let _ = users.by_credentials(&guess, from, false).await;
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        for (number, name) in [(50, "carol@b.c"), (51, "dave@b.c")] {
            let log_in = users.log_in(&email(name, "correct horse"), address(first + number)).await;
            assert_eq!(refusal(log_in), None, "{name}");
        }
        flood.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
