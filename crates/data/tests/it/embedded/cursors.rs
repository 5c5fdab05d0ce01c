//! Batches, and who stops asking for them.

use std::time::{Duration, Instant};

use bson::doc;
use hookstead_data::{Aggregate, Answer, Command, Find, Target as _};

use super::fixture::{Ask as _, Fixture, all, c, raw};

async fn filled(count: i32, bytes: usize) -> Fixture {
    let fixture = Fixture::new();
    let text = "x".repeat(bytes);
    let documents: Vec<_> = (0..count).map(|n| doc! {"_id": n, "t": &text}).collect();
    fixture.store.insert(&c(), &documents).await.unwrap();
    fixture
}

#[tokio::test]
async fn the_first_batch_is_small_and_the_others_have_a_limit() {
    let fixture = filled(5_000, 1_000).await;
    for command in [
        Command::Find(Find::default()),
        Command::Find(Find { sort: Some(raw(&doc! {"t": 1})), ..Find::default() }),
        Command::Aggregate(Aggregate::default()),
    ] {
        let answer = fixture.store.run(c(), command).await.unwrap();
        let Answer::Cursor(first, Some(mut rest)) = answer else { panic!("one batch only") };
        assert_eq!(first.len(), 101);
        let (mut batches, mut documents) = (1, first.len());
        loop {
            let batch = rest.next_batch().await.unwrap();
            if batch.is_empty() {
                break;
            }
            assert!(batch.bytes_len() < (1 << 20) + 2_000, "{}", batch.bytes_len());
            batches += 1;
            documents += batch.len();
        }
        assert_eq!((batches, documents), (6, 5_000));
        assert!(rest.next_batch().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_few_documents_come_without_a_cursor() {
    let fixture = filled(50, 10).await;
    let answer = fixture.store.run(c(), Command::Find(Find::default())).await.unwrap();
    assert!(matches!(answer, Answer::Cursor(batch, None) if batch.len() == 50));
    let find = Find { limit: 20, ..Find::default() };
    let answer = fixture.store.run(c(), Command::Find(find)).await.unwrap();
    assert!(matches!(answer, Answer::Cursor(batch, None) if batch.len() == 20));
}

#[tokio::test]
async fn a_cursor_goes_on_while_documents_change() {
    let fixture = filled(1_000, 2_000).await;
    let store = &fixture.store;
    let answer = store.run(c(), Command::Find(Find::default())).await.unwrap();
    store.delete(&c(), doc! {"_id": {"$gte": 500}}, true).await.unwrap();
    store.update(&c(), doc! {}, doc! {"$set": {"t": "y".repeat(3_000)}}, true).await.unwrap();
    store.insert(&c(), &[doc! {"_id": 2_000}]).await.unwrap();
    let ids: Vec<i32> =
        all(answer).await.unwrap().iter().map(|one| one.get_i32("_id").unwrap()).collect();
    assert_eq!(ids, (0..500).chain([2_000]).collect::<Vec<_>>());
}

#[tokio::test]
async fn between_two_batches_the_log_can_be_reused() {
    let fixture = filled(1_000, 2_000).await;
    let _open = fixture.store.run(c(), Command::Find(Find::default())).await.unwrap();
    let other = rusqlite::Connection::open(fixture.path().join("documents.sqlite3")).unwrap();
    let (busy, log, done): (i32, i32, i32) = other
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!((busy, log, done), (0, 0, 0));
}

#[tokio::test]
async fn a_scan_that_nobody_waits_for_stops() {
    let fixture = filled(100_000, 100).await;
    let slow =
        Command::Find(Find { filter: raw(&doc! {"t": {"$regex": "z$"}}), ..Find::default() });
    let started = Instant::now();
    fixture.store.run(c(), slow.clone()).await.unwrap();
    let whole = started.elapsed();
    // More of them than there are threads: the last one would wait for all others.
    let started = Instant::now();
    for _ in 0..200 {
        let waiting = fixture.store.run(c(), slow.clone());
        let _ = tokio::time::timeout(Duration::from_millis(1), waiting).await;
    }
    fixture.store.run(c(), slow).await.unwrap();
    assert!(started.elapsed() < whole * 20 + Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_cannot_be_sorted_in_memory_is_refused() {
    let fixture = Fixture::new();
    let text = "x".repeat(4 << 20);
    for n in 0..27 {
        fixture.store.insert(&c(), &[doc! {"_id": n, "n": -n, "t": &text}]).await.unwrap();
    }
    let find = Find { sort: Some(raw(&doc! {"n": 1})), ..Find::default() };
    let error = fixture.store.find_with(&c(), find.clone()).await.unwrap_err();
    assert_eq!(error.number(), Some(292), "{error}");
    let first = Find { limit: 1, ..find };
    assert_eq!(fixture.store.find_with(&c(), first).await.unwrap()[0].get_i32("_id").unwrap(), 26);
}
