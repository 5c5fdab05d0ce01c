//! Every limit ends its own run.

use std::time::Duration;

use hookstead_isolate::{Ending, RunLimits};

use crate::echo::{roomy, run};

#[test]
fn time_runs_out_for_loops_and_for_waiting() {
    let limits = || RunLimits { time: Duration::from_millis(100), ..roomy() };
    for source in ["for (;;) {}", "new Promise(() => {})", "/(a+)+$/.test('a'.repeat(50) + '!')"] {
        assert_eq!(run(source, limits()).1, Ending::TimeLimit, "{source}");
    }
}

#[test]
fn memory_runs_out_whatever_the_script_makes_of_it() {
    for source in [
        "const a = []; for (;;) a.push({})",
        "try { new Uint8Array(1e9) } catch {} say('done')",
        "try { const m = new Map(); for (let i = 0;; i++) m.set(i, i) } catch {} say('done')",
    ] {
        assert_eq!(run(source, roomy()).1, Ending::MemoryLimit, "{source}");
    }
}

#[test]
fn memory_that_is_not_enough_for_the_engine_is_an_ending_too() {
    for memory_bytes in (0..400_000).step_by(10_000) {
        let limits = RunLimits { memory_bytes, ..roomy() };
        let (_, ending) = run("say('done')", limits);
        let expected = matches!(ending, Ending::MemoryLimit | Ending::Broken(_) | Ending::Finished);
        assert!(expected, "{memory_bytes}: {ending:?}");
    }
}

#[test]
fn recursion_is_an_error_that_the_script_can_catch() {
    let source = "const f = () => f(); try { f() } catch (e) { say(e instanceof RangeError) } \
                  say('done')";
    let (said, ending) = run(source, roomy());
    assert_eq!(ending, Ending::Finished);
    assert_eq!(said[0], true.into());
}
