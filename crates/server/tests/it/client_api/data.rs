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
    let int = |number: i32| json!({ "$numberInt": number.to_string() });
    let one = json!({ "_id": "a", "n": int(1) });
    let updated = |matched: i32, modified: i32| json!({ "matchedCount": int(matched), "modifiedCount": int(modified) });
    let id = json!({ "_id": "a" });
    let cases = [
        ("insertOne", json!({ "document": { "_id": "a", "n": 1 } }), json!({ "insertedId": "a" })),
        (
            "insertMany",
            json!({ "documents": [{ "_id": "b" }, { "_id": int(3) }] }),
            json!({ "insertedIds": ["b", int(3)] }),
        ),
        ("find", json!({ "query": { "n": { "$gte": 1 } } }), json!([one])),
        (
            "find",
            json!({ "query": {}, "project": { "n": 1, "_id": 0 }, "sort": { "n": -1 },
            "limit": { "$numberDouble": "1" } }),
            json!([{ "n": int(1) }]),
        ),
        ("findOne", json!({ "query": id }), one.clone()),
        ("findOne", json!({ "query": { "_id": "x" } }), json!(null)),
        ("count", json!({ "query": {} }), json!({ "$numberLong": "3" })),
        ("count", json!({ "query": {}, "limit": 2 }), json!({ "$numberLong": "2" })),
        (
            "aggregate",
            json!({ "pipeline": [{ "$match": id }, { "$project": { "n": 1 } }] }),
            json!([one]),
        ),
        ("updateOne", json!({ "query": id, "update": { "$set": { "n": 2 } } }), updated(1, 1)),
        ("updateOne", json!({ "query": id, "update": { "t": "plain" } }), updated(1, 1)),
        ("updateMany", json!({ "query": {}, "update": { "t": "all" } }), updated(3, 3)),
        (
            "updateOne",
            json!({ "query": { "_id": "u" }, "update": { "n": 5 }, "upsert": true }),
            json!({ "matchedCount": int(0), "modifiedCount": int(0), "upsertedId": "u" }),
        ),
        (
            "findOneAndUpdate",
            json!({ "filter": id, "update": { "$inc": { "n": 1 } } }),
            json!({ "_id": "a", "n": int(2), "t": "all" }),
        ),
        (
            "findOneAndUpdate",
            json!({ "filter": id, "update": { "n": 7 }, "projection": { "n": 1 },
            "returnNewDocument": true }),
            json!({ "_id": "a", "n": int(7) }),
        ),
        (
            "findOneAndReplace",
            json!({ "filter": id, "update": { "n": 8 }, "returnNewDocument": true }),
            json!({ "_id": "a", "n": int(8) }),
        ),
        ("findOneAndDelete", json!({ "filter": id }), json!({ "_id": "a", "n": int(8) })),
        (
            "findOneAndReplace",
            json!({ "filter": { "_id": "u" } }),
            json!({ "_id": "u", "n": int(5) }),
        ),
        ("count", json!({ "query": { "_id": "u" } }), json!({ "$numberLong": "0" })),
        ("findOneAndDelete", json!({ "filter": id }), json!(null)),
        ("deleteOne", json!({ "query": { "_id": "b" } }), json!({ "deletedCount": int(1) })),
        ("deleteMany", json!({ "query": {} }), json!({ "deletedCount": int(1) })),
        ("find", json!({ "query": {} }), json!([])),
    ];
    for (name, argument, expected) in cases {
        let answer = on(&server, &token, name, argument.clone()).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{name} {argument}");
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
    let closed = "no rule exists for namespace 'd.none'";
    let invalid = (400, "InvalidParameter");
    let cases = [
        ("find", json!({ "collection": "none" }), (403, "NoMatchingRuleFound"), closed),
        (
            "insertOne",
            json!({ "collection": "none", "document": {} }),
            (403, "NoMatchingRuleFound"),
            closed,
        ),
        (
            "insertOne",
            json!({ "collection": "notes", "document": { "owner": "x" } }),
            (403, "NoMatchingRuleFound"),
            "insert not permitted",
        ),
        (
            "insertOne",
            json!({ "document": { "n": "x" } }),
            (400, "SchemaValidationFailedWrite"),
            "schema validation failed",
        ),
        (
            "insertOne",
            json!({ "document": { "_id": 1 } }),
            (500, "MongoDBError"),
            "E11000 duplicate key",
        ),
        ("find", json!({ "query": { "a": { "$none": 1 } } }), (500, "MongoDBError"), "(BadValue) "),
        ("aggregate", json!({ "pipeline": [{ "$lookup": {} }] }), (403, "NoMatchingRuleFound"), ""),
        ("deleteMany", json!({}), invalid, "deleteMany: 'query' must be a document"),
        ("deleteMany", json!({ "query": null }), invalid, "deleteMany: 'query' must be a document"),
        ("deleteMany", json!({ "query": [] }), invalid, "deleteMany: 'query' must be a document"),
        ("updateOne", json!({ "query": {} }), invalid, "updateOne: 'update' must be a document or"),
        (
            "findOneAndReplace",
            json!({ "filter": {}, "update": null }),
            invalid,
            "findOneAndReplace: 'update' must be a document",
        ),
        ("find", json!({ "query": {}, "filter": {} }), invalid, "find: 'query' and 'filter' are"),
        ("find", json!({ "limit": "1" }), invalid, "find: 'limit' must be a whole number"),
        ("find", json!({ "collection": "" }), invalid, "find: 'collection' must be a string"),
        ("insertMany", json!({ "documents": [1] }), invalid, "insertMany: 'documents' must be"),
        (
            "insertOne",
            json!({ "document": { "_id": { "$oid": "x" } } }),
            invalid,
            "$oid is not right",
        ),
        ("distinct", json!({}), (404, "ServiceCommandNotFound"), "there is no method 'distinct'"),
        ("watch", json!({}), (404, "ServiceCommandNotFound"), "there is no method 'watch'"),
    ];
    for (name, argument, (status, code), text) in cases {
        let answer = on(&server, &token, name, argument.clone()).await;
        assert_eq!(answer.error(), (status, code.to_owned()), "{name} {argument}: {answer:?}");
        assert!(answer.message().starts_with(text), "{name} {argument}: {answer:?}");
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
        ("aggregate", json!({ "pipeline": [{ "$match": of_b }] }), json!([])),
        (
            "aggregate",
            json!({ "pipeline": [{ "$group": { "_id": "$owner" } }] }),
            json!([{ "_id": a_id }]),
        ),
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
    let body = format!(
        r#"{{"name":"find","service":"mongodb-atlas","arguments":[{{"database":"d","collection":"open","query":{deep}}}]}}"#
    );
    let answer = server.call("POST", &super::call_path(), &[("authorization", &token)], body).await;
    assert_eq!(answer.error(), (400, "InvalidParameter".to_owned()), "{answer:?}");
}
