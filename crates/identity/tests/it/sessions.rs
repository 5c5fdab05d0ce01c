//! Sessions and what ends them.

use std::{sync::Arc, time::Duration};

use bson::doc;
use hookstead_identity::{AuthErrorKind, Credentials};

use crate::stage::{FROM, Stage, email, on_both_stores, refusal, refused};

on_both_stores! {
    log_out_ends_that_session_only,
    a_disabled_user_has_no_valid_token,
    a_deleted_user_has_no_valid_token,
    another_copy_learns_of_it_within_the_delay,
    tokens_expire,
    changes_at_the_same_time_lose_nothing,
    tokens_are_read_without_the_store_within_the_delay,
}

fn over() -> Option<(AuthErrorKind, String)> {
    refused(AuthErrorKind::InvalidSession, "invalid session")
}

async fn log_out_ends_that_session_only(stage: Stage) {
    let users = stage.users();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let credentials = email("a@b.c", "correct horse");
    let (first, second) = (
        users.log_in(&credentials, FROM).await.unwrap(),
        users.log_in(&credentials, FROM).await.unwrap(),
    );
    users.log_out(&first.refresh_token).await.unwrap();
    assert_eq!(refusal(users.refresh(&first.refresh_token).await), over());
    users.by_access_token(&first.access_token).await.unwrap();
    users.refresh(&second.refresh_token).await.unwrap();
    let again = refusal(users.log_out(&first.refresh_token).await);
    assert_eq!(again, refused(AuthErrorKind::InvalidSession, "failed to find refresh token"));
    let access = refusal(users.log_out(&second.access_token).await);
    assert_eq!(access, refused(AuthErrorKind::InvalidSession, "failed to find refresh token"));
    assert_eq!(users.by_refresh_token(&second.refresh_token).await.unwrap().id, first.user.id);
}

async fn a_disabled_user_has_no_valid_token(stage: Stage) {
    let users = stage.users();
    let log_in = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    users.by_access_token(&log_in.access_token).await.unwrap();
    users.set_enabled(&log_in.user.id, false).await.unwrap();
    assert_eq!(refusal(users.by_access_token(&log_in.access_token).await), over());
    assert_eq!(refusal(users.refresh(&log_in.refresh_token).await), over());
    users.set_enabled(&log_in.user.id, true).await.unwrap();
    users.by_access_token(&log_in.access_token).await.unwrap();
    users.refresh(&log_in.refresh_token).await.unwrap();
}

async fn a_deleted_user_has_no_valid_token(stage: Stage) {
    let users = stage.users();
    let log_in = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    users.by_access_token(&log_in.access_token).await.unwrap();
    users.delete(&log_in.user.id).await.unwrap();
    assert_eq!(refusal(users.by_access_token(&log_in.access_token).await), over());
    assert_eq!(refusal(users.refresh(&log_in.refresh_token).await), over());
    users.log_out(&log_in.refresh_token).await.unwrap();
    let unknown = refused(AuthErrorKind::UserNotFound, "user not found");
    assert_eq!(refusal(users.delete(&log_in.user.id).await), unknown);
}

async fn another_copy_learns_of_it_within_the_delay(stage: Stage) {
    let at_once = stage.users_with(|config| config.revocation_delay = Duration::ZERO);
    let later = stage.users();
    let log_in = at_once.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    for users in [&at_once, &later] {
        users.by_access_token(&log_in.access_token).await.unwrap();
    }
    stage.users().set_enabled(&log_in.user.id, false).await.unwrap();
    assert_eq!(refusal(at_once.by_access_token(&log_in.access_token).await), over());
    // Its delay is an hour; a refresh looks at once.
    later.by_access_token(&log_in.access_token).await.unwrap();
    assert_eq!(refusal(later.refresh(&log_in.refresh_token).await), over());
    assert_eq!(refusal(later.by_access_token(&log_in.access_token).await), over());
}

async fn tokens_expire(stage: Stage) {
    let users = stage.users();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let log_in = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    stage.pass(Duration::from_secs(1790));
    users.by_access_token(&log_in.access_token).await.unwrap();
    stage.pass(Duration::from_secs(10));
    assert_eq!(refusal(users.by_access_token(&log_in.access_token).await), over());
    assert_eq!(refusal(users.by_access_token(&log_in.access_token).await), over());
    stage.pass(Duration::from_hours(60 * 24 - 1));
    users.refresh(&log_in.refresh_token).await.unwrap();
    stage.pass(Duration::from_hours(1));
    assert_eq!(refusal(users.refresh(&log_in.refresh_token).await), over());
}

async fn changes_at_the_same_time_lose_nothing(stage: Stage) {
    let copies = [Arc::new(stage.users()), Arc::new(stage.users())];
    let id = copies[0].create("a@b.c", "correct horse").await.unwrap();
    let mut tasks = Vec::new();
    for number in 0..12 {
        let (users, id) = (Arc::clone(&copies[number % 2]), id.clone());
        tasks.push(tokio::spawn(async move {
            if number == 5 {
                users.set_enabled(&id, false).await.unwrap();
            }
            users.create_api_key(&id, &format!("key {number}")).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let users = stage.users();
    assert_eq!(users.api_keys(&id).await.unwrap().len(), 12);
    let disabled = refused(AuthErrorKind::UserDisabled, "user disabled");
    assert_eq!(refusal(users.by_id(&id).await), disabled);
}

async fn tokens_are_read_without_the_store_within_the_delay(stage: Stage) {
    let users = stage.users();
    let log_in = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    let first = users.by_access_token(&log_in.access_token).await.unwrap();
    stage.delete("users", doc! {}).await;
    let second = users.by_access_token(&log_in.access_token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}
