//! Every limit ends its own run.

use std::time::Duration;

use hookstead_isolate::{Ending, RunLimits};

use crate::echo::{Limits, roomy, run, small, within};

#[test]
fn time_runs_out_for_loops_and_for_waiting() {
    for source in ["for (;;) {}", "new Promise(() => {})", "/(a+)+$/.test('a'.repeat(50) + '!')"] {
        let limits = within(Duration::from_millis(100));
        assert_eq!(run(source, &limits).1, Ending::TimeLimit, "{source}");
    }
}

#[test]
fn the_time_of_computing_has_a_limit_of_its_own() {
    let cpu_time = Duration::from_millis(50);
    let limits = Limits { run: RunLimits { cpu_time, ..roomy().run }, ..roomy() };
    assert_eq!(run("for (;;) {}", &limits).1, Ending::TimeLimit);
    // Waiting is free.
    let source = "(async () => { for (let n = 0; n < 20; n++) await double(n); say('done') })()";
    assert_eq!(run(source, &limits).1, Ending::Finished);
}

#[test]
fn memory_runs_out_whatever_the_script_makes_of_it() {
    for source in [
        "const a = []; for (;;) a.push({})",
        "try { new Uint8Array(1e9) } catch {} say('done')",
        "try { const m = new Map(); for (let i = 0;; i++) m.set(i, i) } catch {} say('done')",
        "const a = []; for (let n = 0;; n++) a.push('x'.repeat(1e6) + n)",
        "let o = {}; for (let i = 0;; i++) o['key' + i] = i",
        "const a = []; for (;;) a.push(new Uint8Array(1e5))",
        "JSON.parse('['.repeat(1e8))",
        "let a; for (let n = 0; n < 1e7; n++) a = [a]; JSON.stringify(a)",
    ] {
        assert_eq!(run(source, &roomy()).1, Ending::MemoryLimit, "{source}");
    }
}

#[test]
fn memory_that_was_let_go_can_be_used_again() {
    let source = "for (let n = 0; n < 20; n++) { new Uint8Array(3e7).fill(n) } \
                  for (let n = 0; n < 50; n++) { let a = []; while (a.length < 2e5) a.push({}) } \
                  say('done')";
    assert_eq!(run(source, &roomy()).1, Ending::Finished);
}

#[test]
fn no_memory_at_all_is_an_ending_too() {
    for memory_bytes in (0..40_000).step_by(1_000) {
        let (_, ending) = run("say('done')", &small(memory_bytes));
        assert!(matches!(ending, Ending::MemoryLimit | Ending::Finished), "{ending:?}");
    }
}

#[test]
fn recursion_is_an_error_that_the_script_can_catch() {
    for source in [
        "const f = () => f(); f()",
        "const o = { get x() { return this.x } }; o.x",
        "const o = { toJSON() { return JSON.stringify(o) } }; JSON.stringify(o)",
        "const f = ([x = f([])]) => x; f([])",
        "const f = async () => await f(); throw f()",
        "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x",
        "'x'.replace(/x/, function f() { return 'x'.replace(/x/, f) })",
        "[1].sort.call({ length: 2, get 0() { return [2, 1].sort(this.f) }, get f() { f() } }); \
         function f() { return [1].map(f) } f()",
        "class A { constructor() { new A() } } new A()",
        "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))",
    ] {
        let caught = format!(
            "try {{ {source} }} catch (e) {{ say(e instanceof Error || e instanceof Promise) }}; \
             say('done')"
        );
        let (said, ending) = run(&caught, &roomy());
        assert_eq!(ending, Ending::Finished, "{source}");
        assert_eq!(said[0], true.into(), "{source}");
    }
}
