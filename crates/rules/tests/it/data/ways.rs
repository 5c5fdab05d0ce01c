//! A condition means the same whether a store is asked for its documents or each is judged by
//! itself.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{
    Real,
    case::{command, told},
    embedded, mongodb,
    stage::{insert, namespace, rules_of, store_of},
};
use crate::world::raw_of;

/// Documents with values of many types where conditions look.
fn documents() -> Vec<Json> {
    let values = [
        json!("ann"),
        json!("bob"),
        json!(["ann", "bob"]),
        json!([]),
        json!(null),
        json!(1),
        json!(1.0),
        json!(7),
        json!([1, 9]),
        json!({"b": "ann"}),
        json!({"b": ["ann"]}),
        json!([{"b": "ann"}, {"b": 3}]),
        json!({}),
        json!(true),
        json!("red"),
        json!({"$oid": "5cbf68583025b12840664682"}),
        json!({"$date": "2024-01-01T00:00:00Z"}),
    ];
    let mut documents: Vec<Json> = values.iter().map(|value| json!({"a": value})).collect();
    documents.push(json!({}));
    for (index, document) in documents.iter_mut().enumerate() {
        document["_id"] = json!(index);
    }
    documents
}

fn conditions() -> Vec<Json> {
    let mut conditions = vec![
        json!({"a": "%%user.id"}),
        json!({"a": "%%user.custom_data.team"}),
        json!({"a": null}),
        json!({"a": 1}),
        json!({"a": ["ann", "bob"]}),
        json!({"a": {"%in": ["ann", 7, null]}}),
        json!({"a": {"%nin": ["ann", 7, null]}}),
        json!({"a": {"%ne": "%%user.id"}}),
        json!({"a": {"%gt": 0}}),
        json!({"a": {"%lte": 7}}),
        json!({"a": {"%exists": true}}),
        json!({"a": {"%exists": false}}),
        json!({"a.b": "%%user.id"}),
        json!({"a.0": "ann"}),
        json!({"a": {"%stringToOid": "5cbf68583025b12840664682"}}),
        json!({"%%prevRoot.a": "%%user.id"}),
        json!({"a": "%%user.data.none"}),
        json!({"%%user.id": {"%in": "%%root.a"}}),
        json!({"%%root": {"%exists": true}}),
    ];
    let simple = conditions.clone();
    conditions.extend(simple.iter().map(|one| json!({"%not": one})));
    for pair in simple.windows(2) {
        conditions.push(json!({"%or": pair}));
        conditions.push(json!({"%and": pair}));
        conditions.push(json!({"%nor": pair}));
    }
    conditions
}

/// Holds for every document, and is no query.
fn always() -> Json {
    json!({"_id": {"%function": {"name": "echo", "arguments": ["%%root._id"]}}})
}

async fn compare(real: &Real) {
    insert(&real.store, "d", documents().iter().map(raw_of).collect()).await;
    let operations = [
        json!({"find": {"sort": {"_id": 1}}}),
        json!({"find": {"filter": {"a": {"$exists": true}}, "sort": {"_id": -1}, "limit": 3}}),
        json!({"count": {}}),
        json!({"distinct": {"field": "_id"}}),
    ];
    let mut shown = 0;
    for condition in conditions() {
        let rest = json!({"name": "rest", "apply_when": {"a": {"%exists": true}},
            "read": {"_id": {"%lt": 9}}});
        let role = |condition: &Json| {
            let first = json!({"name": "first", "apply_when": condition, "read": true});
            json!({"roles": [first, rest]})
        };
        let judged = json!({"%and": [condition, always()]});
        let stores = [&condition, &judged]
            .map(|condition| store_of(&real.store, &Arc::new(rules_of(&role(condition))), "ann"));
        for operation in &operations {
            let mut answers = Vec::new();
            for store in &stores {
                answers.push(told(store.run(namespace("d"), command(operation)).await).await);
            }
            assert_eq!(answers[0], answers[1], "{condition} {operation}");
            shown += answers[0].as_array().map_or(0, Vec::len);
        }
    }
    assert!(shown > 500, "{shown}");
}

#[tokio::test]
async fn conditions_mean_the_same_in_both_ways_over_the_embedded_store() {
    compare(&embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_mean_the_same_in_both_ways_over_mongodb() {
    compare(&mongodb()).await;
}
