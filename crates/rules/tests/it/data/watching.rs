//! What users are told of changes: each case is a rule set, what happens, and what two users see.

use std::{sync::Arc, time::Duration};

use bson::{Bson, Document, RawDocumentBuf};
use hookstead_data::{Change, Changes, ErrorKind, Store, Watch};
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::{
    Real,
    case::command,
    embedded, mongodb,
    stage::{Stage, namespace, rules_of, store_of},
};
use crate::world::{bson_of, raw_of};

/// So long nothing may come where nothing is expected and nothing marks the end.
const QUIET: Duration = Duration::from_millis(300);

fn watch_of(case: &Json) -> Watch {
    let ids = case.get("ids").map(|ids| ids.as_array().unwrap().iter().map(bson_of).collect());
    let filter = case.get("filter").map(raw_of).unwrap_or_default();
    Watch { ids, filter, ..Watch::default() }
}

async fn next(changes: &mut Box<dyn Changes>) -> Arc<Change> {
    timeout(Duration::from_secs(60), changes.next()).await.unwrap().unwrap()
}

/// A change as cases write it.
fn told(change: &Change) -> Json {
    let event = Document::try_from(change.event()).unwrap();
    let json = |value: Option<&Bson>| value.cloned().unwrap_or(Bson::Null).into_relaxed_extjson();
    let id = event.get_document("documentKey").unwrap().get("_id");
    assert_eq!(event.get_document("documentKey").unwrap().len(), 1);
    let mut told = vec![json!(change.kind.name()), json(id)];
    if let Some(document) = event.get("fullDocument") {
        told.push(json(Some(document)));
    }
    if let Ok(description) = event.get_document("updateDescription") {
        told.push(json(description.get("updatedFields")));
        told.push(json(description.get("removedFields")));
    }
    Json::Array(told)
}

async fn check(stage: &Stage, database: &str, case: &Json) -> Result<(), String> {
    stage.prepare(database, None).await;
    let rules = case["rules"].as_str().unwrap();
    let mut everything = stage.store.watch(namespace(database), Watch::default()).await.unwrap();
    let mut streams = Vec::new();
    for user in ["ann", "bob"] {
        let store = stage.store_of(rules, user);
        let stream = store.watch(namespace(database), watch_of(case)).await;
        streams.push((user, stream.map_err(|error| error.to_string())?));
    }
    for operation in case["do"].as_array().unwrap() {
        stage.store.run(namespace(database), command(operation)).await.unwrap();
        // The document of an update is looked up when its event is read.
        next(&mut everything).await;
    }
    for (user, mut stream) in streams {
        let mut seen = Vec::new();
        if case["end"] == json!(false) {
            if let Ok(change) = timeout(QUIET, stream.next()).await {
                seen.push(told(&change.unwrap()));
            }
        } else {
            let mut end = match case.get("end") {
                Some(end) => end.clone(),
                None => json!({"owner": user}),
            };
            end["_id"] = json!("end");
            let insert = json!({"insert": [end]});
            stage.store.run(namespace(database), command(&insert)).await.unwrap();
            loop {
                let change = told(&*next(&mut stream).await);
                if change[1] == json!("end") {
                    break;
                }
                seen.push(change);
            }
            let delete = json!({"delete": {"filter": {"_id": "end"}}});
            stage.store.run(namespace(database), command(&delete)).await.unwrap();
        }
        if Json::Array(seen.clone()) != case[user] {
            return Err(format!("{user} is told {}", Json::Array(seen)));
        }
    }
    Ok(())
}

async fn check_all(real: &Real) {
    let file: Json = serde_json::from_str(include_str!("../../data/watching.json")).unwrap();
    let stage = Stage::new(Arc::clone(&real.store), &file);
    let mut failures = Vec::new();
    for (index, case) in file["cases"].as_array().unwrap().iter().enumerate() {
        if let Err(failure) = check(&stage, &format!("watching{index}"), case).await {
            failures.push(format!("{}\n    {failure}", case["name"]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test]
async fn what_users_are_told_over_the_embedded_store() {
    check_all(&embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_users_are_told_over_mongodb() {
    check_all(&mongodb()).await;
}

fn own() -> Json {
    json!({"roles": [{"name": "o", "apply_when": {"owner": "%%user.id"}, "read": true}]})
}

async fn run(store: &Arc<dyn Store>, operation: Json) {
    store.run(namespace("d"), command(&operation)).await.unwrap();
}

#[tokio::test]
async fn a_document_that_never_changed_is_told_when_it_is_deleted_only_where_it_could_be_read() {
    let real = embedded();
    let rules = Arc::new(rules_of(&own()));
    let insert = json!({"insert": [{"_id": 1, "owner": "ann"}, {"_id": 2, "owner": "bob"}]});
    run(&real.store, insert).await;
    let store = store_of(&real.store, &rules, "ann");
    let mut changes = store.watch(namespace("d"), Watch::default()).await.unwrap();
    run(&real.store, json!({"delete": {"filter": {}, "many": true}})).await;
    run(&real.store, json!({"insert": [{"_id": 3, "owner": "ann"}]})).await;
    assert_eq!(told(&*next(&mut changes).await), json!(["delete", 1]));
    assert_eq!(told(&*next(&mut changes).await)[1], json!(3));
}

#[tokio::test]
async fn paths_of_an_update_are_those_of_what_is_shown() {
    let real = embedded();
    let fields = json!({"_id": {"read": true}, "list": {"fields": {"t": {"read": true}}}});
    let rules = json!({"roles": [{"name": "r", "apply_when": {}, "fields": fields}]});
    let rules = Arc::new(rules_of(&rules));
    let store = store_of(&real.store, &rules, "ann");
    let list = json!([{"hidden": 1}, {"t": 1}, {"t": 2, "hidden": 2}]);
    run(&real.store, json!({"insert": [{"_id": 1, "list": list}]})).await;
    let mut changes = store.watch(namespace("d"), Watch::default()).await.unwrap();
    for set in [
        json!({"list.0.hidden": 5}),
        json!({"list.1.t": 3}),
        json!({"list.0.t": 4, "list.2.hidden": 6}),
    ] {
        let update = json!({"filter": {"_id": 1}, "update": {"$set": set}});
        run(&real.store, json!({"update": update})).await;
    }
    // The first item is hidden until it has something to show.
    let first = json!(["update", 1, {"_id": 1, "list": [{"t": 3}, {"t": 2}]}, {"list.0.t": 3}, []]);
    assert_eq!(told(&*next(&mut changes).await), first);
    let second = told(&*next(&mut changes).await);
    let shown = json!({"_id": 1, "list": [{"t": 4}, {"t": 3}, {"t": 2}]});
    assert_eq!(second[2], shown);
    assert_eq!(second[3], json!({"list.0.t": 4, "list.1.t": 3, "list.2": {"t": 2}}));
}

#[tokio::test]
async fn a_user_without_a_role_cannot_watch_and_no_stage_or_operator_opens_it() {
    let real = embedded();
    let rules =
        Arc::new(rules_of(&json!({"roles": [{"name": "n", "apply_when": {"%%user.id": "x"}}]})));
    let refused = |filter: RawDocumentBuf, rules: &Arc<_>| {
        let store = store_of(&real.store, rules, "ann");
        async move {
            let watch = Watch { filter, ..Watch::default() };
            store.watch(namespace("d"), watch).await.err().map(|error| error.kind)
        }
    };
    assert_eq!(refused(raw_of(&json!({})), &rules).await, Some(ErrorKind::NoMatchingRule));
    let rules = Arc::new(rules_of(&own()));
    for filter in [
        json!({"$expr": {"$eq": ["$fullDocument.secret", 1]}}),
        json!({"$where": "true"}),
        json!({"$and": [{"fullDocument.a": {"$regex": "a"}}]}),
    ] {
        assert!(refused(raw_of(&filter), &rules).await.is_some(), "{filter}");
    }
}

#[tokio::test]
async fn a_future_that_is_dropped_loses_no_change() {
    let real = embedded();
    let rules = Arc::new(rules_of(&own()));
    let store = store_of(&real.store, &rules, "ann");
    let mut changes = store.watch(namespace("d"), Watch::default()).await.unwrap();
    for id in 0..50 {
        run(&real.store, json!({"insert": [{"_id": id, "owner": "ann"}]})).await;
    }
    let mut seen = 0;
    while seen < 50 {
        // It is polled once and given up, most of the time.
        let polled = timeout(Duration::ZERO, changes.next()).await;
        let Ok(change) = polled else { continue };
        assert_eq!(told(&change.unwrap())[1], json!(seen));
        seen += 1;
    }
}
