//! Why a user may do something, or may not.

use std::{error::Error as _, sync::Arc};

use hookstead_data::{ErrorKind, Target as _};
use hookstead_rules::{Explanation, Outcome, RuledStore, Shown};
use serde_json::{Value as Json, json};

use super::{
    Real,
    case::command,
    embedded,
    stage::{caller, insert, namespace, rules_of},
};
use crate::world::raw_of;

const RULES: &str = r#"{"roles": [
    {"name": "none", "apply_when": {"%%user.id": "zoe"}, "read": true},
    {"name": "broken", "apply_when": {"%%true": {"%function": {"name": "missing"}}, "n": 7}},
    {"name": "owner", "apply_when": {"owner": "%%user.id"}, "read": true, "write": true,
        "delete": true},
    {"name": "others", "apply_when": {}, "fields": {"text": {"read": true}}}
]}"#;

fn told(explanation: &Explanation) -> Vec<String> {
    let steps = explanation.steps.iter();
    steps.map(|step| format!("{} {}", step.condition, step.outcome)).collect()
}

async fn explain(rules: &Json, id: Option<i32>) -> Explanation {
    let (_real, ruled) = ruled(rules).await;
    ruled.explain(&namespace("d"), id.map(Into::into)).await.unwrap()
}

/// The store of Ann, over one with three documents.
async fn ruled(rules: &Json) -> (Real, RuledStore) {
    let real = embedded();
    let documents = [
        json!({"_id": 1, "owner": "ann", "text": "a"}),
        json!({"_id": 2, "owner": "bob", "text": "b"}),
        json!({"_id": 3, "owner": "ann", "text": "c", "n": 7}),
    ];
    insert(&real.store, "d", documents.iter().map(raw_of).collect()).await;
    let rules = Arc::new(rules_of(rules));
    let ruled = RuledStore::new(Arc::clone(&real.store), rules, caller("ann"));
    (real, ruled)
}

#[tokio::test]
async fn the_conditions_are_told_up_to_the_role_that_counts() {
    let rules: Json = serde_json::from_str(RULES).unwrap();
    let owner = explain(&rules, Some(1)).await;
    assert_eq!(
        told(&owner),
        [
            "role `none`: apply_when does not hold",
            "role `broken`: apply_when does not hold",
            "role `owner`: apply_when holds",
            "role `owner`: document_filters.read holds",
            "role `owner`: document_filters.write holds",
            "role `owner`: read holds",
            "role `owner`: write holds",
            "role `owner`: insert holds",
            "role `owner`: delete holds",
            "role `owner`: search holds",
        ]
    );
    assert_eq!((owner.shown, owner.may_delete), (Some(Shown::Everything), true));
    assert_eq!(owner.role.as_deref(), Some("owner"));
    assert_eq!(owner.file.as_deref(), Some("data_sources/m/default_rule.json"));
    let other = explain(&rules, Some(2)).await;
    assert_eq!(other.shown, Some(Shown::Fields(vec!["text".to_owned()])));
    assert!(!other.may_delete && other.refused.is_none());
    assert_eq!(told(&other).last().unwrap(), "role `others`: fields.text.read holds");
    assert_eq!(other.role.as_deref(), Some("others"));
    let broken = explain(&rules, Some(3)).await;
    assert!(told(&broken)[1].starts_with("role `broken`: apply_when has no value: "), "{broken:?}");
    assert_eq!((broken.steps.len(), broken.shown), (2, Some(Shown::Nothing)));
    assert_eq!(broken.role, None);
    assert_eq!(explain(&rules, Some(9)).await.shown, Some(Shown::NoDocument));
    let collection = explain(&rules, None).await;
    assert_eq!(told(&collection)[2], "role `owner`: apply_when depends on the document");
    assert_eq!((collection.shown, collection.role), (None, None));
}

#[tokio::test]
async fn filters_and_refusals_are_told() {
    let rules = json!({"roles": [{"name": "r", "apply_when": {}, "read": true}], "filters": [
        {"name": "mine", "apply_when": {}, "query": {"owner": "%%user.id"}},
        {"name": "off", "apply_when": {"%%user.id": "zoe"}, "query": {"owner": "x"}},
    ]});
    let other = explain(&rules, Some(2)).await;
    let steps = told(&other);
    assert_eq!(
        steps[..3],
        [
            "filter `mine`: apply_when holds",
            "filter `mine`: query does not hold",
            "filter `off`: apply_when does not hold",
        ]
    );
    assert_eq!((other.shown, other.may_delete), (Some(Shown::Nothing), false));
    let refused = explain(&json!({"roles": []}), Some(1)).await;
    assert_eq!(refused.refused.as_deref(), Some("the collection has no roles"));
    let never = explain(&json!({"roles": [{"name": "n", "apply_when": false}]}), Some(1)).await;
    assert_eq!(never.refused.as_deref(), Some("no role applies to the user"));
}

#[tokio::test]
async fn the_conditions_of_fields_are_told_where_fields_decide() {
    let rules = json!({"roles": [{"name": "r", "apply_when": {}, "write": false,
        "fields": {
            "owner": {"read": {"%%this": "bob"}, "write": true},
            "gone": {"read": true},
            "text": {"fields": {"deep": {"read": true}}}},
        "additional_fields": {"read": {"%%root.owner": "ann"}}}]});
    let fields = |explanation: &Explanation| {
        let of_fields = told(explanation).into_iter().filter(|line| line.contains("fields."));
        of_fields.filter(|line| !line.contains("document_filters")).collect::<Vec<_>>()
    };
    assert_eq!(
        fields(&explain(&rules, Some(1)).await),
        ["role `r`: fields.owner.read does not hold", "role `r`: additional_fields.read holds",]
    );
    assert_eq!(
        fields(&explain(&rules, None).await),
        [
            "role `r`: fields.gone.read holds",
            "role `r`: fields.owner.read depends on the document",
            "role `r`: additional_fields.read depends on the document",
            "role `r`: fields.text.fields.deep.read holds",
        ]
    );
    let missing = json!({"roles": [{"name": "r", "apply_when": {"%%true": "%%values.missing"}}]});
    let outcome = explain(&missing, None).await.steps.pop().unwrap().outcome;
    assert!(matches!(outcome, Outcome::NoValue(_)), "{outcome}");
}

#[tokio::test]
async fn a_write_that_is_refused_says_why_to_the_log_alone() {
    let rules: Json = serde_json::from_str(RULES).unwrap();
    let (_real, ruled) = ruled(&rules).await;
    for (write, message, reason) in [
        (
            json!({"update": {"filter": {"text": "b"}, "update": {"$set": {"text": "x"}}}}),
            "update not permitted",
            "d.c: role `others`: it may not write the field `text` (the document as it is)",
        ),
        (
            json!({"update": {"filter": {"_id": 1}, "update": {"$set": {"owner": "bob"}}}}),
            "update not permitted",
            "d.c: role `others`: it may not write the field `owner` (the document as it would be)",
        ),
        (
            json!({"delete": {"filter": {"text": "b"}}}),
            "delete not permitted",
            "d.c: role `others`: delete does not hold",
        ),
        (
            json!({"insert": [{"_id": 9, "owner": "bob"}]}),
            "insert not permitted",
            "d.c: role `others`: it may not write the field `_id`",
        ),
        (
            json!({"insert": [{"_id": 9, "n": 7}]}),
            "insert not permitted",
            "d.c: no role counts for the document",
        ),
    ] {
        let refused = ruled.run(namespace("d"), command(&write)).await;
        let error = refused.err().unwrap();
        assert_eq!((error.kind, &*error.to_string()), (ErrorKind::NotPermitted, message));
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some(reason), "{write}");
    }
}
