//! What the rules of collections let users do, over HTTP.

use serde_json::json;

use crate::{
    harness::APP,
    users::{app, bearer, of_callers},
};

/// The rules of the notes: a user sees and changes what is their own, and nobody's hidden field.
const NOTES: &str = r#"{ "database": "d", "collection": "notes", "roles": [{
    "name": "owner", "apply_when": { "owner": "%%user.id" }, "insert": true, "delete": true,
    "fields": { "text": { "read": true, "write": true }, "owner": { "read": true, "write": true } },
    "additional_fields": { "read": false, "write": false }
}] }"#;

/// Does with the notes what the body says, with the rights of the caller.
const ON_NOTES: &str = "exports = async ({ body }) => {
    const [method, ...args] = EJSON.parse(body.text());
    const notes = context.services.get('mongodb-atlas').db('d').collection('notes');
    const own = JSON.parse(JSON.stringify(args).replaceAll('ME', context.user.id));
    try {
        const result = await notes[method](...own);
        return result?.toArray ? await result.toArray() : result;
    } catch (error) {
        return error.code ?? error.message;
    }
}";

#[tokio::test]
async fn a_user_reads_and_writes_what_the_rules_of_a_collection_permit() {
    let fill = "exports = ({ query }) => context.services.get('mongodb-atlas').db('d')
        .collection('notes').insertMany([
            { _id: 1, owner: query.a, text: 'a', hidden: 1 },
            { _id: 2, owner: query.b, text: 'b', hidden: 2 }])";
    let server = app()
        .data()
        .file("data_sources/mongodb-atlas/d/notes/rules.json", NOTES)
        .endpoint("GET", "/fill", fill)
        .endpoint_with("POST", "/notes", ON_NOTES, json!({}), of_callers())
        .start()
        .await;
    server.register("a@example.com").await;
    server.register("b@example.com").await;
    let [[a, _, a_id], [_, _, b_id]] =
        [server.session("a@example.com").await, server.session("b@example.com").await];
    assert_eq!(server.get(&format!("/fill?a={a_id}&b={b_id}")).await.status, 200);
    let notes = format!("/app/{APP}/endpoint/notes");
    let seen = json!([{ "owner": a_id, "text": "a" }]);
    let cases = [
        (json!(["find"]), seen.clone()),
        (json!(["find", {}, { "hidden": 1 }]), json!([{}])),
        (json!(["count"]), json!(1)),
        (json!(["find", { "hidden": 1 }]), json!([])),
        (json!(["findOne", { "_id": 2 }]), json!(null)),
        (
            json!(["updateOne", { "_id": 2 }, { "$set": { "text": "x" } }]),
            json!({ "matchedCount": 0, "modifiedCount": 0 }),
        ),
        (
            json!(["updateOne", { "text": "a" }, { "$set": { "hidden": 3 } }]),
            json!("update not permitted"),
        ),
        (
            json!(["updateOne", { "text": "a" }, { "$rename": { "hidden": "text" } }]),
            json!({ "matchedCount": 1, "modifiedCount": 0 }),
        ),
        (json!(["insertOne", { "owner": b_id, "text": "x" }]), json!("insert not permitted")),
        (json!(["aggregate", [{ "$out": "notes" }]]), json!("NoMatchingRuleFound")),
        (json!(["find"]), seen),
    ];
    for (call, expected) in cases {
        let answer =
            server.json("POST", &notes, &[("Authorization", &bearer(&a))], call.clone()).await;
        assert_eq!(answer.json(), expected, "{call}");
    }
    let nobody = server.json("POST", &notes, &[], json!(["find"])).await;
    assert_eq!(nobody.status, 400);
}

/// The same where documents are seen as wholes.
const WHOLE_NOTES: &str = r#"{ "database": "d", "collection": "notes", "roles": [{
    "name": "owner", "apply_when": { "owner": "%%user.id" }, "read": true
}] }"#;

#[tokio::test]
async fn a_pipeline_of_a_user_begins_with_what_the_rules_permit() {
    let fill = "exports = ({ query }) => context.services.get('mongodb-atlas').db('d')
        .collection('notes').insertMany([
            { _id: 1, owner: query.id, text: 'a' }, { _id: 2, owner: 'b', text: 'b' }])";
    let server = app()
        .data()
        .file("data_sources/mongodb-atlas/d/notes/rules.json", WHOLE_NOTES)
        .endpoint("GET", "/fill", fill)
        .endpoint_with("POST", "/notes", ON_NOTES, json!({}), of_callers())
        .start()
        .await;
    server.register("a@example.com").await;
    let [token, _, id] = server.session("a@example.com").await;
    assert_eq!(server.get(&format!("/fill?id={id}")).await.status, 200);
    let notes = format!("/app/{APP}/endpoint/notes");
    let cases = [
        json!(["aggregate", [{ "$project": { "text": 1 } }]]),
        json!(["aggregate", [{ "$project": { "text": 1 } }], { "allowDiskUse": true }]),
    ];
    for call in cases {
        let answer =
            server.json("POST", &notes, &[("Authorization", &bearer(&token))], call.clone()).await;
        assert_eq!(answer.json(), json!([{ "_id": 1, "text": "a" }]), "{call}");
    }
}
