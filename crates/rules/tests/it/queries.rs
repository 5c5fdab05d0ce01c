//! Conditions as queries say exactly what the conditions say.

use bson::{DateTime, Document, RawDocument, RawDocumentBuf};
use hookstead_query::{Filter, Parameters};
use hookstead_rules::{Condition, DocumentQuery, Documents, Scope, Subject};
use serde_json::{Value as Json, json};

use crate::world::{World, raw_of};

/// What stands in random documents and conditions, and what users have.
fn values() -> Vec<Json> {
    vec![
        json!(null),
        json!(1),
        json!(2.0),
        json!("a"),
        json!("5cbf68583025b12840664682"),
        json!({"$oid": "5cbf68583025b12840664682"}),
        json!(["a", 1]),
        json!([["a"], null]),
        json!([]),
        json!({"b": 1}),
        json!([{"b": 1}, {"b": ["a"]}, {}]),
        json!({"b": {"c": "a"}}),
        json!({"$gt": 0}),
        json!(true),
    ]
}

/// Numbers that look like chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn document(&mut self) -> Json {
        let mut document = json!({});
        for name in ["a", "b", "_id"] {
            if self.below(4) > 0 {
                document[name] = self.of(&values());
            }
        }
        document
    }

    fn value(&mut self) -> Json {
        let expansions = ["%%user.custom_data.a", "%%user.custom_data.b", "%%user.id"];
        let plain: Vec<_> = values().into_iter().filter(|v| v.get("$gt").is_none()).collect();
        match self.below(5) {
            0 | 1 => self.of(&plain),
            2 => json!({"%stringToOid": self.of(&expansions)}),
            _ => self.of(&expansions).into(),
        }
    }

    fn condition(&mut self, depth: usize) -> Json {
        let path = ["a", "b", "a.b", "a.b.c", "a.0", "_id", "%%prevRoot.a"];
        let path = self.of(&path);
        let root = if path.starts_with('%') { path.into() } else { format!("%%root.{path}") };
        match self.below(if depth == 0 { 7 } else { 11 }) {
            0 => json!({path: self.value()}),
            1 => json!({path: {"%exists": self.below(2) == 0}}),
            2 => {
                let order = self.of(&["%gt", "%gte", "%lt", "%lte"]);
                match self.value() {
                    Json::Null => json!({path: {"%ne": null}}),
                    value => json!({path: {order: value}}),
                }
            }
            3 => {
                let list = self.of(&["%in", "%nin"]);
                json!({path: {list: [self.value(), self.value()]}})
            }
            4 => json!({self.of(&["%%user.custom_data.a", "%%user.id"]): root}),
            5 => {
                let list = self.of(&["%in", "%nin"]);
                json!({self.of(&["%%user.custom_data.b", "%%user.id"]): {list: root}})
            }
            6 => json!({"%%user.id": {"%oidToString": root}}),
            7 => json!({"%not": self.condition(depth - 1)}),
            8 => json!({path: {"%not": {"%eq": self.value()}}}),
            _ => {
                let list = self.of(&["%and", "%or", "%nor"]);
                json!({list: [self.condition(depth - 1), self.condition(depth - 1)]})
            }
        }
    }
}

fn finds(query: DocumentQuery, document: &RawDocument) -> bool {
    let query: Document = query.into_document();
    let query = RawDocumentBuf::try_from(&query).unwrap();
    let parameters = Parameters::new(DateTime::from_millis(0), 0);
    let filter = Filter::parse(&query, &parameters).unwrap();
    filter.matches(document).unwrap()
}

#[tokio::test]
async fn a_condition_and_its_query_agree_about_every_document() {
    let mut chance = Chance(7);
    let (mut queries, mut all) = (0, 0);
    for _ in 0..1_500 {
        let custom = chance.document();
        let id = chance.of(&["5cbf68583025b12840664682", "u"]);
        let world = World::new(&json!({"user": {"id": id, "custom_data": custom}}));
        let scope = world.scope();
        let json = chance.condition(3);
        let condition = Condition::parse(&json, Subject::Document);
        assert_eq!(condition.problems(), [], "{json}");
        let bound = condition.bind(&scope).await;
        for value in [true, false] {
            all += 1;
            let Some(query) = bound.as_query(value) else { continue };
            queries += 1;
            for _ in 0..8 {
                let document = chance.document();
                let raw = raw_of(&document);
                let scope = Scope { documents: Documents::read(&raw), ..scope };
                let is_value = condition.evaluate(&scope).await == Ok(value);
                assert_eq!(bound.evaluate(&scope).await == Ok(value), is_value, "{json}");
                let shown = || {
                    format!(
                        "{json} of {document} with {id} {custom}: {}",
                        query.clone().into_document()
                    )
                };
                assert_eq!(finds(query.clone(), &raw), is_value, "{}", shown());
            }
        }
    }
    assert!(queries * 4 > all * 3, "{queries} of {all} are queries");
}

/// The query of a condition for a user, as JSON; null where there is none.
#[track_caller]
fn check(condition: Json, expected: Json) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let world = World::new(&json!({"user": {"id": "5cbf68583025b12840664682"}}));
    let parsed = Condition::parse(&condition, Subject::Document);
    let bound = runtime.block_on(parsed.bind(&world.scope()));
    let query = bound.as_query(true).map(|query| match query {
        DocumentQuery::All => json!("all"),
        DocumentQuery::Nothing => json!("nothing"),
        DocumentQuery::Matching(query) => bson::Bson::from(query).into_relaxed_extjson(),
    });
    assert_eq!(query.unwrap_or_default(), expected, "{condition}");
}

#[test]
fn conditions_of_real_apps_are_queries() {
    let id = "5cbf68583025b12840664682";
    check(json!({"%%root.owner_id": "%%user.id"}), json!({"owner_id": {"$eq": id}}));
    check(json!({"%%user.id": "%%root.owner_id"}), json!({"owner_id": {"$eq": id}}));
    check(json!({"%%user.id": {"%in": "%%root.ids"}}), json!({"ids": {"$in": [id]}}));
    check(json!({"_id": {"%stringToOid": "%%user.id"}}), json!({"_id": {"$eq": {"$oid": id}}}));
    check(
        json!({"%%user.id": {"%oidToString": "%%root._id"}}),
        json!({"_id": {"$eq": {"$oid": id}, "$not": {"$type": "array"}}}),
    );
    check(
        json!({"%or": [{"owner": "%%user.id"}, {"public": true}]}),
        json!({"$or": [{"owner": {"$eq": id}}, {"public": {"$eq": true}}]}),
    );
    check(json!({"%%true": {"%function": {"name": "isEven", "arguments": [2]}}}), json!("all"));
    check(json!({"%%true": {"%function": {"name": "isEven", "arguments": [3]}}}), json!("nothing"));
    check(json!({"%%prevRoot": {"%exists": false}}), json!("nothing"));
    check(json!({"%%prevRoot": {"%exists": true}}), json!("all"));
    check(json!({"%%root": {"%exists": true}}), json!("all"));
    check(json!({"%%user.custom_data.isAdmin": true}), json!("nothing"));
}

#[test]
fn what_depends_on_more_than_one_field_is_no_query() {
    check(json!({"%%root.a": "%%root.b"}), json!(null));
    check(json!({"%%root.a": "%%prevRoot.a"}), json!(null));
    check(json!({"%%this": 1}), json!(null));
    let function = json!({"%function": {"name": "echo", "arguments": ["%%root.a"]}});
    check(json!({"%%true": function}), json!(null));
    // Where it does not matter, the rest decides.
    check(json!({"%and": [{"%%true": function}, {"%%user.id": "other"}]}), json!("nothing"));
    check(json!({"%or": [{"%%true": function}, {"%%user.id": {"%exists": true}}]}), json!("all"));
}
