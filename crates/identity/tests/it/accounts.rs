//! Email and password.

use std::sync::Arc;

use bson::{Bson, doc};
use hookstead_identity::{AuthErrorKind, ExtendedJson, UserType};

use crate::stage::{FROM, Stage, email, email_password, on_both_stores, refusal, refused};

on_both_stores! {
    who_registers_can_log_in,
    a_name_belongs_to_one_user,
    of_many_who_register_one_name_at_once_one_wins,
    an_unknown_name_and_a_wrong_password_answer_the_same,
    what_else_is_wrong_is_told_only_with_the_right_password,
    a_confirmation_function_decides,
    a_function_that_refuses_leaves_the_name_free,
    a_link_confirms_once_and_for_30_minutes,
    an_operator_creates_and_confirms,
    a_crash_leaves_no_name_that_nobody_can_use,
    a_proven_password_is_remembered_until_it_changes,
    many_first_log_ins_at_once_make_one_user,
    a_reset_link_works_once_and_ends_sessions,
    a_reset_function_decides,
    nothing_is_stored_in_clear,
    another_name_with_the_same_id_is_no_match,
}

const WRONG: &str = "invalid username/password";

async fn who_registers_can_log_in(stage: Stage) {
    let users = stage.users();
    let registration = users.register("a@b.c", "correct horse", FROM).await.unwrap();
    assert!(registration.is_confirmed && registration.link.is_none());
    let log_in = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    let user = users.by_access_token(&log_in.access_token).await.unwrap();
    assert_eq!(user.user_type, UserType::Normal);
    assert_eq!(user.data, doc! { "email": "a@b.c" });
    assert_eq!(user.identities.len(), 1);
    assert_eq!(user.identities[0].provider_type, "local-userpass");
    assert_eq!(user.identities[0].id.len(), 24);
    assert_eq!(*users.by_id(&user.id).await.unwrap(), *user);
    let again = users.by_credentials(&email("a@b.c", "correct horse"), FROM, false).await;
    assert_eq!(again.unwrap().id, user.id);
    // Names are compared with case.
    let other = users.log_in(&email("A@b.c", "correct horse"), FROM).await;
    assert_eq!(refusal(other), refused(AuthErrorKind::InvalidPassword, WRONG));
}

async fn a_name_belongs_to_one_user(stage: Stage) {
    let users = stage.users();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let in_use = refused(AuthErrorKind::AccountNameInUse, "name already in use");
    assert_eq!(refusal(users.register("a@b.c", "another one", FROM).await), in_use);
    assert_eq!(refusal(users.create("a@b.c", "another one").await), in_use);
    let log_in = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    users.delete(&log_in.user.id).await.unwrap();
    users.register("a@b.c", "another one", FROM).await.unwrap();
    let next = users.log_in(&email("a@b.c", "another one"), FROM).await.unwrap();
    assert_ne!(next.user.id, log_in.user.id);
    for (name, password) in [("", "long enough"), ("b@b.c", "short"), (&"x".repeat(1025), "123456")]
    {
        let error = users.register(name, password, FROM).await.err().unwrap();
        assert_eq!(error.kind, AuthErrorKind::BadRequest);
    }
    assert!(users.register("b@b.c", &"x".repeat(129), FROM).await.is_err());
    users.register("b@b.c", &"ü".repeat(128), FROM).await.unwrap();
}

async fn of_many_who_register_one_name_at_once_one_wins(stage: Stage) {
    // Two copies of the program.
    let copies = [Arc::new(stage.users()), Arc::new(stage.users())];
    let register = |number: usize| {
        let users = Arc::clone(&copies[number % 2]);
        tokio::spawn(async move {
            let password = format!("password {number}");
            users.register("a@b.c", &password, FROM).await.is_ok().then_some(password)
        })
    };
    let mut winners = Vec::new();
    for task in (0..6).map(register).collect::<Vec<_>>() {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    copies[0].log_in(&email("a@b.c", &winners[0]), FROM).await.unwrap();
}

async fn an_unknown_name_and_a_wrong_password_answer_the_same(stage: Stage) {
    let users = stage.users();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let long = "x".repeat(10_000);
    for (name, password) in [
        ("a@b.c", "wrong horse"),
        ("nobody@b.c", "correct horse"),
        ("", ""),
        ("a@b.c", ""),
        ("a@b.c", &long),
        (&long, "correct horse"),
    ] {
        let answer = users.log_in(&email(name, password), FROM).await.err().unwrap();
        assert_eq!(
            refusal::<()>(Err(answer.clone())),
            refused(AuthErrorKind::InvalidPassword, WRONG)
        );
        assert_eq!(answer.detail, None);
    }
}

async fn what_else_is_wrong_is_told_only_with_the_right_password(stage: Stage) {
    let users = stage.users_with(|config| email_password(config).auto_confirm = false);
    let registration = users.register("a@b.c", "correct horse", FROM).await.unwrap();
    assert!(!registration.is_confirmed);
    let wrong = refused(AuthErrorKind::InvalidPassword, WRONG);
    let log_in = async |password| users.log_in(&email("a@b.c", password), FROM).await;
    assert_eq!(refusal(log_in("wrong horse").await), wrong);
    let pending = refused(AuthErrorKind::AuthError, "confirmation required");
    assert_eq!(refusal(log_in("correct horse").await), pending);
    users.confirm_by_operator("a@b.c").await.unwrap();
    let id = log_in("correct horse").await.unwrap().user.id.clone();
    users.set_enabled(&id, false).await.unwrap();
    assert_eq!(refusal(log_in("wrong horse").await), wrong);
    let disabled = refused(AuthErrorKind::UserDisabled, "user disabled");
    assert_eq!(refusal(log_in("correct horse").await), disabled);
    assert_eq!(refusal(users.by_id(&id).await), disabled);
    users.set_enabled(&id, true).await.unwrap();
    log_in("correct horse").await.unwrap();
}

async fn a_confirmation_function_decides(stage: Stage) {
    let users = stage
        .users_with(|config| email_password(config).confirmation_function = Some("f".to_owned()));
    stage.functions.set_status("f", "success");
    assert!(users.register("a@b.c", "correct horse", FROM).await.unwrap().is_confirmed);
    users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();

    stage.functions.set_status("f", "pending");
    assert!(!users.register("b@b.c", "correct horse", FROM).await.unwrap().is_confirmed);
    assert!(users.log_in(&email("b@b.c", "correct horse"), FROM).await.is_err());
    let (name, arguments) = stage.functions.calls.lock().unwrap().pop().unwrap();
    assert_eq!((name.as_str(), arguments.len()), ("f", 1));
    let argument = arguments[0].as_document().unwrap();
    assert_eq!(argument.keys().collect::<Vec<_>>(), ["token", "tokenId", "username"]);
    assert_eq!(argument.get_str("username").unwrap(), "b@b.c");
    let text = |name| argument.get_str(name).unwrap();
    let invalid = refused(AuthErrorKind::UserpassTokenInvalid, "invalid token data");
    assert_eq!(refusal(users.confirm(text("tokenId"), "another").await), invalid);
    users.confirm(text("tokenId"), text("token")).await.unwrap();
    users.log_in(&email("b@b.c", "correct horse"), FROM).await.unwrap();

    users.register("c@b.c", "correct horse", FROM).await.unwrap();
    stage.functions.set_status("f", "success");
    users.run_confirmation("c@b.c").await.unwrap();
    users.log_in(&email("c@b.c", "correct horse"), FROM).await.unwrap();
    let already = refused(AuthErrorKind::UserAlreadyConfirmed, "already confirmed");
    assert_eq!(refusal(users.run_confirmation("c@b.c").await), already);
    let unknown = refused(AuthErrorKind::UserNotFound, "user not found");
    assert_eq!(refusal(users.run_confirmation("d@b.c").await), unknown);
}

async fn a_function_that_refuses_leaves_the_name_free(stage: Stage) {
    let users = stage
        .users_with(|config| email_password(config).confirmation_function = Some("f".to_owned()));
    let message = "failed to confirm user \"a@b.c\"";
    type Function = fn(Vec<Bson>) -> Result<Bson, String>;
    let refusals: [Function; 5] = [
        |_| Ok(bson::bson!({ "status": "fail" })),
        |_| Err("thrown".to_owned()),
        |_| Ok(bson::bson!({})),
        |_| Ok(Bson::Undefined),
        |_| Ok(bson::bson!({ "status": true })),
    ];
    for function in refusals {
        stage.functions.set("f", function);
        let refusal = refusal(users.register("a@b.c", "correct horse", FROM).await);
        assert_eq!(refusal, refused(AuthErrorKind::BadRequest, message));
        assert_eq!(stage.documents("identities").await, []);
    }
    stage.functions.set_status("f", "success");
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
}

async fn a_link_confirms_once_and_for_30_minutes(stage: Stage) {
    let users = stage.users_with(|config| email_password(config).auto_confirm = false);
    let first = users.register("a@b.c", "correct horse", FROM).await.unwrap().link.unwrap();
    let second = users.new_confirmation_link("a@b.c").await.unwrap();
    stage.pass(std::time::Duration::from_mins(31));
    let invalid = refused(AuthErrorKind::UserpassTokenInvalid, "invalid token data");
    for (id, token) in [
        (&*first.token_id, &*first.token),
        (&second.token_id, &second.token),
        ("", ""),
        ("0123456789abcdef01234567", &second.token),
    ] {
        assert_eq!(refusal(users.confirm(id, token).await), invalid);
    }
    let third = users.new_confirmation_link("a@b.c").await.unwrap();
    users.confirm(&third.token_id, &third.token).await.unwrap();
    assert_eq!(refusal(users.confirm(&third.token_id, &third.token).await), invalid);
    users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    // A link for one purpose does not serve another.
    let reset = users.new_reset_link("a@b.c").await.unwrap();
    assert_eq!(refusal(users.confirm(&reset.token_id, &reset.token).await), invalid);
}

async fn an_operator_creates_and_confirms(stage: Stage) {
    let users = stage.users_with(|config| email_password(config).auto_confirm = false);
    let id = users.create("a@b.c", "correct horse").await.unwrap();
    let log_in = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    assert_eq!(log_in.user.id, id);
    let unknown = refused(AuthErrorKind::UserNotFound, "user not found");
    assert_eq!(refusal(users.confirm_by_operator("b@b.c").await), unknown);
    assert_eq!(refusal(users.by_id("b").await), unknown);
    assert_eq!(refusal(users.set_enabled("0123456789abcdef01234567", false).await), unknown);
    assert_eq!(refusal(users.delete("0123456789abcdef01234567").await), unknown);
    // Users of another app are not found.
    let other = stage.users_with(|config| config.domain_id = "0".repeat(24));
    assert_eq!(refusal(other.by_id(&id).await), unknown);
    assert_eq!(refusal(other.delete(&id).await), unknown);
    assert_eq!(refusal(other.set_enabled(&id, false).await), unknown);
    assert!(other.log_in(&email("a@b.c", "correct horse"), FROM).await.is_err());
    other.register("a@b.c", "another one", FROM).await.unwrap();
}

async fn a_crash_leaves_no_name_that_nobody_can_use(stage: Stage) {
    let users = stage.users();
    let log_in = async |name| users.log_in(&email(name, "correct horse"), FROM).await;
    // Before the first log-in has made the user: the next one does.
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    log_in("a@b.c").await.unwrap();
    stage.delete("users", doc! {}).await;
    stage.update("identities", doc! {}, doc! { "$set": { "user_exists": false } }).await;
    let users = stage.users();
    users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    // After it has made the user, before the identity knows.
    stage.update("identities", doc! {}, doc! { "$set": { "user_exists": false } }).await;
    stage.update("users", doc! {}, doc! { "$set": { "identities": [] } }).await;
    let users = stage.users();
    let user = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap().user;
    assert_eq!(user.data, doc! { "email": "a@b.c" });
    assert!(stage.documents("identities").await[0].get_bool("user_exists").unwrap());
    // In the middle of a deletion: nobody logs in, and the name is free.
    stage.update("users", doc! {}, doc! { "$set": { "deleted": true } }).await;
    let users = stage.users();
    let refusal = refusal(users.log_in(&email("a@b.c", "correct horse"), FROM).await);
    assert_eq!(refusal, refused(AuthErrorKind::InvalidPassword, WRONG));
    users.register("a@b.c", "another one", FROM).await.unwrap();
    // The user is gone and the identity was left.
    users.log_in(&email("a@b.c", "another one"), FROM).await.unwrap();
    stage.delete("users", doc! {}).await;
    let users = stage.users();
    users.register("a@b.c", "a third one", FROM).await.unwrap();
    users.log_in(&email("a@b.c", "a third one"), FROM).await.unwrap();
}

async fn a_proven_password_is_remembered_until_it_changes(stage: Stage) {
    let users = stage.users();
    let credentials = email("a@b.c", "correct horse");
    let id = users.create("a@b.c", "correct horse").await.unwrap();
    users.by_credentials(&credentials, FROM, false).await.unwrap();
    // A hash that no password has: only the memory can answer now.
    let hashes = stage.documents("identities").await;
    let hash = hashes[0].get_str("password").unwrap().to_owned();
    stage.update("identities", doc! {}, doc! { "$set": { "password": "broken" } }).await;
    users.by_credentials(&credentials, FROM, false).await.unwrap();
    assert!(users.by_credentials(&email("a@b.c", "wrong horse"), FROM, false).await.is_err());
    stage.update("identities", doc! {}, doc! { "$set": { "password": hash } }).await;

    users.set_enabled(&id, false).await.unwrap();
    let disabled = refused(AuthErrorKind::UserDisabled, "user disabled");
    assert_eq!(refusal(users.by_credentials(&credentials, FROM, false).await), disabled);
    users.set_enabled(&id, true).await.unwrap();
    users.by_credentials(&credentials, FROM, false).await.unwrap();

    let link = users.reset_link_by_operator("a@b.c").await.unwrap();
    users.reset(&link.token_id, &link.token, "another one").await.unwrap();
    let former = users.by_credentials(&credentials, FROM, false).await;
    assert_eq!(refusal(former), refused(AuthErrorKind::InvalidPassword, WRONG));
    users.by_credentials(&email("a@b.c", "another one"), FROM, false).await.unwrap();
}

async fn many_first_log_ins_at_once_make_one_user(stage: Stage) {
    let copies = [Arc::new(stage.users()), Arc::new(stage.users())];
    copies[0].register("a@b.c", "correct horse", FROM).await.unwrap();
    let log_in = |number: usize| {
        let users = Arc::clone(&copies[number % 2]);
        tokio::spawn(async move {
            let credentials = email("a@b.c", "correct horse");
            users.log_in(&credentials, FROM).await.unwrap().user.id.clone()
        })
    };
    let mut ids = Vec::new();
    for task in (0..6).map(log_in).collect::<Vec<_>>() {
        ids.push(task.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(stage.documents("users").await.len(), 1);
}

async fn a_reset_link_works_once_and_ends_sessions(stage: Stage) {
    let users = stage.users();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let log_in = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    users.refresh(&log_in.refresh_token).await.unwrap();
    stage.pass(std::time::Duration::from_secs(1));
    let (used, other) = (
        users.new_reset_link("a@b.c").await.unwrap(),
        users.new_reset_link("a@b.c").await.unwrap(),
    );
    let invalid = refused(AuthErrorKind::UserpassTokenInvalid, "invalid token data");
    let short = users.reset(&used.token_id, &used.token, "short").await;
    assert_eq!(refusal(short).unwrap().0, AuthErrorKind::BadRequest);
    users.reset(&used.token_id, &used.token, "another one").await.unwrap();
    for link in [&used, &other] {
        let again = users.reset(&link.token_id, &link.token, "a third one").await;
        assert_eq!(refusal(again), invalid);
    }
    assert!(users.log_in(&email("a@b.c", "correct horse"), FROM).await.is_err());
    users.log_in(&email("a@b.c", "another one"), FROM).await.unwrap();
    let over = refused(AuthErrorKind::InvalidSession, "invalid session");
    assert_eq!(refusal(users.refresh(&log_in.refresh_token).await), over);
    let late = users.new_reset_link("a@b.c").await.unwrap();
    stage.pass(std::time::Duration::from_mins(30));
    let late = users.reset(&late.token_id, &late.token, "a third one").await;
    assert_eq!(refusal(late), invalid);
    let unknown = refused(AuthErrorKind::UserNotFound, "user not found");
    assert_eq!(refusal(users.new_reset_link("b@b.c").await), unknown);
}

async fn a_reset_function_decides(stage: Stage) {
    let users =
        stage.users_with(|config| email_password(config).reset_function = Some("f".to_owned()));
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let refusal_of_link = refusal(users.new_reset_link("a@b.c").await);
    let message = "please use reset password via function";
    assert_eq!(refusal_of_link, refused(AuthErrorKind::BadRequest, message));
    let seven = ExtendedJson::of_text("[7]");
    let reset = async |password| users.run_reset("a@b.c", password, &seven, FROM).await;
    let log_in = async |password| users.log_in(&email("a@b.c", password), FROM).await;

    stage.functions.set_status("f", "fail");
    let refusal = refusal(reset("another one").await);
    let message = "failed to reset password for user \"a@b.c\"";
    assert_eq!(refusal, refused(AuthErrorKind::BadRequest, message));
    let calls = std::mem::take(&mut *stage.functions.calls.lock().unwrap());
    assert_eq!(calls[0].1[1], Bson::Int32(7));
    let argument = calls[0].1[0].as_document().unwrap();
    let names = ["username", "password", "token", "tokenId", "currentPasswordValid"];
    assert_eq!(argument.keys().collect::<Vec<_>>(), names);
    assert!(!argument.get_bool("currentPasswordValid").unwrap());
    let text = |name| argument.get_str(name).unwrap();
    assert!(users.reset(text("tokenId"), text("token"), "another one").await.is_err());
    assert!(log_in("another one").await.is_err());

    stage.functions.set_status("f", "success");
    reset("correct horse").await.unwrap();
    let calls = std::mem::take(&mut *stage.functions.calls.lock().unwrap());
    let argument = calls[0].1[0].as_document().unwrap();
    assert!(argument.get_bool("currentPasswordValid").unwrap());
    reset("another one").await.unwrap();
    log_in("another one").await.unwrap();

    stage.functions.set_status("f", "pending");
    reset("a third one").await.unwrap();
    assert!(log_in("a third one").await.is_err());
    let (_, arguments) = stage.functions.calls.lock().unwrap().pop().unwrap();
    let argument = arguments[0].as_document().unwrap();
    let text = |name| argument.get_str(name).unwrap();
    users.reset(text("tokenId"), text("token"), "a third one").await.unwrap();
    log_in("a third one").await.unwrap();
}

async fn nothing_is_stored_in_clear(stage: Stage) {
    let users = stage.users();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let log_in = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();
    let reset = users.new_reset_link("a@b.c").await.unwrap();
    let user_key = users.create_api_key(&log_in.user.id, "k").await.unwrap();
    let server_key = users.create_server_key("k").await.unwrap();
    let secrets = [
        "correct horse",
        &log_in.access_token,
        &log_in.refresh_token,
        &reset.token,
        &user_key.key,
        &server_key.key,
    ];
    for collection in ["users", "identities", "sessions", "api_keys", "server_keys"] {
        let documents = stage.documents(collection).await;
        assert!(!documents.is_empty(), "{collection}");
        let text = format!("{documents:?}");
        for secret in secrets {
            assert!(!text.contains(secret), "{collection}");
        }
    }
}

async fn another_name_with_the_same_id_is_no_match(stage: Stage) {
    let users = stage.users();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    stage.update("identities", doc! {}, doc! { "$set": { "name": "x@b.c" } }).await;
    let refusal_of_log_in = refusal(users.log_in(&email("a@b.c", "correct horse"), FROM).await);
    assert_eq!(refusal_of_log_in, refused(AuthErrorKind::InvalidPassword, WRONG));
    let in_use = refused(AuthErrorKind::AccountNameInUse, "name already in use");
    assert_eq!(refusal(users.register("a@b.c", "correct horse", FROM).await), in_use);
}
