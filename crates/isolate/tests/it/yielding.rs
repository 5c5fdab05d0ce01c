//! Nothing that a script calls keeps others from their turns.
//!
//! Two runs on one thread, each in an isolate of its own: while one is in the middle of a single
//! call of the engine's or of a native's, the other one computes. No clock is looked at: the one
//! that does little ends before the one that does much, although that one began first.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use hookstead_isolate::{Ending, background_work};

use crate::echo::{Echo, Limits, image, pool, roomy, run, within};

/// A single call each, which takes some ten milliseconds at least.
const LONG_CALLS: &[(&str, &str)] = &[
    ("fill", "const a = new Uint8Array(5e7); a.fill(7)"),
    ("fill of doubles", "new Float64Array(6e6).fill(1.5)"),
    ("slice", "const a = new Uint8Array(3e7).fill(1); a.slice()"),
    ("set", "const a = new Uint8Array(3e7).fill(1); new Uint8Array(3e7).set(a)"),
    ("copyWithin", "const a = new Uint8Array(4e7); for (let n = 0; n < 3; n++) a.copyWithin(1, 0)"),
    ("repeat", "'ab'.repeat(2e7)"),
    ("comparing", "const a = 'a'.repeat(2e7), b = 'a'.repeat(2e7); a === b && a < b"),
    (
        "concatenation",
        "let a = 'a'.repeat(5e6); for (let n = 0; n < 2; n++) a = a + 'b' + a; a.at(-1)",
    ),
    ("indexOf", "new Uint8Array(8e7).indexOf(1)"),
    ("includes of text", "'a'.repeat(2e7).includes('b')"),
    ("split", "'a,'.repeat(2e5).split(',')"),
    ("replace", "'a,'.repeat(5e5).replaceAll(',', ';')"),
    ("join", "new Array(1e6).join('ab')"),
    ("sort", "Float64Array.from({ length: 3e5 }, (_, n) => -n).sort()"),
    ("sort of holes", "const a = []; a.length = 3e6; a.sort()"),
    ("JSON", "JSON.parse(JSON.stringify(new Array(2e5).fill(1)))"),
    ("BigInt", "3n ** 300000n"),
    ("BigInt to text", "(3n ** 100000n).toString()"),
    ("RegExp", "/(a+)+$/.test('a'.repeat(20) + '!')"),
    ("normalize", "'é'.repeat(2e6).normalize('NFD')"),
    ("localeCompare", "'é'.repeat(1e6).localeCompare('é'.repeat(1e6))"),
    ("growing an array", "const a = []; for (let n = 0; n < 1e6; n++) a.push(n)"),
    ("freeing", "for (let n = 0; n < 3; n++) new Uint8Array(4e7).fill(n)"),
    ("a large argument", "take(new Uint8Array(5e7).fill(1))"),
    ("a large text", "take('ü'.repeat(1e7))"),
    ("a large structure", "take({ a: ['a'.repeat(3e7)] })"),
    ("a native of its own", "work(1000)"),
];

/// Runs much and little on one thread; in which order they ended.
fn order(much: &str, little: &str) -> Vec<&'static str> {
    let limits = Limits { memory_bytes: 1 << 30, ..roomy() };
    let images = [image(&format!("{much}; say('done')"), &limits), image(little, &limits)];
    let order = Arc::new(Mutex::new(Vec::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime.expect("a runtime"), async {
        let mut handles = Vec::new();
        for (image, name) in images.into_iter().zip(["much", "little"]) {
            let (limits, order) = (limits.run.clone(), Arc::clone(&order));
            handles.push(tokio::task::spawn_local(async move {
                let (_, ending) =
                    pool().run(image, limits, Echo::default()).await.expect("a place");
                assert_eq!(ending, Ending::Finished, "{name}");
                order.lock().expect("nobody panics").push(name);
            }));
            tokio::task::yield_now().await;
        }
        for handle in handles {
            handle.await.expect("it does not panic");
        }
    });
    Arc::into_inner(order).expect("it is over").into_inner().expect("nobody panics")
}

#[test]
fn others_have_their_turn_during_a_single_call() {
    for (name, much) in LONG_CALLS {
        let little = "for (let n = 0; n < 20000; n++); say('done')";
        assert_eq!(order(much, little), ["little", "much"], "{name}");
    }
}

#[test]
fn long_work_has_the_results_of_short_work() {
    let source = "say(work(1)); say(work(300)); \
                  try { work(-1) } catch (e) { say(e.message) } \
                  try { work(-300) } catch (e) { say(e.message) } say('done')";
    let (said, ending) = run(source, &roomy());
    assert_eq!(ending, Ending::Finished);
    assert_eq!(said[..4], [1.0.into(), 300.0.into(), "negative".into(), "negative".into()]);
}

#[test]
fn long_work_counts_as_computing() {
    let cpu_time = Duration::from_millis(50);
    let limits =
        Limits { run: hookstead_isolate::RunLimits { cpu_time, ..roomy().run }, ..roomy() };
    assert_eq!(run("work(1e9)", &limits).1, Ending::TimeLimit);
    assert_eq!(run("for (;;) work(300)", &limits).1, Ending::TimeLimit);
}

#[test]
fn long_work_ends_with_its_run() {
    assert_eq!(run("work(1e9)", &within(Duration::from_millis(50))).1, Ending::TimeLimit);
    while background_work() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn large_values_cross_the_border_unchanged() {
    let source = "const a = Uint8Array.from({ length: 1e6 }, (_, n) => n % 251); \
                  const b = new Uint8Array(say(a)); \
                  say(b.length === a.length && b.every((byte, n) => byte === a[n])); \
                  const t = 'aü€\\ud83d\\ude00'.repeat(1e5) + '\\ud800' + 'x'.repeat(2e5); \
                  say(say(t) === t.toWellFormed()); say('done')";
    let (said, ending) = run(source, &roomy());
    assert_eq!(ending, Ending::Finished);
    assert_eq!(said[1], true.into());
    assert_eq!(said[3], true.into());
}
