//! Scripts that mean harm end themselves and nothing else.

use std::time::{Duration, Instant};

use hookstead_isolate::{Ending, RunLimits};

use crate::echo::{Limits, image, roomy, run, run_image, small, within};

fn brief() -> Limits {
    within(Duration::from_millis(100))
}

/// Whoever swallows the exception that stops a script is stopped next.
#[test]
fn no_script_outlives_its_time_by_swallowing_exceptions() {
    for source in [
        "for (;;) new Promise(() => { for (;;); })",
        "for (;;) (async () => { for (;;); })()",
        "function* g() { try { yield 1 } finally { for (;;); } } \
         for (;;) { try { for (const x of g()) throw 1 } catch {} }",
        "const f = (n) => { for (;;) new Promise(() => f(n + 1)) }; f(0)",
        "Error.prepareStackTrace = () => { for (;;); }; for (;;) try { for (;;); } catch {}",
        "const f = new FinalizationRegistry(() => { for (;;); }); f.register({}, 1); \
         for (;;) try { [1].map(() => { for (;;); }) } catch {}",
    ] {
        assert_eq!(run(source, &brief()).1, Ending::TimeLimit, "{source}");
    }
}

/// The exception that stops a script takes memory, and there is none.
#[test]
fn no_script_outlives_its_time_by_using_all_memory_up() {
    let limits = Limits { memory_bytes: 4 << 20, ..within(Duration::from_secs(2)) };
    let fill = "let a; try { for (;;) a = { a } } catch {}";
    for source in [
        "for (;;) { try { for (;;); } catch {} }",
        "for (;;) { try { for (;;) { a = { a } } } catch {} finally { continue } }",
        "for (;;) new Promise(() => { for (;;) { try { a = { a } } catch {} } })",
    ] {
        assert_eq!(run(&format!("{fill} {source}"), &limits).1, Ending::MemoryLimit, "{source}");
    }
}

/// The engine looks at the time once in ten thousand calls only.
#[test]
fn natives_do_not_start_once_the_time_is_over() {
    let begun = Instant::now();
    let source = "const s = 'x'.repeat(3e7); for (;;) try { double(s) } catch {}";
    assert_eq!(run(source, &brief()).1, Ending::TimeLimit);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

/// Months in functions of the engine's that look at nothing.
#[test]
fn no_loop_of_the_engine_outlives_the_time_of_its_run() {
    let forged = "const t = new Uint8Array(1); \
                  Object.defineProperty(t, 'length', { value: 2 ** 53 - 1 });";
    for source in [
        "Array.prototype.fill.call(t, 0)",
        "Array.prototype.indexOf.call(t, 1)",
        "Array.prototype.lastIndexOf.call(t, 1)",
        "Array.prototype.includes.call(t, 1)",
        "Array.prototype.reverse.call({ length: 2 ** 53 - 1 })",
        "Array.prototype.copyWithin.call(t, 1, 0)",
        "Array.prototype.join.call(t)",
        "new Array(4294967295).sort()",
        "[].concat(new Array(4294967295), new Array(4294967295)).indexOf(1)",
    ] {
        let begun = Instant::now();
        let ending = run(&format!("{forged} {source}"), &brief()).1;
        assert!(matches!(ending, Ending::TimeLimit | Ending::MemoryLimit), "{source}: {ending:?}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{source}: {:?}", begun.elapsed());
    }
}

/// What a native refuses makes the engine write a stack trace, which a script may take part in.
#[test]
fn no_script_outlives_its_time_within_the_call_of_a_native() {
    let forever = "Array.prototype.fill.call(Object.defineProperty(new Uint8Array(1), 'length', \
                   { value: 2 ** 53 - 1 }), 0)";
    let detached = "(() => { const b = new ArrayBuffer(8); b.transfer(); return b })()";
    for source in [
        format!("Error.prepareStackTrace = () => {{ {forever} }}; say({{}}); {forever}"),
        format!("Error.prepareStackTrace = () => {{ {forever} }}; say({detached})"),
        format!(
            "Object.defineProperty(TypeError.prototype, 'name', {{ get() {{ {forever} }} }}); \
             say({detached})"
        ),
    ] {
        let begun = Instant::now();
        let ending = run(&source, &brief()).1;
        assert!(matches!(ending, Ending::TimeLimit | Ending::Broken(_)), "{source}: {ending:?}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{source}: {:?}", begun.elapsed());
    }
}

#[test]
fn a_native_called_while_another_ones_arguments_are_refused_changes_nothing() {
    let source = "Error.prepareStackTrace = () => say('inner'); \
                  const b = new ArrayBuffer(8); b.transfer(); \
                  try { say('outer', b, 'never') } catch (e) { say(e.name) } say('done')";
    let (said, ending) = run(source, &roomy());
    assert_eq!(ending, Ending::Finished);
    assert!(said.iter().all(|said| said.as_text() != Some("outer")), "{said:?}");
    assert_eq!(said[said.len() - 2..], ["TypeError".into(), "done".into()]);
}

#[test]
fn what_a_native_is_given_is_within_the_memory_of_its_run() {
    let source = "const b = new Uint8Array(5e6), s = 'x'.repeat(5e6); \
                  for (const all of [Array(1000).fill(b), Array(1000).fill(s)]) \
                  try { refuse(...all) } catch (e) { say(e.name) } say(b, b, s); say('done')";
    let (said, ending) = run(source, &roomy());
    assert_eq!(ending, Ending::Finished);
    assert_eq!(said[..2], ["RangeError".into(), "RangeError".into()]);
    assert_eq!(said.len(), 6);
}

/// Signals find it in `memmove` nearly always, where a turn cannot be suspended.
#[test]
fn no_loop_outlives_its_time_in_the_c_library() {
    let begun = Instant::now();
    let source = "const u = new Uint8Array(2e8); for (;;) u.copyWithin(0, 1)";
    let limits = Limits { memory_bytes: 350 << 20, ..brief() };
    assert_eq!(run(source, &limits).1, Ending::TimeLimit);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn a_chain_of_iterators_does_not_overflow_the_stack() {
    for method in ["map", "filter", "flatMap"] {
        let chain = format!("for (let n = 0; n < 1e5; n++) i = i.{method}((x) => [x]); i.next()");
        let source = format!("let i = [1].values(); try {{ {chain} }} catch {{}} say('done')");
        assert_eq!(run(&source, &small(350 << 20)).1, Ending::Finished, "{method}");
    }
}

#[test]
fn a_buffer_that_shrank_shows_nothing_of_what_lies_behind_it() {
    let source = "const b = new ArrayBuffer(1e5, { maxByteLength: 1e5 }); \
                  const u = new Uint8Array(b); b.resize?.(1); say(u.length); say(u); say('done')";
    let (said, ending) = run(source, &roomy());
    assert_eq!(ending, Ending::Finished);
    let length = said[1].as_bytes().map(<[u8]>::len);
    assert_eq!(said[0].as_number(), length.map(|length| length as f64));
}

/// Wherever memory runs out, the process lives and the next run is right.
#[test]
fn running_out_of_memory_anywhere_harms_nobody() {
    let image = image(include_str!("everything.js"), &roomy());
    let with =
        |allocations_max| Limits { run: RunLimits { allocations_max, ..roomy().run }, ..roomy() };
    for allocations in 0.. {
        match run_image(&image, &with(Some(allocations))).1 {
            Ending::MemoryLimit => {}
            Ending::Finished => break,
            ending => panic!("{allocations}: {ending:?}"),
        }
        if allocations % 16 == 0 {
            assert_eq!(run_image(&image, &with(None)).1, Ending::Finished);
        }
    }
}

#[test]
fn compiling_while_memory_or_time_runs_out_harms_nobody() {
    let source = "const text = 'var q; with ({ a: 1 }) { a } (function () { q })();'.repeat(2000); \
                  const kept = []; for (;;) { kept.push(new Uint8Array(4e5)); \
                  try { eval(text) } catch {} }";
    for memory_mib in [4, 8, 12] {
        let ending = run(source, &small(memory_mib << 20)).1;
        assert_eq!(ending, Ending::MemoryLimit, "{memory_mib} MiB");
    }
    for time_ms in [20, 50, 80] {
        let limits = Limits { memory_bytes: 1 << 30, ..within(Duration::from_millis(time_ms)) };
        assert_eq!(run(source, &limits).1, Ending::TimeLimit, "{time_ms} ms");
    }
}

#[test]
fn errors_that_throw_when_they_are_looked_at_are_still_errors() {
    for source in [
        "throw Object.defineProperty(new Error(), 'message', { get() { throw new Error('x') } })",
        "throw { get message() { throw 1 }, toString() { throw 2 } }",
        "Object.defineProperty(Error.prototype, 'name', { get() { throw 1 } }); null.x",
    ] {
        let ending = run(source, &roomy()).1;
        assert!(matches!(ending, Ending::Broken(_)), "{source}: {ending:?}");
    }
}

#[test]
fn what_the_host_answers_does_not_pass_through_setters() {
    let source = "Object.defineProperty(Array.prototype, 0, { set() { say('seen') } }); \
                  list().then((x) => { say(x.length); say(x[0]); say('done') })";
    let (said, ending) = run(source, &roomy());
    assert_eq!(ending, Ending::Finished);
    assert_eq!(said, vec![1.0.into(), "answer".into(), "done".into()]);
}
