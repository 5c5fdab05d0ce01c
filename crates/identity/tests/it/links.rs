//! Users with several identities.

use std::{sync::Arc, time::Duration};

use bson::{Bson, Document, doc};
use hookstead_identity::{AuthErrorKind, Credentials};

use crate::stage::{FROM, Stage, email, on_both_stores, refusal, refused};

on_both_stores! {
    a_registered_address_becomes_an_identity_of_the_user,
    an_identity_of_somebody_else_is_refused,
    of_many_who_link_one_identity_at_once_one_wins,
    what_a_crash_leaves_of_a_link_is_made_good,
}

async fn a_registered_address_becomes_an_identity_of_the_user(stage: Stage) {
    let users = stage.users();
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    let anonymous = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let credentials = email("a@b.c", "correct horse");
    let wrong = users.link(&anonymous.access_token, &email("a@b.c", "wrong horse"), FROM).await;
    assert_eq!(refusal(wrong).unwrap().0, AuthErrorKind::InvalidPassword);
    let linked = users.link(&anonymous.access_token, &credentials, FROM).await.unwrap();
    assert_eq!(linked.user.id, anonymous.user.id);
    assert_eq!(linked.user.data, doc! { "email": "a@b.c" });
    let function = Credentials::CustomFunction(Document::new().into());
    let linked = users.link(&linked.access_token, &function, FROM).await.unwrap();
    let types: Vec<_> =
        linked.user.identities.iter().map(|identity| &*identity.provider_type).collect();
    assert_eq!(types, ["anon-user", "local-userpass", "custom-function"]);
    for credentials in [credentials, function] {
        let log_in = users.log_in(&credentials, FROM).await.unwrap();
        assert_eq!(log_in.user.id, anonymous.user.id);
    }
    assert_eq!(stage.documents("users").await.len(), 1);
    // The user is no anonymous one any more, and stays.
    stage.pass(Duration::from_hours(91 * 24));
    users.refresh(&anonymous.refresh_token).await.unwrap();
    stage.directory().sweep().await.unwrap();
    stage.users().refresh(&anonymous.refresh_token).await.unwrap();
    // All identities go with the user.
    users.delete(&anonymous.user.id).await.unwrap();
    assert_eq!(stage.documents("identities").await, []);
}

async fn an_identity_of_somebody_else_is_refused(stage: Stage) {
    let users = stage.users();
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    let function = Credentials::CustomFunction(Document::new().into());
    users.log_in(&function, FROM).await.unwrap();
    users.create("a@b.c", "correct horse").await.unwrap();
    let anonymous = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    let taken = refused(AuthErrorKind::BadRequest, "the identity belongs to a user already");
    for credentials in [&function, &email("a@b.c", "correct horse")] {
        let refusal = refusal(users.link(&anonymous.access_token, credentials, FROM).await);
        assert_eq!(refusal, taken);
    }
    for credentials in [&Credentials::Anonymous, &Credentials::ApiKey("x".repeat(64))] {
        let refusal = refusal(users.link(&anonymous.access_token, credentials, FROM).await);
        assert_eq!(refusal.unwrap().0, AuthErrorKind::BadRequest);
    }
    // Not with a session that is over, though the access token is still valid.
    users.register("b@b.c", "correct horse", FROM).await.unwrap();
    users.log_out(&anonymous.refresh_token).await.unwrap();
    let over = users.link(&anonymous.access_token, &email("b@b.c", "correct horse"), FROM).await;
    assert_eq!(refusal(over), refused(AuthErrorKind::InvalidSession, "invalid session"));
    users.log_in(&email("b@b.c", "correct horse"), FROM).await.unwrap();
}

async fn of_many_who_link_one_identity_at_once_one_wins(stage: Stage) {
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    let copies = [Arc::new(stage.users()), Arc::new(stage.users())];
    let mut tasks = Vec::new();
    for number in 0..8 {
        let users = Arc::clone(&copies[number % 2]);
        let log_in = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
        tasks.push(tokio::spawn(async move {
            let function = Credentials::CustomFunction(Document::new().into());
            let linked = users.link(&log_in.access_token, &function, FROM).await;
            linked.is_ok().then_some(log_in.user.id.clone())
        }));
    }
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    let function = Credentials::CustomFunction(Document::new().into());
    let log_in = copies[0].log_in(&function, FROM).await.unwrap();
    assert_eq!(log_in.user.id, winners[0]);
}

async fn what_a_crash_leaves_of_a_link_is_made_good(stage: Stage) {
    let users = stage.users();
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    let anonymous = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    let function = Credentials::CustomFunction(Document::new().into());
    users.link(&anonymous.access_token, &function, FROM).await.unwrap();
    let pull = doc! { "$pull": { "identities": { "provider_type": "custom-function" } } };
    stage.update("users", doc! {}, pull).await;
    let log_in = stage.users().log_in(&function, FROM).await.unwrap();
    assert_eq!(log_in.user.id, anonymous.user.id);
    assert_eq!(log_in.user.identities.len(), 2);
    assert_eq!(Bson::from(log_in.user.identities[1].id.clone()), "24601".into());
}
