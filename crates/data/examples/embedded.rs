//! What the embedded store costs: `cargo run --profile bench -p hookstead-data --example embedded`.
//!
//! The folder is the first argument; on a file system in memory, a write waits for no disk.

use std::{env, error::Error, fs, path::Path, time::Instant};

use bson::{oid::ObjectId, rawdoc};
use hookstead_data::{
    Command, EmbeddedFile, EmbeddedOptions, EmbeddedStore, Find, IndexSpec, InsertMany,
    Modification, Namespace, Target as _, Update, UpdateSpec,
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const DOCUMENTS: usize = 100_000;
const WRITERS: usize = 32;
const WRITES: usize = 500;
const LOOK_UPS: usize = 100_000;

fn main() -> Outcome<()> {
    let folder = env::args().nth(1).unwrap_or_else(|| "/tmp".to_owned());
    let folder = Path::new(&folder).join(format!("hookstead-embedded-{}", std::process::id()));
    let result = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(measure(&folder));
    fs::remove_dir_all(&folder)?;
    result
}

async fn measure(folder: &Path) -> Outcome<()> {
    let file = EmbeddedFile::open(folder, EmbeddedOptions::default())?;
    let store = file.data_source("a");
    let index = IndexSpec {
        database: "db".to_owned(),
        collection: "c".to_owned(),
        keys: vec![("email".to_owned(), true)],
        unique: true,
        sparse: true,
    };
    store.declare_indexes(vec![index]).await?;
    let ids: Vec<ObjectId> = (0..DOCUMENTS).map(|_| ObjectId::new()).collect();
    let clock = Clock::start();
    for (chunk, ids) in ids.chunks(1_000).enumerate() {
        insert(&store, ids, chunk).await?;
    }
    clock.stop("insertMany of 1,000, with a unique index", DOCUMENTS);
    let clock = Clock::start();
    for n in 0..LOOK_UPS {
        let id = ids[(n * 7_919) % DOCUMENTS];
        store.run(c(), find(rawdoc! {"_id": id})).await?;
    }
    clock.stop("findOne by _id", LOOK_UPS);
    let clock = Clock::start();
    for n in 0..LOOK_UPS {
        let email = format!("{}@example.com", (n * 7_919) % DOCUMENTS);
        store.run(c(), find(rawdoc! {"email": email})).await?;
    }
    clock.stop("findOne by a unique index", LOOK_UPS);
    let clock = Clock::start();
    for n in 0..LOOK_UPS / 10 {
        let id = ids[(n * 7_919) % DOCUMENTS];
        store.run(c(), find(rawdoc! {"n": {"$gte": 0}, "_id": {"$gte": id}})).await?;
    }
    clock.stop("findOne by a thread (a range of _id)", LOOK_UPS / 10);
    let clock = Clock::start();
    store.run(c(), find(rawdoc! {"n": -1})).await?;
    clock.stop("a scan, for each document", DOCUMENTS);
    for writers in [1, WRITERS] {
        writes(&store, writers, false).await?;
        writes(&store, writers, true).await?;
    }
    Ok(())
}

async fn insert(store: &EmbeddedStore, ids: &[ObjectId], chunk: usize) -> Outcome<()> {
    let documents = ids.iter().enumerate().map(|(n, id)| {
        let n = i64::try_from(chunk * 1_000 + n).unwrap_or_default();
        rawdoc! {
            "_id": *id, "email": format!("{n}@example.com"), "n": n,
            "name": "A name of a person", "at": bson::DateTime::now(),
            "address": {"street": "Some Street 17", "city": "Somewhere", "zip": "12345"},
            "tags": ["one", "two", "three"], "text": "x".repeat(300),
        }
    });
    let insert = InsertMany { documents: documents.collect(), ordered: true };
    store.run(c(), Command::InsertMany(insert)).await?;
    Ok(())
}

/// Inserts by several tasks at a time, or increments of one document for each.
async fn writes(store: &EmbeddedStore, writers: usize, update: bool) -> Outcome<()> {
    let clock = Clock::start();
    let each = if writers == 1 { WRITES } else { WRITES * 2 };
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let store = store.clone();
            let writer = i64::try_from(writer).unwrap_or_default();
            tokio::spawn(async move {
                for n in 0..each {
                    let command = if update { increment(writer) } else { one(n) };
                    store.run(named("w"), command).await?;
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let what = if update { "updateOne with $inc" } else { "insertOne" };
    clock.stop(&format!("{what} by {writers}"), writers * each);
    Ok(())
}

fn one(n: usize) -> Command {
    let n = i64::try_from(n).unwrap_or_default();
    let document = rawdoc! {"_id": ObjectId::new(), "n": n, "text": "x".repeat(300)};
    Command::InsertMany(InsertMany { documents: vec![document], ordered: true })
}

fn increment(writer: i64) -> Command {
    let spec = UpdateSpec::Operators(rawdoc! {"$inc": {"n": 1}}, Vec::new());
    let modification = Modification::Update(spec);
    Command::Update(Update {
        filter: rawdoc! {"_id": writer},
        modification,
        many: false,
        upsert: true,
    })
}

fn find(filter: bson::RawDocumentBuf) -> Command {
    Command::Find(Find { filter, limit: 1, ..Find::default() })
}

fn c() -> Namespace {
    named("c")
}

fn named(collection: &str) -> Namespace {
    Namespace { database: "db".to_owned(), collection: collection.to_owned() }
}

/// Time on the wall and of all processors.
struct Clock {
    wall: Instant,
    processor_us: u64,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), processor_us: processor_us() }
    }

    fn stop(&self, what: &str, count: usize) {
        let count = count as f64;
        let wall = self.wall.elapsed().as_secs_f64() * 1e6 / count;
        let processor = (processor_us() - self.processor_us) as f64 / count;
        println!("{what:<45} {wall:>9.2} µs, of the processor {processor:>7.2} µs");
    }
}

/// What this process has used of the processors, as Linux tells it in hundredths of a second.
fn processor_us() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    ticks.sum::<u64>() * 10_000
}
