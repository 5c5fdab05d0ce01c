//! API keys of apps and of users.

use bson::doc;
use hookstead_identity::{AuthErrorKind, Credentials, UserType};

use crate::stage::{FROM, Stage, email, on_both_stores, refusal, refused};

on_both_stores! {
    a_server_key_is_a_user_of_its_own,
    a_users_key_logs_in_as_that_user,
    a_key_that_is_disabled_or_deleted_ends_what_it_began,
    there_are_so_many_keys_and_no_more,
    a_crash_leaves_keys_that_can_be_deleted,
}

fn invalid() -> Option<(AuthErrorKind, String)> {
    refused(AuthErrorKind::AuthError, "invalid API key")
}

fn no_such_key() -> Option<(AuthErrorKind, String)> {
    refused(AuthErrorKind::ApiKeyNotFound, "API key not found")
}

async fn a_server_key_is_a_user_of_its_own(stage: Stage) {
    let users = stage.users();
    let new = users.create_server_key("ci").await.unwrap();
    assert_eq!(new.key.len(), 64);
    assert!(new.key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(users.server_keys().await.unwrap(), std::slice::from_ref(&new.api_key));
    let key = Credentials::ApiKey(new.key.clone());
    let user = users.by_credentials(&key, FROM, false).await.unwrap();
    assert_eq!(user.user_type, UserType::Server);
    assert_eq!(user.data, doc! { "name": "ci" });
    let log_in = users.log_in(&key, FROM).await.unwrap();
    let by_token = users.by_access_token(&log_in.access_token).await.unwrap();
    assert_eq!(by_token, user);
    for wrong in ["", "x", &new.key.to_lowercase(), &new.key[1..], &"x".repeat(100_000)] {
        let wrong = Credentials::ApiKey(wrong.to_owned());
        assert_eq!(refusal(users.by_credentials(&wrong, FROM, true).await), invalid());
    }
    // A key of one app is none of another.
    let other = stage.users_with(|config| config.domain_id = "0".repeat(24));
    assert_eq!(refusal(other.by_credentials(&key, FROM, true).await), invalid());
    let taken = refusal(users.create_server_key("ci").await);
    let message = "API key \"ci\" already exists";
    assert_eq!(taken, refused(AuthErrorKind::ApiKeyAlreadyExists, message));
}

async fn a_users_key_logs_in_as_that_user(stage: Stage) {
    let users = stage.users();
    let id = users.create("a@b.c", "correct horse").await.unwrap();
    let new = users.create_api_key(&id, "phone").await.unwrap();
    let key = Credentials::ApiKey(new.key);
    let user = users.by_credentials(&key, FROM, false).await.unwrap();
    assert_eq!((&user.id, user.user_type), (&id, UserType::Server));
    let log_in = users.log_in(&key, FROM).await.unwrap();
    let user = users.by_access_token(&log_in.access_token).await.unwrap();
    assert_eq!((&user.id, user.user_type), (&id, UserType::Server));
    let refreshed = users.refresh(&log_in.refresh_token).await.unwrap();
    let user = users.by_access_token(&refreshed).await.unwrap();
    assert_eq!(user.user_type, UserType::Server);
    let used = users.api_key_of_session(&log_in.refresh_token).await.unwrap();
    assert_eq!(used.as_deref(), Some(&*new.api_key.id));
    let own = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    let user = users.by_access_token(&own.access_token).await.unwrap();
    assert_eq!(user.user_type, UserType::Normal);
    assert_eq!(users.api_key_of_session(&own.refresh_token).await.unwrap(), None);
    let anonymous = users.log_in(&Credentials::Anonymous, FROM).await.unwrap().user;
    let refusal = refusal(users.create_api_key(&anonymous.id, "k").await);
    assert_eq!(refusal.unwrap().0, AuthErrorKind::BadRequest);
}

async fn a_key_that_is_disabled_or_deleted_ends_what_it_began(stage: Stage) {
    let users = stage.users();
    let id = users.create("a@b.c", "correct horse").await.unwrap();
    let other = users.create("b@b.c", "correct horse").await.unwrap();
    let new = users.create_api_key(&id, "phone").await.unwrap();
    let (key, key_id) = (Credentials::ApiKey(new.key), new.api_key.id);
    let log_in = users.log_in(&key, FROM).await.unwrap();
    let own = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    let over = refused(AuthErrorKind::InvalidSession, "invalid session");

    users.set_api_key_enabled(&id, &key_id, false).await.unwrap();
    assert!(users.api_keys(&id).await.unwrap()[0].disabled);
    assert_eq!(refusal(users.by_credentials(&key, FROM, false).await), invalid());
    assert_eq!(refusal(users.refresh(&log_in.refresh_token).await), over);
    users.refresh(&own.refresh_token).await.unwrap();
    users.set_api_key_enabled(&id, &key_id, true).await.unwrap();
    users.by_credentials(&key, FROM, false).await.unwrap();

    // A key of somebody else.
    assert_eq!(refusal(users.set_api_key_enabled(&other, &key_id, false).await), no_such_key());
    assert_eq!(refusal(users.delete_api_key(&other, &key_id).await), no_such_key());
    users.delete_api_key(&id, &key_id).await.unwrap();
    assert_eq!(refusal(users.by_credentials(&key, FROM, false).await), invalid());
    assert_eq!(refusal(users.delete_api_key(&id, &key_id).await), no_such_key());
    assert_eq!(stage.documents("api_keys").await, []);

    let new = users.create_server_key("ci").await.unwrap();
    let (key, key_id) = (Credentials::ApiKey(new.key), new.api_key.id);
    users.by_credentials(&key, FROM, false).await.unwrap();
    users.set_server_key_enabled(&key_id, false).await.unwrap();
    assert!(users.server_keys().await.unwrap()[0].disabled);
    assert_eq!(refusal(users.by_credentials(&key, FROM, false).await), invalid());
    users.set_server_key_enabled(&key_id, true).await.unwrap();
    users.by_credentials(&key, FROM, false).await.unwrap();
    users.delete_server_key(&key_id).await.unwrap();
    assert_eq!(refusal(users.by_credentials(&key, FROM, false).await), invalid());
    assert_eq!(users.server_keys().await.unwrap(), []);
    assert_eq!(refusal(users.delete_server_key(&key_id).await), no_such_key());
}

async fn there_are_so_many_keys_and_no_more(stage: Stage) {
    let users = stage.users();
    let id = users.create("a@b.c", "correct horse").await.unwrap();
    let create = async |number: usize| users.create_api_key(&id, &format!("key {number}")).await;
    for number in 0..20 {
        create(number).await.unwrap();
    }
    let full = refused(AuthErrorKind::BadRequest, "there are too many API keys");
    assert_eq!(refusal(create(20).await), full);
    let taken = refusal(users.create_api_key(&id, "key 0").await);
    assert_eq!(taken.unwrap().0, AuthErrorKind::ApiKeyAlreadyExists);
    let first = users.api_keys(&id).await.unwrap()[0].id.clone();
    users.delete_api_key(&id, &first).await.unwrap();
    create(20).await.unwrap();

    for number in 0..100 {
        users.create_server_key(&format!("key {number}")).await.unwrap();
    }
    assert_eq!(refusal(users.create_server_key("key 100").await), full);
    for name in ["", &"x".repeat(257)] {
        let refusal = refusal(users.create_api_key(&id, name).await);
        assert_eq!(refusal.unwrap().0, AuthErrorKind::BadRequest);
    }
}

async fn a_crash_leaves_keys_that_can_be_deleted(stage: Stage) {
    let users = stage.users();
    let new = users.create_server_key("ci").await.unwrap();
    stage.delete("users", doc! {}).await;
    stage.delete("api_keys", doc! {}).await;
    let users = stage.users();
    assert!(users.server_keys().await.unwrap()[0].disabled);
    let key = Credentials::ApiKey(new.key);
    assert_eq!(refusal(users.by_credentials(&key, FROM, false).await), invalid());
    users.delete_server_key(&new.api_key.id).await.unwrap();
    users.create_server_key("ci").await.unwrap();
}
