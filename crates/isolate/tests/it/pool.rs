//! Places, the queue, and runs that share isolates.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hookstead_isolate::{Busy, Ending, Pool, PoolLimits, RunLimits};

use crate::echo::{Echo, Limits, image, roomy};

fn pool(runs_max: usize, runs_waiting_max: usize) -> Arc<Pool> {
    Arc::new(Pool::new(PoolLimits { runs_max, runs_waiting_max, isolates_max: 2 }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_beyond_the_queue_are_refused_and_the_others_finish() {
    let pool = pool(2, 3);
    // Long enough for every other call to be made before the first run ends.
    let source = "const end = Date.now() + 200; while (Date.now() < end); say('done')";
    let image = image(source, &roomy());
    let mut runs = Vec::new();
    for _ in 0..10 {
        let (pool, image) = (Arc::clone(&pool), Arc::clone(&image));
        runs.push(async move { pool.run(image, roomy().run, Echo::default()).await });
    }
    let mut refused = 0;
    for outcome in join_all(runs).await {
        match outcome {
            Ok((_, ending)) => assert_eq!(ending, Ending::Finished),
            Err(Busy) => refused += 1,
        }
    }
    assert_eq!(refused, 5);
}

#[tokio::test]
async fn a_run_whose_caller_went_away_gives_its_place_back() {
    let pool = pool(1, 1);
    let busy = image("for (;;);", &roomy());
    let gone = pool.run(Arc::clone(&busy), roomy().run, Echo::default());
    assert!(tokio::time::timeout(Duration::from_millis(20), gone).await.is_err());
    let next = pool.run(image("say('done')", &roomy()), roomy().run, Echo::default()).await;
    assert_eq!(next.expect("a place").1, Ending::Finished);
}

/// Between two slices of long runs, every short one has its turn.
#[test]
fn a_short_run_does_not_wait_for_all_the_long_ones() {
    const LONG_RUNS: usize = 20;
    let long = image("name() === 1 ? say('done') : (() => { for (;;); })()", &roomy());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let pool = Arc::new(Pool::new(PoolLimits {
            runs_max: 2 * LONG_RUNS,
            runs_waiting_max: 0,
            isolates_max: 1,
        }));
        let slices: Arc<[AtomicUsize; LONG_RUNS]> = Arc::default();
        for number in 0..LONG_RUNS {
            let (pool, long, slices) = (Arc::clone(&pool), Arc::clone(&long), Arc::clone(&slices));
            tokio::spawn(async move {
                let mut run = pin!(pool.run(long, roomy().run, Echo::named(0)));
                // A run that waits for its isolate is polled when it gets it.
                let counted = poll_fn(|cx| {
                    slices[number].fetch_add(1, Ordering::Relaxed);
                    run.as_mut().poll(cx).map(drop)
                });
                counted.await;
            });
        }
        let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
        // All of them have had what a run has before others may enter.
        while slices.iter().map(count).min().unwrap_or(0) < 30 {
            tokio::task::yield_now().await;
        }
        for _ in 0..5 {
            let before: usize = slices.iter().map(count).sum();
            let (host, ending) =
                pool.run(Arc::clone(&long), roomy().run, Echo::named(1)).await.expect("a place");
            assert_eq!((host.said.len(), ending), (1, Ending::Finished));
            let meanwhile = slices.iter().map(count).sum::<usize>() - before;
            // Two or three slices for each of two hooks, each polled twice; all would be forty.
            assert!(meanwhile < LONG_RUNS, "long runs were polled {meanwhile} times before");
        }
    });
}

/// They wait for their isolate behind it from their begin on.
#[test]
fn a_short_run_does_not_wait_for_runs_of_a_function_that_took_long_lately() {
    const LONG_RUNS: usize = 20;
    let image = image("name() === 1 ? say('done') : (() => { for (;;); })()", &roomy());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let limits = PoolLimits { runs_max: 2 * LONG_RUNS, runs_waiting_max: 0, isolates_max: 1 };
        let pool = Arc::new(Pool::new(limits));
        let pace = Arc::default();
        let short_time = RunLimits { cpu_time: Duration::from_millis(50), ..roomy().run };
        let first = pool.run(Arc::clone(&image), short_time, Echo::paced(0, &pace)).await;
        assert_eq!(first.expect("a place").1, Ending::TimeLimit);
        let polls: Arc<AtomicUsize> = Arc::default();
        for _ in 0..LONG_RUNS {
            let (pool, image, polls) = (Arc::clone(&pool), Arc::clone(&image), Arc::clone(&polls));
            let echo = Echo::paced(0, &pace);
            tokio::spawn(async move {
                let mut run = pin!(pool.run(image, roomy().run, echo));
                let counted = poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    run.as_mut().poll(cx).map(drop)
                });
                counted.await;
            });
        }
        // Each has been polled, and one of them is in the isolate.
        while polls.load(Ordering::Relaxed) < LONG_RUNS + 5 {
            tokio::task::yield_now().await;
        }
        let before = polls.load(Ordering::Relaxed);
        let (host, ending) = pool.run(image, roomy().run, Echo::named(1)).await.expect("a place");
        assert_eq!((host.said.len(), ending), (1, Ending::Finished));
        let meanwhile = polls.load(Ordering::Relaxed) - before;
        assert!(meanwhile < LONG_RUNS, "long runs were polled {meanwhile} times before");
    });
}

/// Much memory is not copied back and forth, and what was given back takes none.
#[test]
fn a_run_that_waits_with_much_memory_costs_its_siblings_little() {
    let source = "(async () => {
        if (name() > 0) return say('done');
        let size = 1e7;
        const pins = [];
        for (let n = 0; n < 10; n++) {
            let large = new Uint8Array(size);
            pins.push(new Uint8Array(5000).fill(n));
            large = null;
            size *= 1.09;
        }
        const all = new Uint8Array(1e7).fill(7);
        for (let n = 0; n < 30; n++) await double(n);
        say(all.indexOf(0) === -1 && all[9e6] === 7, pins.every((pin, n) => pin[4999] === n));
        say('done');
    })()";
    let limits = Limits { memory_bytes: 350 << 20, ..roomy() };
    let image = image(source, &limits);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let pool = Pool::new(PoolLimits { runs_max: 8, runs_waiting_max: 0, isolates_max: 1 });
        let run = |number| pool.run(Arc::clone(&image), limits.run.clone(), Echo::named(number));
        let begun = Instant::now();
        let others = async {
            loop {
                assert_eq!(run(1).await.expect("a place").1, Ending::Finished);
                // Runs that never wait do not let go of the thread: requests do.
                tokio::task::yield_now().await;
            }
        };
        let (host, ending) = tokio::select! {
            run = run(0) => run.expect("a place"),
            () = others => unreachable!("it goes on for good"),
        };
        assert_eq!(ending, Ending::Finished);
        assert_eq!(host.said, vec![true.into(), true.into(), "done".into()]);
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    });
}

/// Polls every future at once, as a crate for it would.
pub(crate) async fn join_all<F: Future + Send + 'static>(futures: Vec<F>) -> Vec<F::Output>
where
    F::Output: Send,
{
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.await.expect("no task panics"));
    }
    outputs
}
