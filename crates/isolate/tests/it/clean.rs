//! Nothing of a run survives it, whoever shares its isolate.

use std::{sync::Arc, time::Duration};

use hookstead_isolate::{Ending, Image, Pool, PoolLimits, RunLimits, Value};

use crate::{
    echo::{Echo, Limits, image, roomy, run_image, within},
    pool::join_all,
};

/// A script that behaves by the number of the run, which it can only know from the host.
fn said(image: &Arc<Image<Echo>>, limits: &Limits) -> Vec<Value> {
    let (said, ending) = run_image(image, limits);
    assert_eq!(ending, Ending::Finished);
    said
}

#[test]
fn what_a_run_did_to_its_world_is_gone_for_the_next() {
    let source = "
        say(typeof leaked, Object.x, [].map === Array.prototype.map, 'y' in {}, typeof Map);
        say([1, 2].map((x) => x * 2).join(), Object.keys(globalThis).length, JSON.stringify([1]));
        globalThis.leaked = new Array(1000).fill({});
        Object.x = 1;
        Object.prototype.y = 2;
        Array.prototype.map = () => { throw 1 };
        delete globalThis.Map;
        JSON.stringify = null;
        Object.freeze(Array);
        Promise.resolve().then(() => { globalThis.late = 1 });
        say('done')";
    let image = image(source, &roomy());
    let first = said(&image, &roomy());
    for _ in 0..300 {
        assert_eq!(said(&image, &roomy()), first);
    }
}

/// Cycles are looked for, every object is written to, and the image comes back all the same.
#[test]
fn an_image_comes_back_after_a_run_that_wrote_all_over_it() {
    let littering = "for (let n = 0; n < 3e5; n++) { const a = {}; a.a = a } say('done')";
    let image = image(&format!("say([1, 2].map(String).join()); {littering}"), &roomy());
    for _ in 0..8 {
        assert_eq!(said(&image, &roomy())[0], "1,2".into());
    }
}

/// Runs that wait, compute, fail and go away, on fewer isolates than there are runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_that_share_an_isolate_never_see_each_other() {
    const RUNS: usize = 400;
    let source = "(async () => {
        const mine = await double(0) + name(), seen = [];
        globalThis.secret = mine;
        Array.prototype.owner = mine;
        const kept = Array.from({ length: 200 }, (_, n) => ({ n, mine }));
        for (let round = 0; round < 20; round++) {
            await double(round);
            if (mine % 7 === 0) { const end = Date.now() + 2; while (Date.now() < end); }
            if (mine % 11 === 0) seen.push(new Uint8Array(1e5).fill(mine));
            seen.push(globalThis.secret === mine, [].owner === mine,
                kept.every((x, n) => x.mine === mine && x.n === n));
        }
        if (mine % 13 === 0) for (;;);
        if (mine % 17 === 0) { const all = []; for (;;) all.push(new Uint8Array(1e6)); }
        say(seen.every((x) => x === true || x[5] === (mine & 255)));
        say('done');
    })()";
    let image = image(source, &roomy());
    let limits = PoolLimits { runs_max: 64, runs_waiting_max: RUNS, isolates_max: 3 };
    let pool = Arc::new(Pool::new(limits));
    let runs = (0..RUNS).map(|number| {
        let (pool, image) = (Arc::clone(&pool), Arc::clone(&image));
        async move {
            // Whoever would spin for good is ended by this limit.
            let cpu_time = Duration::from_millis(if number % 13 == 0 { 150 } else { 60_000 });
            let limits = RunLimits { cpu_time, ..roomy().run };
            let run = pool.run(image, limits, Echo::named(number));
            if number % 19 == 0 {
                // Its caller goes away in the middle.
                let _ = tokio::time::timeout(Duration::from_millis(5), run).await;
                return None;
            }
            Some((number, run.await.expect("a place")))
        }
    });
    for (number, (host, ending)) in join_all(runs.collect()).await.into_iter().flatten() {
        match (number % 13, number % 17) {
            (0, _) => assert_eq!(ending, Ending::TimeLimit, "{number}"),
            (_, 0) => assert_eq!(ending, Ending::MemoryLimit, "{number}"),
            _ => {
                assert_eq!(ending, Ending::Finished, "{number}");
                assert_eq!(host.said, vec![true.into(), "done".into()], "{number}");
            }
        }
    }
}

#[test]
fn a_run_that_computes_delays_no_other_on_its_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let pool = Pool::new(PoolLimits { runs_max: 8, runs_waiting_max: 0, isolates_max: 1 });
        let busy = image("for (;;);", &roomy());
        let brief = image("say('done')", &roomy());
        let spinning = pool.run(busy, within(Duration::from_secs(3)).run, Echo::default());
        let others = async {
            for _ in 0..200 {
                let run = pool.run(Arc::clone(&brief), roomy().run, Echo::default());
                assert_eq!(run.await.expect("a place").1, Ending::Finished);
            }
        };
        tokio::select! {
            _ = spinning => panic!("200 runs did not find time within three seconds"),
            () = others => {}
        }
    });
}
