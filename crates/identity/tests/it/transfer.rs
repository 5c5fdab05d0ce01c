//! Users out and in.

use bson::{Document, doc};
use hookstead_identity::{
    AuthErrorKind, Credentials, ExtendedJson, ImportReport, UserType, provider_id,
};
use serde_json::{Value as Json, json};

use crate::stage::{DOMAIN, FROM, Stage, email, on_both_stores, refusal, refused};

on_both_stores! {
    users_of_the_hosted_service_keep_their_ids,
    users_of_flowerbases_exporter_keep_their_ids,
    what_cannot_be_taken_is_told_and_the_rest_is_taken,
    an_export_is_an_import,
    pages_follow_each_other,
    no_session_of_a_deleted_user_comes_back_with_an_import,
}

const JEAN: &str = "5cbf68583025b12840664682";
const IDENTITY: &str = "5cbf68583025b12880667681";

fn hosted() -> Json {
    json!([
        {
            "_id": JEAN,
            "identities": [
                { "id": IDENTITY, "provider_type": "local-userpass", "provider_id": IDENTITY },
                { "id": "24601", "provider_type": "custom-function", "provider_id": IDENTITY },
            ],
            "type": "normal",
            "creation_date": 1_556_047_960,
            "last_authentication_date": 1_600_000_000,
            "disabled": false,
            "data": { "email": "jean@b.c", "name": "Jean" },
        },
        {
            "_id": "5cbf68583025b12840664683",
            "identities": [{ "id": "javert", "provider_type": "custom-function" }],
            "type": "normal",
            "creation_date": 1_556_047_961,
            "last_authentication_date": 0,
            "disabled": true,
            "data": {},
        },
        {
            "_id": "5cbf68583025b12840664684",
            "identities": [{ "id": IDENTITY, "provider_type": "api-key" }],
            "type": "server",
            "data": { "name": "ci" },
        },
    ])
}

async fn users_of_the_hosted_service_keep_their_ids(stage: Stage) {
    let users = stage.users();
    let report = users.import(&hosted()).await.unwrap();
    assert_eq!(report, ImportReport { created: 3, existing: 0, refused: Vec::new() });
    let again = users.import(&hosted()).await.unwrap();
    assert_eq!(again, ImportReport { created: 0, existing: 3, refused: Vec::new() });

    let jean = users.by_id(JEAN).await.unwrap();
    assert_eq!(jean.data, doc! { "email": "jean@b.c", "name": "Jean" });
    assert_eq!(jean.identities[0].id, IDENTITY);
    assert_eq!(jean.identities[0].data, doc! { "email": "jean@b.c" });
    // Passwords never come along: whoever had one sets a new one.
    let refusal_of_log_in = refusal(users.log_in(&email("jean@b.c", "correct horse"), FROM).await);
    let wrong = refused(AuthErrorKind::InvalidPassword, "invalid username/password");
    assert_eq!(refusal_of_log_in, wrong);
    let link = users.reset_link_by_operator("jean@b.c").await.unwrap();
    users.reset(&link.token_id, &link.token, "correct horse").await.unwrap();
    let log_in = users.log_in(&email("jean@b.c", "correct horse"), FROM).await.unwrap();
    assert_eq!(log_in.user.id, JEAN);
    users.refresh(&log_in.refresh_token).await.unwrap();

    stage.functions.set("authenticate", |mut arguments| {
        Ok(arguments.pop().unwrap().as_document().unwrap().get("as").unwrap().clone())
    });
    let by_function = async |name: &str| {
        let payload: Document = doc! { "as": name };
        users.log_in(&Credentials::CustomFunction(payload.into()), FROM).await
    };
    assert_eq!(by_function("24601").await.unwrap().user.id, JEAN);
    let disabled = refused(AuthErrorKind::UserDisabled, "user disabled");
    assert_eq!(refusal(by_function("javert").await), disabled);
    let server = users.by_id("5cbf68583025b12840664684").await.unwrap();
    assert_eq!(server.user_type, UserType::Server);
    let taken = users.register("jean@b.c", "correct horse", FROM).await;
    assert_eq!(refusal(taken).unwrap().0, AuthErrorKind::AccountNameInUse);
}

async fn no_session_of_a_deleted_user_comes_back_with_an_import(stage: Stage) {
    let users = stage.users();
    stage.functions.set("authenticate", |_| Ok("24601".into()));
    let jean = Credentials::CustomFunction(ExtendedJson::of_text("{}"));
    users.import(&hosted()).await.unwrap();
    let log_in = users.log_in(&jean, FROM).await.unwrap();
    assert_eq!(log_in.user.id, JEAN);
    // Who is there already stays logged in.
    users.import(&hosted()).await.unwrap();
    users.refresh(&log_in.refresh_token).await.unwrap();
    users.delete(JEAN).await.unwrap();
    users.import(&hosted()).await.unwrap();
    let over = refused(AuthErrorKind::InvalidSession, "invalid session");
    assert_eq!(refusal(users.refresh(&log_in.refresh_token).await), over);
    assert_eq!(users.log_in(&jean, FROM).await.unwrap().user.id, JEAN);
}

async fn users_of_flowerbases_exporter_keep_their_ids(stage: Stage) {
    let users = stage.users();
    let list = json!([
        {
            "_id": JEAN,
            "email": "jean@b.c",
            "password": "d1e8a70b5ccab1dc2f56bbf7e99f064a.bfb8a04bde9f2d6a",
            "status": "confirmed",
            "identities": [
                { "id": IDENTITY, "provider_type": "local-userpass", "provider_id": IDENTITY },
            ],
        },
        {
            "_id": { "$oid": "5cbf68583025b12840664683" },
            "email": "javert@b.c",
            "status": "pending",
            "createdAt": { "$date": "2019-04-23T19:32:41Z" },
        },
    ]);
    let report = users.import(&list).await.unwrap();
    assert_eq!(report, ImportReport { created: 2, existing: 0, refused: Vec::new() });
    let jean = users.by_id(JEAN).await.unwrap();
    assert_eq!(jean.data, doc! { "email": "jean@b.c" });
    assert_eq!(jean.identities[0].id, IDENTITY);
    let text = format!("{:?}", stage.documents("identities").await);
    assert!(!text.contains("bfb8a04bde9f2d6a"));
    let link = users.reset_link_by_operator("jean@b.c").await.unwrap();
    users.reset(&link.token_id, &link.token, "correct horse").await.unwrap();
    let log_in = users.log_in(&email("jean@b.c", "correct horse"), FROM).await.unwrap();
    assert_eq!(log_in.user.id, JEAN);
    assert_eq!(users.list_pending().await.unwrap(), ["javert@b.c"]);
    let javert = &users.list(None, 10).await.unwrap()[1];
    assert_eq!((javert.created_s, javert.last_log_in_s), (1_556_047_961, None));
    assert_eq!(users.import(&list).await.unwrap().existing, 2);
}

async fn what_cannot_be_taken_is_told_and_the_rest_is_taken(stage: Stage) {
    let users = stage.users();
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let email = json!([{ "id": IDENTITY, "provider_type": "local-userpass" }]);
    let list = json!([
        5,
        { "email": "x@b.c" },
        { "_id": "x", "email": "x@b.c" },
        { "_id": JEAN, "identities": email },
        { "_id": JEAN, "email": "a@b.c" },
        { "_id": JEAN, "email": "x@b.c", "disabled": "no" },
        { "_id": JEAN, "email": "x@b.c", "type": "system" },
        { "_id": JEAN, "email": "x@b.c", "status": "fail" },
        { "_id": JEAN, "email": "x@b.c", "identities": {} },
        { "_id": JEAN, "email": "x@b.c", "identities": [{ "id": { "$ne": 1 } }] },
        { "_id": JEAN, "identities": [] },
        { "_id": JEAN, "email": "x@b.c", "data": 5 },
        { "_id": JEAN, "email": "x".repeat(2000) },
        { "_id": JEAN, "email": "b@b.c" },
    ]);
    let report = users.import(&list).await.unwrap();
    assert_eq!((report.created, report.existing, report.refused.len()), (1, 0, 13));
    let first: Vec<_> = report.refused.iter().take(5).collect();
    let of = |place: &str, why: &str| (place.to_owned(), why.to_owned());
    assert_eq!(
        first,
        [
            &of("entry 1", "it is no object"),
            &of("entry 2", "_id is not an id"),
            &of("entry 3", "_id is not an id"),
            &of(JEAN, "a user of local-userpass has no email address"),
            &of(JEAN, "another user has the name \"a@b.c\" of local-userpass"),
        ]
    );
    let other = stage.users_with(|config| config.domain_id = "0".repeat(24));
    let report = other.import(&json!([{ "_id": JEAN, "email": "b@b.c" }])).await.unwrap();
    assert_eq!((report.created, report.refused.len()), (0, 1));
    let error = users.import(&json!({ "users": [] })).await;
    assert_eq!(refusal(error), refused(AuthErrorKind::BadRequest, "this is no list of users"));
}

async fn an_export_is_an_import(stage: Stage) {
    let users = stage.users();
    users.import(&hosted()).await.unwrap();
    let exported = async |users: &hookstead_identity::Users| {
        let listed = users.list(None, 100).await.unwrap();
        Json::Array(listed.iter().map(|user| user.to_json(DOMAIN)).collect())
    };
    let list = exported(&users).await;
    assert_eq!(
        list[0],
        json!({
            "_id": JEAN,
            "identities": [
                {
                    "id": IDENTITY,
                    "provider_type": "local-userpass",
                    "provider_id": provider_id(DOMAIN, "local-userpass"),
                },
                {
                    "id": "24601",
                    "provider_type": "custom-function",
                    "provider_id": provider_id(DOMAIN, "custom-function"),
                },
            ],
            "type": "normal",
            "creation_date": 1_556_047_960,
            "last_authentication_date": 1_600_000_000,
            "disabled": false,
            "data": { "email": "jean@b.c", "name": "Jean" },
        })
    );
    for user in list.as_array().unwrap() {
        users.delete(user["_id"].as_str().unwrap()).await.unwrap();
    }
    assert_eq!(exported(&users).await, json!([]));
    assert_eq!(users.import(&list).await.unwrap().created, 3);
    assert_eq!(exported(&users).await, list);
}

async fn pages_follow_each_other(stage: Stage) {
    let users = stage.users();
    for _ in 0..5 {
        users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    }
    let other = stage.users_with(|config| config.domain_id = "0".repeat(24));
    other.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    let mut seen = Vec::new();
    loop {
        let after = seen.last().cloned();
        let page = users.list(after.as_deref(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|listed| listed.user.id));
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
}
