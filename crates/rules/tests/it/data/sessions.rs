//! Sessions of users, and many documents.

use std::sync::Arc;

use serde_json::json;

use super::{
    Real,
    case::{command, told},
    embedded, mongodb,
    stage::{insert, namespace, rules_of, store_of},
};
use crate::world::raw_of;

const OWNER: &str = r#"{"roles":[{"name":"o","apply_when":{},"insert":true,"delete":true,
    "read":{"owner":"%%user.id"},"write":{"owner":"%%user.id"}}]}"#;

/// A transaction of a user: what is sent without waiting runs in its order, and is judged.
async fn transactions(real: &Real) {
    let rules = Arc::new(rules_of(&serde_json::from_str(OWNER).unwrap()));
    let ruled = store_of(&real.store, &rules, "ann");
    let bob = json!({"_id": 2, "owner": "bob"});
    insert(&real.store, "d", vec![raw_of(&json!({"_id": 1, "owner": "ann"})), raw_of(&bob)]).await;
    let session = ruled.start_session();
    let send = |json: serde_json::Value| session.run(namespace("d"), command(&json));
    let set =
        |n: i32| json!({"update": {"filter": {}, "update": {"$set": {"n": n}}, "many": true}});
    let find = || command(&json!({"find": {"sort": {"_id": 1}}}));

    session.start_transaction().unwrap();
    assert!(session.in_transaction());
    assert_eq!(told(send(set(1)).await).await, json!([1, 1]));
    let refused = send(json!({"insert": [{"_id": 3, "owner": "bob"}]}));
    assert_eq!(told(refused.await).await, json!({"error": "insert not permitted"}));
    session.abort_transaction().await.unwrap();
    let left = told(real.store.run(namespace("d"), find()).await).await;
    assert_eq!(left, json!([{"_id": 1, "owner": "ann"}, bob]));

    session.start_transaction().unwrap();
    let updated = send(set(2));
    let committed = session.commit_transaction();
    assert!(!session.in_transaction());
    assert!(session.start_transaction().is_err(), "a command is not done");
    updated.await.unwrap();
    committed.await.unwrap();
    let left = told(real.store.run(namespace("d"), find()).await).await;
    assert_eq!(left, json!([{"_id": 1, "owner": "ann", "n": 2}, bob]));
    session.start_transaction().unwrap();
    session.abort_transaction().await.unwrap();
}

#[tokio::test]
async fn transactions_of_users_over_the_embedded_store() {
    transactions(&embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_of_users_over_mongodb() {
    transactions(&mongodb()).await;
}

#[tokio::test]
async fn limits_hold_where_rules_ask_functions_about_many_documents() {
    let real = embedded();
    let rules = rules_of(&json!({"roles": [{"name": "f", "apply_when": {}, "write": false, "read":
        {"%%true": {"%function": {"name": "isEven", "arguments": ["%%root.n"]}}}}]}));
    let ruled = store_of(&real.store, &Arc::new(rules), "ann");
    let documents = (0..2_000).map(|n| raw_of(&json!({"_id": n, "n": n}))).collect();
    insert(&real.store, "d", documents).await;
    let run = |json: serde_json::Value| {
        let answer = ruled.run(namespace("d"), command(&json));
        async move { told(answer.await).await }
    };
    assert_eq!(run(json!({"count": {}})).await, json!(1_000));
    assert_eq!(run(json!({"count": {"limit": 7, "skip": 3}})).await, json!(7));
    let found = run(json!({"find": {"sort": {"n": -1}, "limit": 2, "skip": 1}})).await;
    assert_eq!(found, json!([{"_id": 1_996, "n": 1_996}, {"_id": 1_994, "n": 1_994}]));
    let all = run(json!({"find": {"projection": {"_id": 1}}})).await;
    assert_eq!(all.as_array().unwrap().len(), 1_000);
}
