//! A process is killed in the middle of its writes, and everything that it was told is done is
//! there.
//!
//! `HOOKSTEAD_KILL_ROUNDS=1000` makes more rounds of it.

use std::{
    collections::HashMap,
    env,
    io::{BufRead as _, BufReader, Write as _},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use bson::doc;
use hookstead_data::{
    Answer, Command, EmbeddedStore, ErrorKind, FindAndModify, Modification, Store as _,
    Target as _, UpdateSpec,
};

use super::{
    fixture::{Ask as _, c, named, open, raw},
    processes::{folder, start},
};

const ROUNDS: &str = "HOOKSTEAD_KILL_ROUNDS";
const TASKS: u32 = 4;
const ACCOUNTS: i32 = 5;
const MONEY: i64 = 1_000;

/// What the process tells, line by line.
type Told = Arc<Mutex<std::io::Stdout>>;

fn tell(told: &Told, line: &str) {
    let mut told = told.lock().unwrap();
    // One write for a line: what has been told has been told whole.
    told.write_all(format!("\n@{line}\n").as_bytes()).unwrap();
    told.flush().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_writes_until_it_is_killed() {
    let Some(folder) = folder() else { return };
    let store = open(&folder);
    let told: Told = Arc::new(Mutex::new(std::io::stdout()));
    for task in 0..TASKS {
        tokio::spawn(insert(store.clone(), told.clone(), task));
        tokio::spawn(add(store.clone(), told.clone(), task));
        tokio::spawn(transfer(store.clone(), told.clone(), task));
    }
    tokio::spawn(tickets(store.clone(), told.clone()));
    tokio::time::sleep(Duration::from_secs(60)).await;
}

async fn insert(store: EmbeddedStore, told: Told, task: u32) {
    for n in 0_u32.. {
        let id = format!("{}-{task}-{n}", std::process::id());
        // Sometimes more than one page.
        let text = "x".repeat((n as usize * 977) % 9_000);
        store.insert(&c(), &[doc! {"_id": &id, "t": text}]).await.unwrap();
        tell(&told, &format!("insert {id}"));
    }
}

async fn add(store: EmbeddedStore, told: Told, task: u32) {
    let counter = i64::from(task % 2);
    loop {
        let add = doc! {"$inc": {"n": 1_i64}};
        store.update(&named("n"), doc! {"_id": counter}, add, false).await.unwrap();
        tell(&told, &format!("add {counter}"));
    }
}

async fn tickets(store: EmbeddedStore, told: Told) {
    loop {
        let update = raw(&doc! {"$inc": {"last": 1_i64}, "$push": {"all": 1}});
        let modify = FindAndModify {
            filter: raw(&doc! {"_id": "ticket"}),
            modification: Some(Modification::Update(UpdateSpec::Operators(update, Vec::new()))),
            sort: None,
            projection: None,
            upsert: true,
            return_new: true,
        };
        let answer = store.run(named("n"), Command::FindAndModify(modify)).await.unwrap();
        let Answer::Document(Some(document)) = answer else { panic!("no ticket") };
        tell(&told, &format!("ticket {}", document.get_i64("last").unwrap()));
    }
}

/// Moves money from one collection to the other.
async fn transfer(store: EmbeddedStore, told: Told, task: u32) {
    let session = store.start_session();
    for n in 0_u32.. {
        let account = i32::try_from((n * 7 + task) % ACCOUNTS.unsigned_abs()).unwrap();
        let id = format!("{}-{task}-{n}", std::process::id());
        let moved = i64::from(n % 5);
        session.start_transaction().unwrap();
        let result = async {
            let by = |amount: i64| doc! {"$inc": {"money": amount}};
            let account = doc! {"_id": account};
            session.update(&named("from"), account.clone(), by(-moved), false).await?;
            session.update(&named("to"), account, by(moved), false).await?;
            session.insert(&named("moved"), &[doc! {"_id": &id, "money": moved}]).await?;
            session.commit_transaction().await
        };
        match result.await {
            Ok(()) => tell(&told, &format!("moved {id}")),
            Err(error) => assert_eq!(error.kind, ErrorKind::WriteConflict, "{error}"),
        }
    }
}

async fn prepare(store: &EmbeddedStore) {
    store
        .insert(&named("n"), &[doc! {"_id": 0_i64, "n": 0_i64}, doc! {"_id": 1_i64, "n": 0_i64}])
        .await
        .unwrap();
    for account in 0..ACCOUNTS {
        store.insert(&named("from"), &[doc! {"_id": account, "money": MONEY}]).await.unwrap();
        store.insert(&named("to"), &[doc! {"_id": account, "money": 0_i64}]).await.unwrap();
    }
}

/// How often each line was told, and which ticket was the last.
#[derive(Default)]
struct Log {
    ids: Vec<(String, String)>,
    added: HashMap<String, i64>,
    ticket: i64,
    lines: usize,
}

impl Log {
    fn note(&mut self, line: &str) {
        let Some((kind, rest)) = line.split_once(' ') else { return };
        match kind {
            "insert" | "moved" => self.ids.push((kind.to_owned(), rest.to_owned())),
            "add" => *self.added.entry(rest.to_owned()).or_default() += 1,
            "ticket" => self.ticket = self.ticket.max(rest.parse().unwrap()),
            _ => return,
        }
        self.lines += 1;
    }

    async fn check(&self, store: &EmbeddedStore) {
        for (kind, id) in &self.ids {
            let name = if kind == "insert" { c() } else { named("moved") };
            let found = store.find(&name, doc! {"_id": id}).await.unwrap();
            assert_eq!(found.len(), 1, "{kind} {id} is lost");
        }
        for (counter, added) in &self.added {
            let id: i64 = counter.parse().unwrap();
            let found = store.find(&named("n"), doc! {"_id": id}).await.unwrap();
            assert!(found[0].get_i64("n").unwrap() >= *added, "an increment is lost");
        }
        let ticket = store.find(&named("n"), doc! {"_id": "ticket"}).await.unwrap();
        if self.ticket > 0 {
            let (last, all) =
                (ticket[0].get_i64("last").unwrap(), ticket[0].get_array("all").unwrap().len());
            assert!(last >= self.ticket, "a ticket is lost");
            assert_eq!(last, i64::try_from(all).unwrap(), "half a write");
        }
        let sum = async |name| {
            let found = store.find(&named(name), doc! {}).await.unwrap();
            found.iter().map(|one| one.get_i64("money").unwrap()).sum::<i64>()
        };
        let (from, to, moved) = (sum("from").await, sum("to").await, sum("moved").await);
        assert_eq!((from + to, to), (i64::from(ACCOUNTS) * MONEY, moved), "half a transaction");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_told_to_be_done_is_there_after_a_kill() {
    let rounds = env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    let (mut told, mut kept) = (0, None);
    for round in 0..rounds {
        // A new file now and then: the beginning of one is a time to die, too.
        let (folder, mut log): (tempfile::TempDir, Log) = match kept.take() {
            Some(kept) if round % 10 != 0 => kept,
            _ => {
                let folder = tempfile::tempdir().unwrap();
                prepare(&open(folder.path())).await;
                (folder, Log::default())
            }
        };
        let test = "embedded::kill::a_process_that_writes_until_it_is_killed";
        let mut child = start(test, folder.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reader = thread::spawn(move || {
            // The last line may be a part of one.
            let mut lines: Vec<String> = lines.map_while(Result::ok).collect();
            lines.pop();
            lines
        });
        let wait = 20 + u64::from(bson::oid::ObjectId::new().bytes()[11]) * 7 % 230;
        thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in reader.join().unwrap() {
            if let Some(line) = line.strip_prefix('@') {
                log.note(line);
            }
        }
        let store = open(folder.path());
        log.check(&store).await;
        told += log.lines;
        kept = Some((folder, log));
    }
    println!("{rounds} rounds, {told} lines checked");
    assert!(told > rounds, "the process does nothing");
}
