//! Runs and isolates within one budget of memory.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use hookstead_isolate::{Ending, Image, Pool, PoolLimits};
use hookstead_memory::{Account, Budget};

use crate::{
    echo::{Echo, Limits, image_within, roomy},
    pool::join_all,
};

const MIB: usize = 1 << 20;

fn pool(runs_max: usize) -> Arc<Pool> {
    Arc::new(Pool::new(PoolLimits { runs_max, runs_waiting_max: 100, isolates_max: 4 }))
}

fn budget(mebibytes: usize) -> Arc<Budget> {
    Budget::new(mebibytes * MIB, Duration::from_secs(60))
}

/// How runs of one image end that begin at once.
async fn run_all(
    runs: usize,
    image: &Arc<Image<Echo>>,
    budget: &Arc<Budget>,
    limits: &Limits,
) -> Vec<Ending> {
    let pool = pool(8);
    let runs: Vec<_> = (0..runs)
        .map(|_| {
            let (pool, image, limits) = (Arc::clone(&pool), Arc::clone(image), limits.clone());
            let host = Echo::counted(Account::new(budget, limits.memory_bytes));
            async move { pool.run(image, limits.run, host).await.expect("a place").1 }
        })
        .collect();
    join_all(runs).await
}

/// Holds so many megabytes until it has waited for something, and ends.
fn filling(megabytes: usize) -> String {
    format!(
        "(async () => {{
            const kept = [];
            for (let n = 0; n < {megabytes}; n++) {{
                kept.push(new Uint8Array(1e6).fill(n));
                await double(n);
            }}
            say('done');
        }})()"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_do_not_fit_together_take_turns() {
    let budget = budget(128);
    let limits = Limits { memory_bytes: 64 * MIB, ..roomy() };
    let image = image_within(&filling(45), &limits, &budget);
    let isolate_bytes = budget.used_bytes();
    let endings = run_all(6, &image, &budget, &limits).await;
    let finished = endings.iter().filter(|ending| **ending == Ending::Finished).count();
    let refused = endings.iter().filter(|ending| **ending == Ending::NoRoom).count();
    assert_eq!(finished + refused, 6, "{endings:?}");
    assert!(finished >= 2, "{endings:?}");
    assert!(budget.used_bytes() <= 4 * isolate_bytes, "{budget:?}");
    // Afterwards there is room for all that fits.
    assert_eq!(run_all(1, &image, &budget, &limits).await, [Ending::Finished]);
    drop(image);
    assert_eq!(budget.used_bytes(), 0);
}

#[tokio::test]
async fn a_run_has_a_limit_beside_that_of_all() {
    let budget = budget(512);
    let limits = Limits { memory_bytes: 16 * MIB, ..roomy() };
    let image = image_within(&filling(40), &limits, &budget);
    assert_eq!(run_all(1, &image, &budget, &limits).await, [Ending::MemoryLimit]);
}

#[tokio::test]
async fn small_runs_go_on_while_large_ones_use_the_rest() {
    let budget = budget(64);
    let limits = roomy();
    let image = image_within("say('done')", &limits, &budget);
    let large = budget.take(56 * MIB - budget.used_bytes()).expect("there is room");
    assert!(budget.take(4 * MIB).is_none());
    assert_eq!(run_all(4, &image, &budget, &limits).await, vec![Ending::Finished; 4]);
    drop(large);
}

/// What a run has freed is for others while it goes on.
#[tokio::test]
async fn what_a_run_frees_is_given_back_before_its_end() {
    let budget = budget(256);
    let limits = Limits { memory_bytes: 100 * MIB, ..roomy() };
    let source = "(async () => {
        let large = new Uint8Array(8e7).fill(1);
        const pin = new Uint8Array(5000).fill(1);
        large = null;
        await double(1);
        await new Promise(() => {});
    })()";
    let image = image_within(source, &limits, &budget);
    let account = Account::new(&budget, limits.memory_bytes);
    let pool = pool(1);
    let host = Echo::counted(Arc::clone(&account));
    let mut run = pin!(pool.run(image, limits.run, host));
    let mut most = 0;
    let fell = poll_fn(|cx| {
        assert!(run.as_mut().poll(cx).is_pending(), "it waits");
        most = most.max(account.used_bytes());
        let fell = most > 70 * MIB && account.used_bytes() < 10 * MIB;
        if fell { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::time::timeout(Duration::from_secs(50), fell).await.expect("it is given back");
}

#[tokio::test]
async fn runs_that_wait_leave_their_places_to_others() {
    let budget = Budget::unlimited();
    let limits = roomy();
    let waiting = image_within("new Promise(() => {})", &limits, &budget);
    let quick = image_within("say('done')", &limits, &budget);
    let pool = pool(1);
    let run = |image: &Arc<Image<Echo>>| {
        let (pool, image, limits) = (Arc::clone(&pool), Arc::clone(image), limits.run.clone());
        async move { pool.run(image, limits, Echo::default()).await.expect("a place").1 }
    };
    let waiting: Vec<_> = (0..50).map(|_| tokio::spawn(run(&waiting))).collect();
    for _ in 0..20 {
        assert_eq!(run(&quick).await, Ending::Finished);
    }
    waiting.iter().for_each(|task| task.abort());
}

/// A run with much memory wants an isolate of its own, and there is no room for another.
#[tokio::test]
async fn where_no_isolate_can_be_had_runs_share_those_that_there_are() {
    let (small, limits) = (budget(16), roomy());
    let image = image_within(&filling(4), &limits, &small);
    let all = small.take_anyway(small.bytes_max());
    // They are not counted, so that isolates alone find no room.
    let pool = pool(8);
    let runs = (0..4).map(|number| {
        let (pool, image, limits) = (Arc::clone(&pool), Arc::clone(&image), limits.run.clone());
        async move { pool.run(image, limits, Echo::named(number)).await.expect("a place").1 }
    });
    assert_eq!(join_all(runs.collect()).await, vec![Ending::Finished; 4]);
    drop(all);
}
