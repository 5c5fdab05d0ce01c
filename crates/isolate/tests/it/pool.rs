//! Places, the queue, and runs that share isolates.

use std::{sync::Arc, time::Duration};

use hookstead_isolate::{Busy, Ending, Pool, PoolLimits};

use crate::echo::{Echo, image, roomy};

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
