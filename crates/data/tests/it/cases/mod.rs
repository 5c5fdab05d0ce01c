//! The cases of the query language, put to whole stores: the same files, one checker.
//!
//! The embedded store answers all of them. Where a MongoDB server answers otherwise by design, as
//! one that runs JavaScript does, a case says so itself (`embedded_only`).
//!
//! SecantusDB, the server that is at hand, is young: it takes what MongoDB refuses, and lacks
//! what MongoDB has. `secantusdb.json` lists the cases in which it is
//! wrong, each with what it answers. The case states what MongoDB documents; a case that MongoDB
//! contradicts is to be mended, not listed.
//!
//! Two things keep the list true. A case that is not in it must hold, and one that is in it must
//! not: a new case, or another version of the server, changes the list, and the test says how.
//! And the server has to answer: a connection that breaks or a command that runs out of time is no
//! difference, listed or not. The server is started so that it gives the same answers every time
//! (see `crates/testing`), has as much time as it needs, and is not asked for what takes it long.
//!
//! `HOOKSTEAD_CASES_RECORD=1` writes the list anew. Compare each new line with MongoDB's
//! documentation before it is committed.

mod case;
mod check;
#[path = "../../../../query/tests/it/same.rs"]
mod same;

use std::{collections::BTreeMap, env, fs, time::Duration};

use hookstead_data::{EmbeddedFile, EmbeddedOptions, MongoOptions, MongoStore, Store};
use hookstead_testing::SecantusDb;

use case::Case;
use check::Wrong;

const DIFFERENCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cases/secantusdb.json");

const RECORD: &str = "HOOKSTEAD_CASES_RECORD";

/// Cases that no store is asked, because the command is refused before, as drivers do.
const REFUSED_BEFORE: [&str; 1] = ["update-replacement: a replacement has no operators"];

/// Cases that the server at hand is not asked: it has no such limit, and works for long.
const WITHOUT_LIMIT: [&str; 1] = ["aggregate-densify: too many documents are refused"];

/// On a busy machine the server is slow, which says nothing about its answers.
const OPERATION_TIME: Duration = Duration::from_secs(900);

/// Whether an error must have the text of the case. Those texts are the embedded store's own, so
/// that errors of a server are compared by their numbers alone.
#[derive(Debug, Clone, Copy)]
enum Texts {
    Compared,
    Ignored,
}

/// Names of cases with what is wrong.
type Failures = BTreeMap<String, String>;

#[tokio::test]
async fn the_embedded_store_answers_as_the_cases_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = EmbeddedFile::open(folder.path(), EmbeddedOptions::default()).unwrap();
    let failures = failures(&file.data_source("cases"), Texts::Compared, |_, _| true).await;
    assert!(failures.is_empty(), "{} cases fail\n{}", failures.len(), list(failures.iter()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_answers_as_the_cases_say() {
    let server = SecantusDb::start();
    let options = MongoOptions { operation_time: OPERATION_TIME, ..MongoOptions::default() };
    let store = MongoStore::connect(&server.uri(), options).unwrap();
    let is_asked =
        |name: &str, case: &Case| case.embedded_only.is_none() && !WITHOUT_LIMIT.contains(&name);
    let failures = failures(&store, Texts::Ignored, is_asked).await;
    if env::var_os(RECORD).is_some() {
        let text = serde_json::to_string_pretty(&failures).unwrap();
        fs::write(DIFFERENCES, text + "\n").unwrap();
        return;
    }
    let known = fs::read_to_string(DIFFERENCES).unwrap();
    let known: Failures = serde_json::from_str(&known).unwrap();
    let new: Vec<_> = failures.iter().filter(|(name, _)| !known.contains_key(*name)).collect();
    let gone: Vec<&String> = known.keys().filter(|name| !failures.contains_key(*name)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "{} cases fail that are not listed:\n{}\n\
         {} are listed that hold, or are no more: {gone:#?}\n\
         Where MongoDB's documentation agrees with the cases, \
         record the list anew with {RECORD}=1.",
        new.len(),
        list(new.iter().copied()),
        gone.len(),
    );
}

fn list<'f>(failures: impl Iterator<Item = (&'f String, &'f String)>) -> String {
    failures.map(|(name, reason)| format!("{name}\n    {reason}\n")).collect()
}

/// The cases that do not hold for a store.
async fn failures(
    store: &dyn Store,
    texts: Texts,
    is_asked: impl Fn(&str, &Case) -> bool,
) -> Failures {
    let mut failures = BTreeMap::new();
    for (place, (file, case)) in case::all().into_iter().enumerate() {
        let mut case = case.unwrap_or_else(|reason| panic!("{file}: {reason}"));
        if let (Texts::Ignored, Some(refusal)) = (texts, &mut case.error) {
            refusal.contains = None;
        }
        let name = format!("{file}: {}", case.name);
        if !is_asked(&name, &case) || REFUSED_BEFORE.contains(&name.as_str()) {
            continue;
        }
        let database = format!("case{place}");
        match check::check(store, &database, &case).await {
            Ok(()) => {}
            Err(Wrong::Answer(reason)) => {
                // The place changes with every new case.
                let reason = reason.replace(&database, "case");
                let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
                failures.insert(name, reason);
            }
            Err(Wrong::NoAnswer(reason)) => panic!("{name}: the store does not answer: {reason}"),
        }
    }
    failures
}
