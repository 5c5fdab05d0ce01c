//! What functions do to the runtime that they share with it harms nobody but themselves.

use hookstead_functions::{Call, Functions, Limits, Outbound, Settings};

use crate::case::{call, definition, invocation};

fn arguments() -> Call {
    Call::Arguments("[]".into())
}

/// The result of a function, as text.
fn result(source: &str, limits: Limits) -> String {
    let reply = call(definition(source), limits, arguments()).outcome.expect(source);
    reply.result.expect(source)
}

#[test]
fn timers_fire_in_the_order_in_which_they_are_due() {
    let source = "exports = async () => { const seen = []; \
        for (let i = 0; i < 200; i++) setTimeout(() => seen.push(i), i < 100 ? 60 : 2); \
        await new Promise((resolve) => setTimeout(resolve, 80)); \
        return seen.map((i) => (i + 100) % 200).every((i, index) => i === index) && seen.length }";
    assert_eq!(result(source, Limits::default()), r#"{"$numberLong":"200"}"#);
}

#[test]
fn timers_that_come_and_go_leave_nothing_behind() {
    let source = "exports = () => { \
        for (let i = 0; i < 50000; i++) clearTimeout(setTimeout(() => {}, i % 2 ? 1 : 1e9)); \
        return 1 }";
    assert_eq!(result(source, Limits::default()), r#"{"$numberLong":"1"}"#);
}

/// The bodies lie outside of JavaScript's memory.
#[test]
fn requests_under_way_count_against_the_memory_of_their_run() {
    // It takes connections and no bytes.
    let partner = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = partner.local_addr().expect("an address");
    let source = format!(
        "exports = async () => {{ const body = new Uint8Array(1e7); const calls = []; \
        for (let i = 0; i < 20; i++) \
            calls.push(context.http.post({{ url: 'http://{address}/', body }})); \
        const settled = await Promise.allSettled(calls); \
        return settled.filter(({{ reason }}) => /too large together/.test(reason)).length }}"
    );
    let limits = Limits {
        run_memory_bytes: 64 << 20,
        outbound_time: std::time::Duration::from_secs(5),
        ..Limits::default()
    };
    let outbound = Outbound { allow: vec!["127.0.0.1".into()], ..Outbound::default() };
    let settings = Settings { limits, outbound, ..Settings::default() };
    let functions = Functions::load(definition(&source), settings).expect("functions load");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let reply = runtime.block_on(functions.invoke(invocation(arguments()))).outcome;
    // The body itself is JavaScript's.
    assert_eq!(reply.expect("a reply").result.as_deref(), Some(r#"{"$numberLong":"13"}"#));
}

#[test]
fn patched_intrinsics_are_gone_with_their_run() {
    let patches = [
        "Array.prototype.map = Array.prototype.filter = () => { throw 1 }",
        "Array.prototype[Symbol.iterator] = function* () { yield 'forged' }",
        "Object.defineProperty(Object.prototype, 'status', { set() { throw 1 }, get: () => 999 })",
        "Object.defineProperty(Array.prototype, 0, { set() { throw 1 } })",
        "Promise.prototype.then = Promise.resolve = () => { throw 1 }",
        "JSON.stringify = () => '{\"touched\":true,\"status\":99999,\"headers\":7}'",
        "JSON.stringify = () => '['.repeat(1e6)",
        "JSON.parse = () => ({ entry: 1e9 })",
        "Object.prototype.toJSON = () => '{}'",
        "Map.prototype.get = Map.prototype.set = () => { throw 1 }",
        "Function.prototype.call = Function.prototype.toString = () => { throw 1 }",
        "Reflect.construct = Reflect.ownKeys = undefined; Error.prototype.name = {}",
        "Object.keys = Object.entries = Object.defineProperty = () => [null]",
        "String.prototype.replace = RegExp.prototype.exec = () => { throw 1 }",
        "Error.prepareStackTrace = (_, frames) => frames.map((f) => { \
            try { return f.getFunction()('{}') } catch { return f } })",
        "for (const k of Object.getOwnPropertyNames(globalThis)) \
            try { delete globalThis[k] } catch {}",
        "context = globalThis = undefined; console = null",
    ];
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for patch in patches {
        let source = format!(
            "exports = async (clean) => {{ if (!clean) {{ {patch} }} \
             setTimeout(() => {{}}, 1); await null; \
             console.log({{ a: [1] }}, new Error('x').stack); \
             return {{ n: [1, 'a'].map(String), o: BSON.ObjectId('5e58667d902d38559c802b13') }} }}",
        );
        let functions =
            Functions::load(definition(&source), Settings::default()).expect("functions load");
        // It fails or it does not; it ends, and the next run knows nothing of it.
        let _ = runtime.block_on(functions.invoke(invocation(arguments())));
        let clean = invocation(Call::Arguments("[true]".into()));
        let reply = runtime.block_on(functions.invoke(clean)).outcome.expect(patch);
        let expected = r#"{"n":["1","a"],"o":{"$oid":"5e58667d902d38559c802b13"}}"#;
        assert_eq!(reply.result.as_deref(), Some(expected), "{patch}");
    }
}
