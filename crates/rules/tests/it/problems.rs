//! What is not understood is told with its place, and refuses.

use hookstead_rules::{Condition, Subject, Subject::*};
use serde_json::{Value as Json, json};

use crate::world::World;

/// A condition refuses, under any operator, and says where it is not understood.
#[track_caller]
fn check(subject: Subject, condition: Json, expected: &[&str]) {
    let parsed = Condition::parse(&condition, subject);
    let paths: Vec<_> = parsed.problems().iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, expected, "{condition}");
    assert_eq!(parsed.constant(), None, "{condition}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let case = json!({"user": {"id": "u"}, "root": {"a": 1}, "prevRoot": {}, "args": {}});
    let world = World::new(&case);
    for condition in [
        condition.clone(),
        json!({"%not": condition}),
        json!({"%nor": [condition]}),
        json!({"%or": [true, condition]}),
        json!({"%and": [false, condition]}),
    ] {
        let parsed = Condition::parse(&condition, subject);
        assert!(runtime.block_on(parsed.evaluate(&world.scope())).is_err(), "{condition}");
        let bound = runtime.block_on(parsed.bind(&world.scope()));
        for value in [true, false] {
            let query = bound.as_query(value).unwrap();
            assert_eq!(query, hookstead_rules::DocumentQuery::Nothing, "{condition}");
        }
    }
}

#[test]
fn conditions_of_another_shape_are_not_understood() {
    for condition in [json!(null), json!("true"), json!([]), json!(1), json!("%%user.id")] {
        check(Document, condition, &[""]);
    }
}

#[test]
fn unknown_operators_are_not_understood_wherever_they_stand() {
    for (condition, path) in [
        (json!({"%foo": []}), "%foo"),
        (json!({"$where": "true"}), "$where"),
        (json!({"$expr": true}), "$expr"),
        (json!({"a": {"%foo": 1}}), "a.%foo"),
        (json!({"a": {"$regex": ".*"}}), "a.$regex"),
        (json!({"a": {"$type": 2}}), "a.$type"),
        (json!({"a": {"$elemMatch": {}}}), "a.$elemMatch"),
        (json!({"a": {"%in": [1], "b": 2}}), "a.b"),
        (json!({"a": {"b": {"%gt": 2}}}), "a.b.%gt"),
        (json!({"a": {"%eq": {"%gt": 2}}}), "a.%eq.%gt"),
        (json!({"a": {"%in": [{"$gt": 2}]}}), "a.%in[0].$gt"),
        (json!({"%not": {"a": {"%foo": 1}}}), "%not.a.%foo"),
        (json!({"%or": [{}, {"a": {"%foo": 1}}]}), "%or[1].a.%foo"),
        (json!({"a": {"$oid": "5cbf68583025b12840664682", "$gt": 1}}), "a.$oid"),
        (
            json!({"a": {"$regularExpression": {"pattern": ".", "options": ""}}}),
            "a.$regularExpression",
        ),
        (json!({"a": {"%%root.b": 1}}), "a.%%root.b"),
    ] {
        let parsed = Condition::parse(&condition, Document);
        assert!(
            parsed.problems().iter().any(|problem| problem.path == path),
            "{condition}: {:?}",
            parsed.problems()
        );
    }
}

#[test]
fn unknown_expansions_are_not_understood() {
    for (subject, expansion) in [
        (Call, "%%usr.id"),
        (Call, "%%user.nmae"),
        (Call, "%%user.."),
        (Call, "%%user."),
        (Call, "%%"),
        (Call, "%%values"),
        (Call, "%%environment"),
        (Call, "%%environment.values"),
        (Call, "%%environment.plan"),
        (Call, "%%request.body"),
        (Call, "%%partition"),
        (Call, "%%true.x"),
        (Call, "%%root.a"),
        (Call, "%%prevRoot"),
        (Call, "%%args.x"),
        (Action, "%%root.a"),
        (Document, "%%args.x"),
        (Document, "%%root.$a"),
        (Document, "%%root.a..b"),
    ] {
        check(subject, json!({expansion: 1}), &[expansion]);
        check(subject, json!({"%%user.id": expansion}), &["%%user.id"]);
        check(subject, json!({"%%user.id": {"%in": ["x", expansion]}}), &["%%user.id.%in[1]"]);
    }
}

#[test]
fn operands_of_another_form_are_not_understood() {
    for (condition, path) in [
        (json!({"%and": []}), "%and"),
        (json!({"%or": {}}), "%or"),
        (json!({"%nor": true}), "%nor"),
        (json!({"%not": []}), "%not"),
        (json!({"a": {"%not": 1}}), "a.%not"),
        (json!({"a": {"%not": {}}}), "a.%not"),
        (json!({"a": {"%exists": 1}}), "a.%exists"),
        (json!({"a": {"%in": "x"}}), "a.%in"),
        (json!({"a": {"%in": {"b": "%%root.b"}}}), "a.%in"),
        (json!({"a": {"%gt": null}}), "a.%gt"),
        (json!({"a": {"%stringToOid": "x"}}), "a.%stringToOid"),
        (json!({"a": {"%stringToOid": {"%function": {"name": "f"}}}}), "a.%stringToOid"),
        (json!({"%function": "f"}), "%function"),
        (json!({"%function": {"arguments": []}}), "%function"),
        (json!({"%function": {"name": "f", "arguments": 1}}), "%function"),
        (json!({"%function": {"name": "f", "args": []}}), "%function"),
        (
            json!({"a": {"%function": {"name": "f", "arguments": ["%%usr"]}}}),
            "a.%function.arguments[0]",
        ),
        (json!({"a": {"$date": "yesterday"}}), "a"),
        (json!({"": 1}), ""),
    ] {
        check(Document, condition, &[path]);
    }
}

#[test]
fn plain_names_mean_nothing_where_there_is_no_document() {
    let condition = json!({"dirty": false, "input": "{}", "error": null});
    check(Call, condition, &["dirty", "input", "error"]);
}

#[test]
fn everything_wrong_is_told() {
    let condition = json!({"%foo": 1, "a": {"%bar": 1, "%in": 2}, "%or": [{"%%x": 1}, {"%%y": 1}]});
    check(Document, condition, &["%foo", "a.%bar", "a.%in", "%or[0].%%x", "%or[1].%%y"]);
}

#[test]
fn conditions_that_are_too_deep_or_too_large_are_not_understood() {
    let mut deep = json!({"a": 1});
    for _ in 0..64 {
        deep = json!({"%not": deep});
    }
    assert_eq!(Condition::parse(&deep, Document).problems().len(), 1);
    let large: Vec<_> = (0..100_001).collect();
    assert_eq!(Condition::parse(&json!({"a": {"%in": large}}), Document).problems().len(), 1);
    let long = vec!["a"; 65].join(".");
    check(Document, json!({long.as_str(): 1}), &[long.as_str()]);
}

#[test]
fn conditions_without_expansions_are_constant() {
    for (condition, expected) in [
        (json!({}), Some(true)),
        (json!(true), Some(true)),
        (json!(false), Some(false)),
        (json!({"%%true": true}), Some(true)),
        (json!({"%%true": false}), Some(false)),
        (json!({"%or": [{"%%user.id": 1}, true]}), Some(true)),
        (json!({"%not": {"%%false": true}}), Some(true)),
        (json!({"%%user.id": 1}), None),
        (json!({"%%true": "%%user.data.x"}), None),
    ] {
        assert_eq!(Condition::parse(&condition, Call).constant(), expected, "{condition}");
    }
}
