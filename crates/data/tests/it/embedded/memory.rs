//! What the store computes and keeps takes its memory from the budget of the program: however many
//! ask at once, all of it stays within that budget, and whoever finds no room hears so at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bson::{Bson, Document, bson, doc};
use hookstead_data::{
    Aggregate, Answer, Command, Cursor, DataError, Distinct, EmbeddedOptions, ErrorKind, Find,
    Modification, Session, Store as _, Target, Update, UpdateSpec,
};
use hookstead_memory::Budget;
use tokio::{task::JoinHandle, time::timeout};

use super::fixture::{Ask as _, Fixture, c, named, raw};

const MIB: usize = 1 << 20;

/// Long enough for everything, on a machine that is busy.
const GENEROUS: Duration = Duration::from_secs(120);

/// What the budget has: half of it is for the store.
const BUDGET_BYTES: usize = 32 * MIB;

/// How many ask at once. All together would hold many times as much.
const CALLERS: usize = 24;

/// Documents of 10 KiB, 4 MiB of them, and one with many values.
async fn filled() -> (Fixture, Arc<Budget>) {
    let budget = Budget::new(BUDGET_BYTES, Duration::ZERO);
    let fixture = Fixture::within(EmbeddedOptions::default(), &budget);
    let text = "x".repeat(10 << 10);
    for part in 0..4 {
        let ids = part * 100..(part + 1) * 100;
        let documents: Vec<_> = ids.map(|id| doc! {"_id": id, "t": &text, "n": -id}).collect();
        fixture.store.insert(&c(), &documents).await.unwrap();
    }
    let numbers: Vec<_> = (0..20_000).map(Bson::Int32).collect();
    fixture.store.insert(&named("one"), &[doc! {"_id": 1, "a": numbers}]).await.unwrap();
    (fixture, budget)
}

/// The largest number of bytes that were taken while this was watched.
struct Peak {
    is_over: Arc<AtomicBool>,
    watching: std::thread::JoinHandle<usize>,
}

impl Peak {
    fn watch(budget: &Arc<Budget>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (budget, theirs) = (Arc::clone(budget), Arc::clone(&is_over));
        let watching = std::thread::spawn(move || {
            let mut most = 0;
            while !theirs.load(Ordering::Relaxed) {
                most = most.max(budget.used_bytes());
                std::thread::sleep(Duration::from_micros(200));
            }
            most
        });
        Self { is_over, watching }
    }

    fn end(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        self.watching.join().unwrap()
    }
}

fn pipeline(stages: &[Document]) -> Command {
    let pipeline = stages.iter().map(raw).collect();
    Command::Aggregate(Aggregate { pipeline, ..Aggregate::default() })
}

/// A text of 2.5 MiB for each number of a range, of which little is kept.
fn doubled_text() -> Bson {
    let text = bson!({"$reduce": {
        "input": {"$range": [0, 8]},
        "initialValue": "$t",
        "in": {"$concat": ["$$value", "$$value"]},
    }});
    bson!({"$map": {"input": {"$range": [0, 10]}, "as": "i", "in": {"$strLenBytes": text}}})
}

/// Reads that hold much, each in another place.
fn heavy_reads() -> Vec<(&'static str, Command)> {
    let all = || doc! {"$match": {}};
    let first = || doc! {"$limit": 1};
    let sort = |by: Document| Find { sort: Some(raw(&by)), ..Find::default() };
    let nested = bson!({"$map": {
        "input": {"$range": ["$zero", 200_000]},
        "as": "outer",
        "in": {"$size": {"$range": [0, 3]}},
    }});
    vec![
        (
            "a value of an expression",
            pipeline(&[first(), doc! {"$project": {"x": doubled_text()}}]),
        ),
        (
            "values around others",
            pipeline(&[
                first(),
                doc! {"$set": {"zero": 0}},
                doc! {"$project": {"x": {"$size": nested}}},
            ]),
        ),
        ("a sort", pipeline(&[all(), doc! {"$sort": {"n": 1}}, doc! {"$group": {"_id": "$n"}}])),
        ("groups", pipeline(&[all(), doc! {"$group": {"_id": "$_id", "all": {"$push": "$t"}}}])),
        ("facets", pipeline(&[doc! {"$facet": {"a": [{"$sort": {"n": 1}}, {"$count": "n"}]}}])),
        ("a join", {
            let lookup = doc! {"from": "c", "pipeline": [{"$sort": {"n": 1}}], "as": "x"};
            pipeline(&[doc! {"$limit": 3}, doc! {"$lookup": lookup}, doc! {"$unset": "x"}])
        }),
        ("a window", {
            let output = doc! {"x": {"$first": "$t", "window": {"documents": [-1, 0]}}};
            pipeline(&[doc! {"$setWindowFields": {"sortBy": {"n": 1}, "output": output}}])
        }),
        ("documents of the pipeline", {
            let item = bson!({"t": {"$range": [0, 200]}});
            let made = bson!({"$map": {"input": {"$range": [0, 1_500]}, "in": item}});
            let Command::Aggregate(mut aggregate) =
                pipeline(&[doc! {"$documents": made}, doc! {"$sort": {"t": 1}}])
            else {
                unreachable!()
            };
            aggregate.of_database = true;
            Command::Aggregate(aggregate)
        }),
        ("a find in an order", Command::Find(sort(doc! {"n": 1}))),
        ("distinct values", {
            Command::Distinct(Distinct { field: "a".to_owned(), ..Distinct::default() })
        }),
    ]
}

fn name_for(of: &str) -> hookstead_data::Namespace {
    if of == "distinct values" { named("one") } else { c() }
}

/// Everything that an answer has.
async fn drained(answer: Answer) -> Result<(), DataError> {
    let Answer::Cursor(_, Some(mut rest)) = answer else { return Ok(()) };
    while !rest.next_batch().await?.is_empty() {}
    Ok(())
}

type Outcomes = Vec<Result<(), DataError>>;

async fn at_once(fixture: &Fixture, of: &'static str, command: &Command) -> Outcomes {
    let ask = |_| -> JoinHandle<Result<(), DataError>> {
        let (store, command) = (fixture.store.clone(), command.clone());
        tokio::spawn(async move { drained(store.run(name_for(of), command).await?).await })
    };
    let all: Vec<_> = (0..CALLERS).map(ask).collect();
    let mut outcomes = Vec::new();
    for one in all {
        outcomes.push(timeout(GENEROUS, one).await.unwrap().unwrap());
    }
    outcomes
}

fn check_refusals(of: &str, outcomes: &Outcomes) {
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(error.kind, ErrorKind::Unavailable, "{of}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_compute_at_once_stay_within_the_budget() {
    let (fixture, budget) = filled().await;
    let mut refused = 0;
    for (of, command) in heavy_reads() {
        // By itself each has room.
        let alone = fixture.store.run(name_for(of), command.clone()).await;
        drained(alone.unwrap_or_else(|error| panic!("{of}: {error}"))).await.unwrap();
        assert_eq!(budget.used_bytes(), 0, "{of} gives all back");
        let peak = Peak::watch(&budget);
        let outcomes = at_once(&fixture, of, &command).await;
        let peak = peak.end();
        check_refusals(of, &outcomes);
        refused += outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert!(peak <= BUDGET_BYTES / 2, "{of} takes {peak} bytes");
        assert!(peak >= 2 * MIB, "{of} is counted: {peak} bytes");
        assert_eq!(budget.used_bytes(), 0, "{of} gives all back");
        // Others are answered.
        assert_eq!(fixture.store.find(&c(), doc! {"_id": 7}).await.unwrap().len(), 1);
    }
    assert!(refused > 0, "nobody was refused: the test asks for too little");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_and_what_goes_to_a_collection_are_counted() {
    let (fixture, budget) = filled().await;
    let stage = raw(&doc! {"$set": {"x": doubled_text()}});
    let change = Modification::Update(UpdateSpec::Pipeline(vec![stage]));
    let filter = raw(&doc! {"_id": {"$lt": 2}});
    let update = Update { filter, modification: change, many: true, upsert: false };
    let out = [doc! {"$match": {}}, doc! {"$out": "made"}];
    for (of, command) in [("an update", Command::Update(update)), ("$out", pipeline(&out))] {
        let peak = Peak::watch(&budget);
        let outcomes = at_once(&fixture, of, &command).await;
        let peak = peak.end();
        check_refusals(of, &outcomes);
        assert!(outcomes.iter().any(Result::is_ok), "{of}");
        assert!(peak <= BUDGET_BYTES / 2, "{of} takes {peak} bytes");
        assert!(peak >= 2 * MIB, "{of} is counted: {peak} bytes");
        assert_eq!(budget.used_bytes(), 0, "{of} gives all back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_transactions_have_changed_is_counted() {
    let (fixture, budget) = filled().await;
    let sessions: Vec<Arc<dyn Session>> = (0..12).map(|_| fixture.store.start_session()).collect();
    let mut failed = 0;
    for session in &sessions {
        session.start_transaction().unwrap();
        match session.update(&c(), doc! {}, doc! {"$set": {"x": 1}}, true).await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
                failed += 1;
            }
        }
        assert!(budget.used_bytes() <= BUDGET_BYTES / 2);
    }
    assert!((1..12).contains(&failed), "{failed} of them have no room");
    sessions[0].commit_transaction().await.unwrap();
    drop(sessions);
    assert_eq!(fixture.store.count(&c(), doc! {"x": 1}).await.unwrap(), 400);
    wait_until_nothing_is_taken(&budget).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_never_be_had_is_a_limit() {
    let budget = Budget::new(16 * MIB, Duration::ZERO);
    let fixture = Fixture::within(EmbeddedOptions::default(), &budget);
    fixture.store.insert(&c(), &[doc! {"_id": 1, "t": "x".repeat(1000)}]).await.unwrap();
    let large = doc! {"$project": {"x": {"$size": {"$range": [0, 1_000_000]}}}};
    let error = fixture.store.aggregate(&c(), &[large]).await.unwrap_err();
    assert_eq!((error.kind, error.number()), (ErrorKind::Refused, Some(146)));
    assert_eq!(budget.used_bytes(), 0);
}

/// What a cursor keeps between two batches is counted by whoever has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_says_what_it_keeps() {
    let (fixture, budget) = filled().await;
    let sort = [doc! {"$sort": {"n": 1}}];
    let window = doc! {"$setWindowFields": {"sortBy": {"n": 1}, "output": {"x": {"$rank": {}}}}};
    let group = doc! {"$group": {"_id": "$_id", "t": {"$first": "$t"}}};
    for stages in [&sort[..], &[window], &[group], &[doc! {"$sort": {"n": 1}}, doc! {"$skip": 1}]] {
        let answer = fixture.store.run(c(), pipeline(stages)).await.unwrap();
        let Answer::Cursor(_, Some(mut cursor)) = answer else { panic!("{stages:?}") };
        assert_eq!(budget.used_bytes(), 0, "{stages:?}");
        let all = 4 * MIB;
        let first = cursor.held_bytes();
        assert!((all * 6 / 10..all * 12 / 10).contains(&first), "{stages:?}: {first}");
        let mut batches = 0;
        while !next_is_empty(&mut *cursor).await {
            batches += 1;
            assert!(cursor.held_bytes() <= first, "{stages:?}: {}", cursor.held_bytes());
            assert_eq!(budget.used_bytes(), 0, "{stages:?}");
        }
        assert!(batches > 2);
        assert_eq!(cursor.held_bytes(), 0, "{stages:?}");
    }
}

async fn next_is_empty(cursor: &mut dyn Cursor) -> bool {
    cursor.next_batch().await.unwrap().is_empty()
}

/// What ends a transaction that nobody has any more is done on a thread.
async fn wait_until_nothing_is_taken(budget: &Budget) {
    let all_back = async {
        while budget.used_bytes() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(GENEROUS, all_back).await.is_ok(), "{budget:?}");
}
