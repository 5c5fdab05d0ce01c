//! Anonymous users and those of the app's own function.

use std::{sync::Arc, time::Duration};

use bson::{Bson, Document, doc};
use hookstead_identity::{
    AuthErrorKind, Credentials, CustomUserData, FunctionFailure, FunctionFailureKind, UserType,
    Users,
};

use crate::stage::{DOMAIN, FROM, Stage, email, on_both_stores, refusal, refused};

on_both_stores! {
    every_anonymous_log_in_is_a_new_user,
    an_anonymous_user_ends_after_90_days,
    a_function_names_the_user,
    many_log_ins_of_a_new_user_make_one,
    the_function_for_new_users_is_called_once_for_each,
    a_refused_user_leaves_nothing_behind,
    a_function_sees_every_new_user_and_can_refuse,
    custom_data_is_looked_up_as_documented,
    a_provider_that_is_not_enabled_refuses,
}

async fn every_anonymous_log_in_is_a_new_user(stage: Stage) {
    let users = stage.users();
    let first = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    let second = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    assert_ne!(first.user.id, second.user.id);
    let user = users.by_access_token(&first.access_token).await.unwrap();
    assert_eq!((user.user_type, &user.data), (UserType::Normal, &Document::new()));
    assert_eq!(user.identities[0].provider_type, "anon-user");
    assert_eq!(user.identities[0].id.len(), 49);
    // Headers of a request make no anonymous user.
    assert!(users.by_credentials(&Credentials::Anonymous, FROM, false).await.is_err());
    assert_eq!(stage.documents("users").await.len(), 2);
}

async fn an_anonymous_user_ends_after_90_days(stage: Stage) {
    let users = stage.users();
    let log_in = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    stage.pass(Duration::from_hours(90 * 24 - 1));
    let access_token = users.refresh(&log_in.refresh_token).await.unwrap();
    users.by_access_token(&access_token).await.unwrap();
    stage.pass(Duration::from_hours(1));
    let over = refused(AuthErrorKind::InvalidSession, "invalid session");
    assert_eq!(refusal(users.refresh(&log_in.refresh_token).await), over);
    let unknown = refused(AuthErrorKind::UserNotFound, "user not found");
    assert_eq!(refusal(users.by_id(&log_in.user.id).await), unknown);
}

async fn a_function_names_the_user(stage: Stage) {
    let users = stage.users();
    stage.functions.set("authenticate", |mut arguments| {
        let Some(Bson::Document(payload)) = arguments.pop() else { return Ok(Bson::Null) };
        match payload.get("as") {
            Some(Bson::String(error)) if error == "nobody" => Err("go away".to_owned()),
            Some(value) => Ok(value.clone()),
            None => Ok(Bson::Null),
        }
    });
    let log_in = async |value: Bson| {
        users
            .log_in(&Credentials::CustomFunction(doc! { "as": value, "options": {} }.into()), FROM)
            .await
    };
    let first = log_in("24601".into()).await.unwrap();
    assert_eq!(first.user.identities[0].id, "24601");
    assert_eq!(first.user.identities[0].provider_type, "custom-function");
    assert_eq!(first.user.data, Document::new());
    let again = log_in(bson::bson!({ "id": "24601", "name": "Jean" })).await.unwrap();
    assert_eq!(again.user.id, first.user.id);
    let other = log_in("24602".into()).await.unwrap();
    assert_ne!(other.user.id, first.user.id);
    let thrown = refused(AuthErrorKind::AuthError, "go away");
    assert_eq!(refusal(log_in("nobody".into()).await), thrown);
    let failed = refused(AuthErrorKind::AuthError, "authentication failed");
    for value in [
        Bson::Null,
        Bson::Boolean(true),
        Bson::Int32(1),
        "".into(),
        "x".repeat(2000).into(),
        bson::bson!({ "name": "Jean" }),
        bson::bson!({ "id": { "$ne": 1 } }),
        bson::bson!(["24601"]),
    ] {
        assert_eq!(refusal(log_in(value).await), failed);
    }
    users.delete(&first.user.id).await.unwrap();
    let anew = log_in("24601".into()).await.unwrap();
    assert_ne!(anew.user.id, first.user.id);
}

/// Many log-ins of one user at the same time, by two copies of the program.
async fn one_user_logs_in_many_times_at_once(copies: &[Arc<Users>; 2]) {
    let log_in = |number: usize| {
        let users = Arc::clone(&copies[number % 2]);
        tokio::spawn(async move {
            let credentials = Credentials::CustomFunction(Document::new().into());
            users.log_in(&credentials, FROM).await.unwrap().user.id.clone()
        })
    };
    let mut ids = Vec::new();
    for task in (0..16).map(log_in).collect::<Vec<_>>() {
        ids.push(task.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

async fn many_log_ins_of_a_new_user_make_one(stage: Stage) {
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    let copies = [Arc::new(stage.users()), Arc::new(stage.users())];
    one_user_logs_in_many_times_at_once(&copies).await;
    let documents = stage.documents("users").await;
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0].get_array("identities").unwrap().len(), 1);
}

async fn the_function_for_new_users_is_called_once_for_each(stage: Stage) {
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    stage.functions.set("onCreate", |_| Ok(Bson::Null));
    let copy = || {
        Arc::new(stage.users_with(|config| config.on_user_creation = Some("onCreate".to_owned())))
    };
    let copies = [copy(), copy()];
    one_user_logs_in_many_times_at_once(&copies).await;
    let calls = stage.functions.calls.lock().unwrap();
    assert_eq!(calls.iter().filter(|(name, _)| name == "onCreate").count(), 1);
}

async fn a_refused_user_leaves_nothing_behind(stage: Stage) {
    let users = stage.users_with(|config| config.on_user_creation = Some("onCreate".to_owned()));
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    stage.functions.set("onCreate", |_| Err("no more users".to_owned()));
    let credentials = Credentials::CustomFunction(Document::new().into());
    assert!(users.log_in(&credentials, FROM).await.is_err());
    assert_eq!(stage.documents("identities").await, []);
    // A crash may have left a name without a user.
    stage.functions.set("onCreate", |_| Ok(Bson::Null));
    users.log_in(&credentials, FROM).await.unwrap();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let crash = doc! { "$set": { "user_exists": false } };
    stage.update("identities", doc! { "name": "24601" }, crash).await;
    let names = async || stage.documents("identities").await.len();
    stage.pass(Duration::from_hours(1));
    stage.directory().sweep().await.unwrap();
    assert_eq!(names().await, 2);
    stage.delete("users", doc! {}).await;
    stage.directory().sweep().await.unwrap();
    assert_eq!(names().await, 1);
}

async fn a_function_sees_every_new_user_and_can_refuse(stage: Stage) {
    let users = stage.users_with(|config| config.on_user_creation = Some("onCreate".to_owned()));
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    stage.functions.set("onCreate", |_| Err("no more users".to_owned()));
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let all = [
        Credentials::Anonymous,
        Credentials::CustomFunction(Document::new().into()),
        email("a@b.c", "correct horse"),
    ];
    for credentials in &all {
        let refusal = refusal(users.log_in(credentials, FROM).await);
        assert_eq!(refusal, refused(AuthErrorKind::AuthError, "no more users"));
    }
    assert_eq!(stage.documents("users").await, []);
    assert_eq!(stage.documents("sessions").await, []);

    stage.functions.set("onCreate", |_| Ok(Bson::Null));
    stage.functions.calls.lock().unwrap().clear();
    for credentials in &all {
        users.log_in(credentials, FROM).await.unwrap();
    }
    let calls = std::mem::take(&mut *stage.functions.calls.lock().unwrap());
    let created: Vec<_> = calls.iter().filter(|(name, _)| name == "onCreate").collect();
    assert_eq!(created.len(), 3);
    let user = created[2].1[0].as_document().unwrap();
    let names = ["id", "type", "data", "custom_data", "identities"];
    assert_eq!(user.keys().collect::<Vec<_>>(), names);
    assert_eq!(user.get_document("data").unwrap(), &doc! { "email": "a@b.c" });
    users.log_in(&all[2], FROM).await.unwrap();
    assert_eq!(stage.functions.calls.lock().unwrap().len(), 0);
}

async fn custom_data_is_looked_up_as_documented(stage: Stage) {
    let place = CustomUserData {
        store: Arc::clone(&stage.store),
        database: stage.database.clone(),
        collection: "people".to_owned(),
        user_id_field: "user".to_owned(),
    };
    let users = stage.users_with(|config| config.custom_user_data = Some(place));
    let log_in = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    let id = bson::oid::ObjectId::parse_str(&log_in.user.id).unwrap();
    let user = users.by_access_token(&log_in.access_token).await.unwrap();
    assert_eq!(user.custom_data, Document::new());
    let found = async || {
        let user = users.by_id(&log_in.user.id).await.unwrap();
        assert_eq!(user.custom_data, Document::new());
        users.with_custom_data(user).await.unwrap().custom_data.get_i32("_id").unwrap_or(0)
    };
    assert_eq!(found().await, 0);
    stage.insert("people", doc! { "_id": 1, "user": id }).await;
    assert_eq!(found().await, 1);
    stage.insert("people", doc! { "_id": 2, "user": &log_in.user.id, "long": 5_i64 }).await;
    stage.insert("people", doc! { "_id": 3, "user": &log_in.user.id }).await;
    assert_eq!(found().await, 2);
    // A token holds what was known when it was made.
    let user = users.by_access_token(&log_in.access_token).await.unwrap();
    assert_eq!(user.custom_data, Document::new());
    let refreshed = users.refresh(&log_in.refresh_token).await.unwrap();
    let user = users.by_access_token(&refreshed).await.unwrap();
    assert_eq!(user.custom_data, doc! { "_id": 2, "user": &log_in.user.id, "long": 5_i64 });
}

async fn a_provider_that_is_not_enabled_refuses(stage: Stage) {
    let users = stage.users_with(|config| config.providers = Default::default());
    for credentials in [
        Credentials::Anonymous,
        email("a@b.c", "correct horse"),
        Credentials::ApiKey("x".repeat(64)),
        Credentials::CustomToken("a.b.c".to_owned()),
        Credentials::CustomFunction(Document::new().into()),
    ] {
        let refusal = refusal(users.log_in(&credentials, FROM).await);
        let message = "authentication provider not found";
        assert_eq!(refusal, refused(AuthErrorKind::ProviderNotFound, message));
    }
    assert!(users.register("a@b.c", "correct horse", FROM).await.is_err());
    assert!(users.new_reset_link("a@b.c").await.is_err());
    assert_eq!(DOMAIN.len(), 24);
}

#[tokio::test]
async fn trouble_of_the_server_is_not_the_fault_of_the_user() {
    let stage = Stage::embedded();
    let users = stage.users_with(|config| {
        config.on_user_creation = Some("onCreate".to_owned());
        let provider = crate::stage::email_password(config);
        provider.auto_confirm = false;
        provider.confirmation_function = Some("confirm".to_owned());
    });
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    let unavailable = "the user cannot be checked at the moment";
    for (kind, expected, message) in [
        (FunctionFailureKind::TooManyRequests, AuthErrorKind::TooManyRequests, "too many requests"),
        (FunctionFailureKind::Unavailable, AuthErrorKind::Unavailable, unavailable),
        (FunctionFailureKind::Internal, AuthErrorKind::Internal, "internal error"),
    ] {
        let fails = move |_| Err(FunctionFailure { kind, message: "in the house".to_owned() });
        let expected = refused(expected, message);
        let credentials = Credentials::CustomFunction(Document::new().into());
        for function in ["onCreate", "authenticate", "confirm"] {
            stage.functions.set("authenticate", |_| Ok("24601".into()));
            stage.functions.set_failing(function, fails);
            let refusal = match function {
                "confirm" => refusal(users.register("a@b.c", "correct horse", FROM).await),
                _ => refusal(users.log_in(&credentials, FROM).await),
            };
            assert_eq!(refusal, expected, "{function}");
        }
    }
}
