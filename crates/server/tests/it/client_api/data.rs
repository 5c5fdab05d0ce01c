//! Methods of collections that clients call, under the rules.

use serde_json::{Value as Json, json};

use super::{EMAIL, call, user};
use crate::{
    harness::{Answer, App, Running},
    users::app,
};

/// A user sees and changes what is their own, and nobody's hidden field.
const NOTES: &str = r#"{ "database": "d", "collection": "notes", "roles": [{
    "name": "owner", "apply_when": { "owner": "%%user.id" }, "insert": true, "delete": true,
    "fields": { "_id": { "read": true, "write": true }, "text": { "read": true, "write": true },
        "n": { "read": true, "write": true }, "owner": { "read": true, "write": true } },
    "additional_fields": { "read": false, "write": false }
}] }"#;

/// Everybody does everything, within a schema.
const OPEN: &str = r#"{ "database": "d", "collection": "open", "roles": [{
    "name": "all", "apply_when": {}, "read": true, "write": true, "insert": true, "delete": true
}] }"#;

const SCHEMA: &str = r#"{ "bsonType": "object", "properties": { "n": { "bsonType": "number" } } }"#;

fn with_notes() -> App {
    app()
        .data()
        .file("data_sources/mongodb-atlas/d/notes/rules.json", NOTES)
        .file("data_sources/mongodb-atlas/d/open/rules.json", OPEN)
        .file("data_sources/mongodb-atlas/d/open/schema.json", SCHEMA)
        .webhook(("hooks", "http"), "w", "exports = () => 1", json!({}))
}

async fn on(server: &Running, token: &str, name: &str, mut argument: Json) -> Answer {
    argument["database"] = json!("d");
    if argument.get("collection").is_none() {
        argument["collection"] = json!("open");
    }
    let body = json!({ "name": name, "service": "mongodb-atlas", "arguments": [argument] });
    call(server, token, &body).await
}

#[tokio::test]
async fn every_method_answers_in_the_shape_of_the_hosted_service() {
    let server = with_notes().start().await;
    let [token, ..] = user(&server, EMAIL).await;
    let cases: Vec<Json> = serde_json::from_str(include_str!("methods.json")).unwrap();
    for case in cases {
        let method = case["method"].as_str().unwrap();
        let answer = on(&server, &token, method, case["argument"].clone()).await;
        assert_eq!((answer.status, &answer.json()), (200, &case["result"]), "{case}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    let answer = on(&server, &token, "insertOne", json!({ "document": {} })).await.json();
    assert_eq!(answer["insertedId"]["$oid"].as_str().unwrap().len(), 24);
    let log = server.stop().await;
    assert!(log.contains("the update has no operators, so its fields are set"), "{log}");
}

#[tokio::test]
async fn refusals_have_their_status_code_and_text() {
    let server = with_notes().start().await;
    let [token, ..] = user(&server, EMAIL).await;
    let stored = on(&server, &token, "insertOne", json!({ "document": { "_id": 1 } })).await;
    assert_eq!(stored.status, 200);
    let cases: Vec<Json> = serde_json::from_str(include_str!("refusals.json")).unwrap();
    for case in cases {
        let [method, code, text] =
            ["method", "code", "text"].map(|name| case[name].as_str().unwrap());
        let answer = on(&server, &token, method, case["argument"].clone()).await;
        let (status, seen) = answer.error();
        assert_eq!((&json!(status), seen.as_str()), (&case["status"], code), "{case}: {answer:?}");
        assert!(answer.message().starts_with(text), "{case}: {answer:?}");
    }
    for (service, code, text) in [
        ("other", "ServiceNotFound", "service not found: 'other'"),
        (
            "hooks",
            "ServiceCommandNotFound",
            "service 'hooks' (http): action 'find' is not supported",
        ),
    ] {
        let body = json!({ "name": "find", "service": service, "arguments": [{}] });
        let answer = call(&server, &token, &body).await;
        assert_eq!(answer.error(), (404, code.to_owned()));
        assert!(answer.message().starts_with(text), "{answer:?}");
    }
    for arguments in [json!([]), json!([{}, {}]), json!([1])] {
        let body = json!({ "name": "find", "service": "mongodb-atlas", "arguments": arguments });
        assert_eq!(
            call(&server, &token, &body).await.error(),
            (400, "InvalidParameter".to_owned())
        );
    }
}

#[tokio::test]
async fn users_do_not_reach_the_documents_of_others_by_any_method() {
    let server = with_notes().start().await;
    let [a, _, a_id] = user(&server, EMAIL).await;
    let [b, _, b_id] = user(&server, "b@example.com").await;
    let note = |id: &str, owner: &str| json!({ "_id": id, "owner": owner, "text": "secret" });
    let notes = |mut argument: Json| {
        argument["collection"] = json!("notes");
        argument
    };
    for (token, id, owner) in [(&a, "a", &a_id), (&b, "b", &b_id)] {
        let argument = notes(json!({ "document": note(id, owner) }));
        assert_eq!(on(&server, token, "insertOne", argument).await.status, 200);
    }
    let of_b = json!({ "_id": "b" });
    let none = json!({ "$numberInt": "0" });
    let nothing_updated = json!({ "matchedCount": none, "modifiedCount": none });
    let set = json!({ "$set": { "text": "x" } });
    let take = json!({ "$set": { "owner": a_id } });
    for (name, argument, expected) in [
        ("find", json!({ "query": of_b }), json!([])),
        ("find", json!({ "query": {} }), json!([note("a", &a_id)])),
        ("find", json!({ "query": { "$or": [{ "owner": b_id }, { "_id": "b" }] } }), json!([])),
        ("findOne", json!({ "query": of_b }), json!(null)),
        ("count", json!({ "query": {} }), json!({ "$numberLong": "1" })),
        ("updateOne", json!({ "query": of_b, "update": set }), nothing_updated.clone()),
        ("updateMany", json!({ "query": of_b, "update": take }), nothing_updated.clone()),
        ("updateOne", json!({ "query": of_b, "update": { "text": "x" } }), nothing_updated),
        ("deleteOne", json!({ "query": of_b }), json!({ "deletedCount": none })),
        ("deleteMany", json!({ "query": of_b }), json!({ "deletedCount": none })),
        ("findOneAndUpdate", json!({ "filter": of_b, "update": set }), json!(null)),
        ("findOneAndReplace", json!({ "filter": of_b, "update": note("b", &a_id) }), json!(null)),
        ("findOneAndReplace", json!({ "filter": of_b }), json!(null)),
        ("findOneAndDelete", json!({ "filter": of_b }), json!(null)),
    ] {
        let answer = on(&server, &a, name, notes(argument.clone())).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{name} {argument}");
    }
    let refused = [
        ("insertOne", json!({ "document": note("c", &b_id) })),
        ("insertMany", json!({ "documents": [note("c", &a_id), note("d", &b_id)] })),
        (
            "updateOne",
            json!({ "query": { "_id": "c" }, "update": { "owner": b_id }, "upsert": true }),
        ),
        ("updateOne", json!({ "query": { "_id": "a" }, "update": { "$set": { "hidden": 1 } } })),
        ("aggregate", json!({ "pipeline": [{ "$match": of_b }] })),
        ("aggregate", json!({ "pipeline": [{ "$group": { "_id": "$owner" } }] })),
        ("aggregate", json!({ "pipeline": [{ "$out": "notes" }] })),
        ("aggregate", json!({ "pipeline": [{ "$unionWith": "notes" }] })),
    ];
    for (name, argument) in refused {
        let answer = on(&server, &a, name, notes(argument.clone())).await;
        assert_eq!(answer.status, 403, "{name} {argument}: {answer:?}");
    }
    let left = on(&server, &b, "find", notes(json!({ "query": {} }))).await.json();
    assert_eq!(left, json!([note("b", &b_id)]));
}

#[tokio::test]
async fn results_and_arguments_are_limited() {
    let mut limited = with_notes();
    limited.settings.limits.result_bytes_max = 1000;
    let server = limited.start().await;
    let [token, ..] = user(&server, EMAIL).await;
    let text = "x".repeat(600);
    let documents = json!({ "documents": [{ "text": text }, { "text": text }] });
    assert_eq!(on(&server, &token, "insertMany", documents).await.status, 200);
    let answer = on(&server, &token, "find", json!({ "query": {} })).await;
    assert_eq!(answer.error(), (400, "ReadSizeLimitExceeded".to_owned()));
    let answer = on(&server, &token, "find", json!({ "query": {}, "limit": 1 })).await;
    assert_eq!(answer.status, 200);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    let argument = format!(r#"{{"database":"d","collection":"open","query":{deep}}}"#);
    let body = format!(r#"{{"name":"find","service":"mongodb-atlas","arguments":[{argument}]}}"#);
    let answer = server.call("POST", &super::call_path(), &[("authorization", &token)], body).await;
    assert_eq!(answer.error(), (400, "InvalidParameter".to_owned()), "{answer:?}");
}
