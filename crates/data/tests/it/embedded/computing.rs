//! Commands that compute for hours: they end with whoever waits for them, after their time, and
//! when the store closes; and nobody else's command waits for them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bson::{Bson, Document, bson, doc};
use hookstead_data::{
    Aggregate, Answer, Command, Count, DataError, Delete, EmbeddedOptions, Find, FindAndModify,
    IndexSpec, InsertMany, Modification, Store as _, Target, Update, UpdateSpec, WriteOperation,
    Writes,
};
use tokio::time::timeout;

use super::fixture::{Ask as _, Fixture, c, named, raw};

/// Long enough for every command that is not endless, on a machine that is busy.
const GENEROUS: Duration = Duration::from_secs(60);

/// `ExceededTimeLimit`, which the store says of one long read too many.
const TOO_MANY_READS: i32 = 262;

/// An expression that nobody can compute beforehand, of 10^15 steps.
fn endless() -> Bson {
    let inner = bson!({"$map": {"input": {"$range": [0, 100_000]}, "in": "$_id"}});
    let inner = bson!({"$map": {"input": {"$range": [0, 100_000]}, "in": {"$size": inner}}});
    bson!({"$map": {"input": {"$range": [0, 100_000]}, "in": {"$size": inner}}})
}

fn endless_filter() -> Document {
    doc! {"$expr": {"$eq": [{"$size": endless()}, 1]}}
}

/// Pipelines that pass 10^15 documents through a stage.
fn pipelines() -> Vec<Vec<Document>> {
    let numbers = doc! {"$set": {"x": {"$range": [0, 100_000]}}};
    let unwind = doc! {"$unwind": "$x"};
    let many =
        || [&numbers, &unwind, &numbers, &unwind, &numbers, &unwind].map(Clone::clone).to_vec();
    let with = |tail: Document| many().into_iter().chain([tail]).collect::<Vec<_>>();
    vec![
        with(doc! {"$match": {"nothing": 1}}),
        with(doc! {"$skip": 1_000_000_000_000_000_i64}),
        with(doc! {"$group": {"_id": 1, "sum": {"$sum": "$x"}}}),
        with(doc! {"$sort": {"x": -1}}).into_iter().chain([doc! {"$limit": 1}]).collect(),
        with(doc! {"$count": "n"}),
        vec![doc! {"$facet": {"x": with(doc! {"$count": "n"})}}],
        vec![doc! {"$lookup": {"from": "c", "pipeline": with(doc! {"$count": "n"}), "as": "x"}}],
        vec![doc! {"$project": {"x": endless()}}],
        vec![doc! {"$match": endless_filter()}],
        vec![doc! {"$redact": {"$cond": [endless(), "$$KEEP", "$$PRUNE"]}}],
        vec![doc! {"$set": {"x": endless()}}, doc! {"$merge": {"into": "other"}}],
        vec![doc! {"$set": {"x": endless()}}, doc! {"$out": "other"}],
    ]
}

fn reads() -> Vec<Command> {
    let filter = raw(&endless_filter());
    let mut all = vec![
        Command::Find(Find { filter: filter.clone(), ..Find::default() }),
        Command::Find(Find {
            filter: raw(&doc! {"_id": 1}),
            projection: Some(raw(&doc! {"x": endless()})),
            ..Find::default()
        }),
        Command::Find(Find {
            filter: filter.clone(),
            sort: Some(raw(&doc! {"x": 1})),
            ..Find::default()
        }),
        Command::Count(Count { filter, ..Count::default() }),
    ];
    all.extend(pipelines().into_iter().map(|pipeline| {
        let pipeline = pipeline.iter().map(raw).collect();
        Command::Aggregate(Aggregate { pipeline, ..Aggregate::default() })
    }));
    all
}

fn update_of(filter: &Document, modification: Modification, many: bool) -> Update {
    Update { filter: raw(filter), modification, many, upsert: false }
}

fn writes() -> Vec<Command> {
    let set = || Modification::Update(UpdateSpec::Operators(raw(&doc! {"$set": {"x": 1}}), vec![]));
    let compute =
        || Modification::Update(UpdateSpec::Pipeline(vec![raw(&doc! {"$set": {"x": endless()}})]));
    let delete = |many| Delete { filter: raw(&endless_filter()), many };
    let bulk = |ordered| {
        let endless = WriteOperation::Update(update_of(&endless_filter(), set(), false));
        let insert = WriteOperation::Insert(raw(&doc! {"_id": "of the bulk"}));
        Command::BulkWrite(Writes { operations: vec![insert, endless], ordered })
    };
    vec![
        Command::Update(update_of(&endless_filter(), set(), false)),
        Command::Update(update_of(&endless_filter(), set(), true)),
        Command::Update(update_of(&doc! {"_id": 1}, compute(), false)),
        Command::Update(update_of(&doc! {}, compute(), true)),
        Command::Delete(delete(false)),
        Command::Delete(delete(true)),
        Command::FindAndModify(FindAndModify {
            filter: raw(&endless_filter()),
            modification: None,
            sort: None,
            projection: None,
            upsert: false,
            return_new: false,
        }),
        bulk(true),
        bulk(false),
    ]
}

async fn filled(options: EmbeddedOptions) -> Fixture {
    let fixture = Fixture::with(options);
    fixture.store.insert(&c(), &[doc! {"_id": 1}, doc! {"_id": 2}]).await.unwrap();
    fixture
}

async fn run(target: &dyn Target, command: Command) -> Result<Answer, DataError> {
    target.run(c(), command).await
}

/// Others read and write, and find what there was.
async fn check_others(fixture: &Fixture, of: &str) {
    let others = async {
        fixture.store.insert(&named("o"), &[doc! {}]).await.unwrap();
        fixture.store.update(&named("o"), doc! {}, doc! {"$inc": {"n": 1}}, true).await.unwrap();
        assert!(fixture.store.count(&named("o"), doc! {"n": {"$gt": 0}}).await.unwrap() > 0);
        assert_eq!(fixture.store.find(&c(), doc! {"x": null}).await.unwrap().len(), 2, "{of}");
    };
    assert!(timeout(GENEROUS, others).await.is_ok(), "{of} keeps a thread");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_waits_for_any_more_ends() {
    // Were one of them to go on, the next would be one too many.
    let options =
        EmbeddedOptions { reader_threads_max: 1, long_reads_max: 1, ..EmbeddedOptions::default() };
    let fixture = filled(options).await;
    for command in reads().into_iter().chain(writes()) {
        let name = format!("{command:?}");
        let begun = Instant::now();
        loop {
            let answer = run(&fixture.store, command.clone());
            let answer = timeout(Duration::from_millis(60), answer).await;
            match answer.map(Result::err) {
                Err(_) => break,
                // The one before has yet to notice that nobody waits.
                Ok(Some(error)) if error.number() == Some(TOO_MANY_READS) => {
                    assert!(begun.elapsed() < GENEROUS, "what came before {name} goes on");
                }
                Ok(error) => panic!("{name} has an answer: {error:?}"),
            }
        }
        check_others(&fixture, &name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_too_long_fails_with_the_code_of_max_time() {
    let options = EmbeddedOptions {
        operation_time: Duration::from_millis(100),
        write_compute_time: Duration::from_millis(100),
        ..EmbeddedOptions::default()
    };
    let fixture = filled(options).await;
    for command in reads().into_iter().chain(writes()) {
        let name = format!("{command:?}");
        let answer = timeout(GENEROUS, run(&fixture.store, command)).await;
        let error = answer.unwrap_or_else(|_| panic!("{name} goes on")).err();
        assert_eq!(error.and_then(|error| error.number()), Some(50), "{name}");
        check_others(&fixture, &name).await;
    }
    assert_eq!(fixture.store.find(&named("other"), doc! {}).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_ends_with_a_command_that_nobody_waits_for() {
    let fixture = filled(EmbeddedOptions::default()).await;
    for command in reads().into_iter().take(8).chain(writes()) {
        let name = format!("{command:?}");
        let session = fixture.store.start_session();
        session.start_transaction().unwrap();
        session.insert(&c(), &[doc! {"_id": "gone"}]).await.unwrap();
        let answer = timeout(Duration::from_millis(60), run(&*session, command)).await;
        assert!(answer.is_err(), "{name} has an answer");
        assert!(timeout(GENEROUS, session.commit_transaction()).await.unwrap().is_err(), "{name}");
        check_others(&fixture, &name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_long_commands_keep_nobody_waiting() {
    let fixture = filled(EmbeddedOptions::default()).await;
    let all = reads().into_iter().chain(writes()).cycle().take(100);
    let attack: Vec<_> = all
        .map(|command| {
            let store = fixture.store.clone();
            tokio::spawn(async move { run(&store, command).await.map(drop) })
        })
        .collect();
    for _ in 0..5 {
        check_others(&fixture, "a hundred commands").await;
    }
    for task in &attack {
        task.abort();
    }
    check_others(&fixture, "after a hundred commands").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_computes_can_be_closed() {
    let reads = reads().into_iter().map(|read| (read, true));
    for (command, is_read) in reads.chain(writes().into_iter().map(|write| (write, false))) {
        let name = format!("{command:?}");
        let fixture = filled(EmbeddedOptions::default()).await;
        let mut under_way = Some(fixture.store.run(c(), command));
        let answer = timeout(Duration::from_millis(40), under_way.as_mut().unwrap()).await;
        assert!(answer.is_err(), "{name} has an answer");
        // An ordinary write that was handed over is done all the same.
        let insert = InsertMany { documents: vec![raw(&doc! {"_id": 1})], ordered: true };
        let ordinary = fixture.store.run(named("o"), Command::InsertMany(insert));
        if !is_read {
            // It has the store open as long as somebody waits for it.
            under_way = None;
        }
        let reopened = timeout(GENEROUS, tokio::task::spawn_blocking(move || fixture.reopen()));
        let reopened = reopened.await.unwrap_or_else(|_| panic!("{name} keeps the store"));
        assert!(ordinary.await.is_ok());
        assert_eq!(reopened.unwrap().store.count(&named("o"), doc! {}).await.unwrap(), 1);
        drop(under_way);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_takes_long_is_done_all_the_same() {
    let options = EmbeddedOptions {
        transaction_bytes_max: 50_000,
        write_compute_time: GENEROUS,
        ..EmbeddedOptions::default()
    };
    let fixture = Fixture::with(options);
    // Each document takes some milliseconds, and all are more than a transaction may change.
    for (count, text) in [(40_u32, "x".repeat(10)), (40, "x".repeat(5_000))] {
        let name = named(&format!("of {}", text.len()));
        let documents: Vec<_> = (0..count).map(|n| doc! {"_id": n, "t": &text}).collect();
        fixture.store.insert(&name, &documents).await.unwrap();
        let long = bson!({"$map": {"input": {"$range": [0, 20_000]}, "in": "$_id"}});
        let stage = raw(&doc! {"$set": {"x": {"$size": long}}});
        let change = Modification::Update(UpdateSpec::Pipeline(vec![stage]));
        let update = update_of(&doc! {}, change, true);
        let updated = fixture.store.update_with(&name, update).await.unwrap();
        assert_eq!((updated.matched, updated.modified), (count.into(), count.into()));
        assert_eq!(fixture.store.count(&name, doc! {"x": 20_000}).await.unwrap(), u64::from(count));
    }
}

/// The thread that writes would give it up at once, so that it has to be computed elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_that_computes_for_long_is_not_computed_by_the_thread_that_writes() {
    let options = EmbeddedOptions {
        write_compute_time: Duration::from_millis(1),
        ..EmbeddedOptions::default()
    };
    let fixture = Fixture::with(options);
    let documents: Vec<_> = (0..40).map(|n| doc! {"_id": n, "k": n}).collect();
    fixture.store.insert(&c(), &documents).await.unwrap();
    fixture.store.insert(&named("o"), &documents[..30]).await.unwrap();
    fixture.store.declare_indexes(vec![unique_k("o")]).await.unwrap();
    let long = bson!({"$map": {"input": {"$range": [0, 20_000]}, "in": "$$new.k"}});
    for (round, on) in [(1, "_id"), (2, "_id"), (3, "k")] {
        let set = doc! {"$set": {"x": {"$add": [{"$size": &long}, round]}}};
        let merge = doc! {"$merge": {"into": "o", "on": on, "whenMatched": [set]}};
        // By another field, documents are found whose ids are others.
        let project = if on == "k" {
            doc! {"_id": 0, "k": 1}
        } else {
            doc! {"k": 1}
        };
        fixture.store.aggregate(&c(), &[doc! {"$project": project}, merge]).await.unwrap();
        let merged = fixture.store.count(&named("o"), doc! {"x": 20_000 + round}).await.unwrap();
        assert_eq!(merged, if round == 1 { 30 } else { 40 }, "{round}");
        assert_eq!(fixture.store.count(&named("o"), doc! {}).await.unwrap(), 40);
    }
}

fn unique_k(collection: &str) -> IndexSpec {
    IndexSpec {
        database: "db".to_owned(),
        collection: collection.to_owned(),
        keys: vec![("k".to_owned(), true)],
        unique: true,
        sparse: false,
    }
}

/// Between two of them, all the others that wait are done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_does_not_wait_for_all_the_large_ones() {
    const LARGE_WRITES: usize = 12;
    let fixture = Fixture::new();
    let documents: Vec<_> = (0..2_000).map(|n| doc! {"_id": n, "k": n}).collect();
    fixture.store.insert(&c(), &documents).await.unwrap();
    let done: Arc<AtomicUsize> = Arc::default();
    for number in 0..LARGE_WRITES {
        let (store, done) = (fixture.store.clone(), Arc::clone(&done));
        let into = format!("o{number}");
        tokio::spawn(async move {
            for round in 0.. {
                let stage = match number % 3 {
                    0 => doc! {"$out": &into},
                    1 => doc! {"$merge": {"into": &into}},
                    _ => {
                        let text = "x".repeat(1000);
                        let document = |n| doc! {"_id": [round, n], "text": &text};
                        let documents: Vec<_> = (0..500).map(document).collect();
                        store.insert(&named(&into), &documents).await.unwrap();
                        done.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                };
                store.aggregate(&c(), &[stage]).await.unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while done.load(Ordering::Relaxed) < LARGE_WRITES {
        tokio::task::yield_now().await;
    }
    let mut waited = 0;
    for n in 0..20 {
        let before = done.load(Ordering::Relaxed);
        fixture.store.insert(&named("short"), &[doc! {"_id": n}]).await.unwrap();
        waited += done.load(Ordering::Relaxed) - before;
    }
    // For the one under way, and rarely for one more whose end is told late; all would be twelve.
    assert!(waited < 20 * 4, "{waited} large writes were done during 20 inserts");
}
