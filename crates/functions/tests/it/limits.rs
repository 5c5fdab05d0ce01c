//! Each limit fails its own run only, with the error that belongs to it.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hookstead_functions::{Call, FailureKind, Functions, Limits, Outbound, Settings};

use crate::case::{call, definition, invocation};

fn small() -> Limits {
    Limits { run_time: Duration::from_millis(300), run_memory_bytes: 64 << 20, ..Limits::default() }
}

fn arguments() -> Call {
    Call::Arguments("[]".into())
}

/// Filling the memory takes a while on a busy machine.
fn patient() -> Limits {
    let run_time = Duration::from_secs(600);
    Limits { run_time, run_cpu_time: run_time, ..small() }
}

/// Runs a hostile source, then a good one in the same functions.
fn check(source: &str, limits: Limits, kind: FailureKind, message: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut definition = definition(source);
    let good = definition_of_good();
    definition.functions.extend(good.functions);
    let settings = Settings { limits, ..Settings::default() };
    let functions = Functions::load(definition, settings).expect("functions load");
    let failed = runtime.block_on(functions.invoke(invocation(arguments())));
    let failure = failed.outcome.expect_err(source);
    assert_eq!(failure.kind, kind, "{source}: {failure:?}");
    assert!(failure.message.contains(message), "{source}: {failure:?}");
    // The caller learns no settings.
    let setting = match kind {
        FailureKind::ExecutionTimeLimitExceeded => {
            "the run took more than 0.3 s ([limits] run_time_s)"
        }
        FailureKind::MemoryLimitExceeded => {
            "the run needed more than 64 MiB ([limits] run_memory_mib)"
        }
        _ => "",
    };
    assert!(setting.is_empty() || !failure.message.contains("[limits]"), "{source}: {failure:?}");
    let told = failed.log.iter().any(|line| line.text.ends_with(setting));
    assert!(setting.is_empty() || told, "{source}: {:?}", failed.log);
    let mut next = invocation(arguments());
    next.entry = "good".into();
    let reply = runtime.block_on(functions.invoke(next)).outcome.expect("the next run");
    assert_eq!(reply.result.as_deref(), Some(r#"{"ok":{"$numberLong":"1"}}"#), "{source}");
}

fn definition_of_good() -> hookstead_functions::Definition {
    let mut good = definition("exports = () => ({ ok: 1 })");
    let function = good.functions.remove("source").expect("the function");
    good.functions.insert("good".into(), function);
    good
}

#[test]
fn a_run_that_takes_too_long_is_stopped() {
    let sources = [
        "exports = () => { for (;;) {} }",
        "exports = async () => { await null; for (;;) {} }",
        "exports = () => { for (;;) { try { for (;;) {} } catch {} finally { continue } } }",
        "exports = () => /^(a+)+$/.test('a'.repeat(40) + 'b')",
        "exports = () => new Promise((resolve) => setTimeout(resolve, 60000))",
        "exports = async () => { for (;;) await null }",
        "for (;;) {} exports = () => 1",
    ];
    for source in sources {
        check(
            source,
            small(),
            FailureKind::ExecutionTimeLimitExceeded,
            "execution time limit exceeded",
        );
    }
}

#[test]
fn a_run_that_needs_too_much_memory_is_stopped() {
    let sources = [
        "exports = () => { const a = []; for (;;) a.push(a.slice()) }",
        "exports = () => { const a = []; for (;;) a.push('x'.repeat(1e6)) }",
        "exports = () => new Uint8Array(1e9)",
        "exports = () => { const m = new Map(); for (let i = 0;; i++) m.set(i, {}) }",
        "exports = () => { try { new Uint8Array(1e9) } catch {} return 1 }",
    ];
    for source in sources {
        check(source, patient(), FailureKind::MemoryLimitExceeded, "memory limit exceeded");
    }
}

#[test]
fn endless_recursion_is_an_error_of_its_function() {
    let sources = [
        "exports = function f() { return f() }",
        "exports = () => { let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; return o }",
        "exports = () => JSON.parse('['.repeat(1e6))",
        "exports = () => EJSON.parse('['.repeat(1e6))",
        "exports = () => { const o = { get a() { return this.a } }; return o.a }",
        "exports = () => context.functions.execute('source')",
    ];
    for source in sources {
        check(source, patient(), FailureKind::FunctionExecutionError, "");
    }
}

#[test]
fn too_many_operations_at_once_fail_the_run() {
    let source = "exports = () => { for (let i = 0; i < 1001; i++) setTimeout(() => {}, 10) }";
    check(
        source,
        small(),
        FailureKind::FunctionExecutionError,
        "exceeded max async work queue size of 1000",
    );
}

#[test]
fn a_promise_that_nothing_settles_is_an_error_at_once() {
    let begun = Instant::now();
    let completion =
        call(definition("exports = () => new Promise(() => {})"), Limits::default(), arguments());
    let failure = completion.outcome.expect_err("no answer can come");
    assert!(failure.message.contains("nothing can settle"), "{failure:?}");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn runs_beyond_the_queue_are_refused() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let limits = Limits { runs_max: 1, runs_waiting_max: 1, ..patient() };
    // Runs that compute count, and those that wait do not.
    let source =
        "exports = () => { const end = Date.now() + 50; while (Date.now() < end); return 1 }";
    let settings = Settings { limits, ..Settings::default() };
    let functions = Functions::load(definition(source), settings).expect("functions load");
    let (first, second, third) = runtime.block_on(async {
        tokio::join!(
            functions.invoke(invocation(arguments())),
            functions.invoke(invocation(arguments())),
            functions.invoke(invocation(arguments())),
        )
    });
    assert!(first.outcome.is_ok() && second.outcome.is_ok());
    let failure = third.outcome.expect_err("there is no place");
    assert_eq!(failure.kind, FailureKind::TooManyRequests);
}

/// Starts 300 runs of a function that takes `true`, and runs it with `false` beside them.
fn runs_beside_hundreds_succeed(source: &str, limits: Limits, runs: usize) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let settings = Settings { limits, ..Settings::default() };
    let functions = Arc::new(Functions::load(definition(source), settings).expect("they load"));
    let call = |lasts: bool| {
        let functions = Arc::clone(&functions);
        async move {
            let arguments = Call::Arguments(format!("[{lasts}]"));
            functions.invoke(invocation(arguments)).await.outcome
        }
    };
    let lasting: Vec<_> = (0..300).map(|_| runtime.spawn(call(true))).collect();
    for _ in 0..runs {
        let outcome = runtime.block_on(call(false));
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    assert!(lasting.iter().all(|run| !run.is_finished()), "the others last");
    lasting.iter().for_each(|run| run.abort());
}

#[test]
fn runs_that_wait_leave_their_places_to_others() {
    let source = "exports = (wait) => !wait || new Promise((resolve) => setTimeout(resolve, 1e6))";
    runs_beside_hundreds_succeed(source, Limits { runs_max: 2, ..patient() }, 20);
}

#[test]
fn short_runs_go_on_beside_hundreds_that_compute() {
    let source = "exports = (computes) => { while (computes); return 1 }";
    let run_time = Duration::from_secs(600);
    let limits = Limits { run_time, run_cpu_time: run_time, ..Limits::default() };
    runs_beside_hundreds_succeed(source, limits, 3);
}

#[test]
fn nothing_of_a_run_reaches_the_next_one() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let source = "count = (typeof count === 'undefined' ? 0 : count) + 1; \
        Array.prototype.map = 1; Object.prototype.x = 1; \
        exports = () => { leaked = globalThis.leaked === undefined; return count }";
    let functions =
        Functions::load(definition(source), Settings::default()).expect("functions load");
    for _ in 0..3 {
        let completion = runtime.block_on(functions.invoke(invocation(arguments())));
        let reply = completion.outcome.expect("a reply");
        assert_eq!(reply.result.as_deref(), Some(r#"{"$numberLong":"1"}"#));
    }
}

#[test]
fn chance_is_fresh_in_every_run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let source = "exports = () => [Math.random(), BSON.ObjectId().toString().slice(8), \
        new BSON.UUID().toString(), require('crypto').randomUUID(), \
        utils.crypto.encrypt('aes', 'x', 'k'.repeat(16)).toHex()]";
    let functions =
        Functions::load(definition(source), Settings::default()).expect("functions load");
    let run = || {
        let completion = runtime.block_on(functions.invoke(invocation(arguments())));
        let text = completion.outcome.expect("a reply").result.expect("a result");
        serde_json::from_str::<Vec<serde_json::Value>>(&text).expect("a list")
    };
    let (first, second) = (run(), run());
    assert_eq!(first.len(), 5);
    for (a, b) in first.iter().zip(&second) {
        assert_ne!(a, b);
    }
}

#[test]
fn outgoing_calls_beyond_the_limit_wait_for_the_others() {
    let (address, busiest) = busy_server();
    let source = format!(
        "exports = async () => (await Promise.all(Array.from({{ length: 9 }}, () => \
         context.http.get({{ url: 'http://{address}/' }})))).map((r) => r.statusCode).join()"
    );
    let outbound = Outbound { allow: vec!["127.0.0.1".into()], ..Outbound::default() };
    let limits = Limits { outbound_calls_max: 3, ..Limits::default() };
    let functions =
        Functions::load(definition(&source), Settings { limits, outbound, ..Settings::default() })
            .expect("they load");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let completion = runtime.block_on(functions.invoke(invocation(arguments())));
    let result = completion.outcome.expect("a reply").result;
    assert_eq!(result.as_deref(), Some("\"200,200,200,200,200,200,200,200,200\""));
    assert!((1..=3).contains(&busiest.load(Ordering::SeqCst)), "{busiest:?}");
}

/// A server that takes its time, and the most requests that it had at once.
fn busy_server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let (now, busiest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let most = Arc::clone(&busiest);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            let mut stream = stream.expect("a connection");
            thread::spawn(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let _ = stream.read(&mut [0; 4096]);
                thread::sleep(Duration::from_millis(50));
                now.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                );
            });
        }
    });
    (address, busiest)
}

#[test]
fn a_message_of_megabytes_is_cut() {
    let source = "exports = () => { throw new Error('ä'.repeat(1e6)) }";
    let completion = call(definition(source), Limits::default(), arguments());
    let failure = completion.outcome.expect_err("it throws");
    assert_eq!(failure.message, "ä".repeat(8192));
}

#[test]
fn what_is_written_many_times_counts_many_times() {
    // Each holds the one before twice: few objects, and a text without an end.
    let twice = |last: &str| {
        format!(
            "exports = () => {{ let a = {last}; for (let i = 0; i < 60; i++) a = [a, a]; \
             return a }}"
        )
    };
    let limits = || Limits { result_bytes_max: 1 << 20, ..patient() };
    for last in ["[]", "{}", "1n", "new Map()", "{ get a() { return 1 } }", "new Date()"] {
        let message = "the result has more than 1048576 bytes";
        check(&twice(last), limits(), FailureKind::FunctionExecutionError, message);
    }
    let long = "exports = () => Array(100).fill('x'.repeat(20000))";
    check(long, limits(), FailureKind::FunctionExecutionError, "the result has more than");
}

#[test]
fn many_short_calls_of_natives_leave_others_their_turn() {
    // Without a look at the time in between, a thread of its own would be needed for the timer.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let source = "exports = () => { const text = 'x'.repeat(8000); const end = Date.now() + 2000; \
                  while (Date.now() < end) { for (let i = 0; i < 1000; i++) console.log(text) } }";
    let settings = Settings::default();
    let functions = Functions::load(definition(source), settings).expect("functions load");
    let turns = runtime.expect("a runtime").block_on(async {
        let mut run = std::pin::pin!(functions.invoke(invocation(arguments())));
        let mut turns = 0;
        loop {
            tokio::select! {
                biased;
                _ = &mut run => break turns,
                () = tokio::task::yield_now() => turns += 1,
            }
        }
    });
    // A turn takes half a millisecond; on a busy machine it may be many times as long.
    assert!(turns > 50, "{turns}");
}

#[test]
fn the_last_line_of_a_log_says_that_others_were_left_out() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let lines = Limits { console_lines_max: 3, ..Limits::default() };
    let bytes = Limits { console_bytes_max: 3000, ..Limits::default() };
    for (limits, named) in [(lines, "console_lines_max"), (bytes, "console_kib_max")] {
        for (written, kept) in [(2, 2), (3, 3), (4, 4), (100_000, 4)] {
            let source = format!(
                "exports = () => {{
                    for (let i = 0; i < {written}; i++) console.log('x'.repeat(1000));
                }}"
            );
            let settings = Settings { limits: limits.clone(), ..Settings::default() };
            let functions = Functions::load(definition(&source), settings).expect("functions load");
            let log = runtime.block_on(functions.invoke(invocation(arguments()))).log;
            assert_eq!(log.len(), kept, "{named}: {written}");
            let note = log.last().is_some_and(|line| line.text.contains(named));
            assert_eq!(note, written > 3, "{log:?}");
        }
    }
}
