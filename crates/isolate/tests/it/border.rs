//! What crosses between JavaScript and Rust arrives as it left.

use hookstead_isolate::{Ending, Value};

use crate::echo::{roomy, run};

/// What a script said before it said that it is done.
fn said(source: &str) -> Vec<Value> {
    let (mut said, ending) = run(&format!("{source}; say('done')"), &roomy());
    assert_eq!(ending, Ending::Finished, "{source}");
    assert_eq!(said.pop(), Some(Value::from("done")), "{source}");
    said
}

#[test]
fn values_are_copied_both_ways() {
    let cases = [
        ("say(undefined)", Value::Undefined),
        ("say(null)", Value::Null),
        ("say(true)", Value::Bool(true)),
        ("say(7)", Value::Number(7.0)),
        ("say(-0.5)", Value::Number(-0.5)),
        ("say(2 ** 53)", Value::Number(9_007_199_254_740_992.0)),
        ("say('')", Value::from("")),
        ("say('a\\0b')", Value::from("a\0b")),
        ("say('\u{1f980} ü')", Value::from("\u{1f980} ü")),
        ("say('x' + 'y'.repeat(9000))", Value::from(format!("x{}", "y".repeat(9000)))),
        ("say('<\\ud800>')", Value::from("<\u{fffd}>")),
        ("say(new Uint8Array([1, 2, 3]))", Value::from(vec![1, 2, 3])),
        ("say(new Uint8Array([1, 2, 3]).subarray(1))", Value::from(vec![2, 3])),
        ("say(new Uint8Array([9, 8]).buffer)", Value::from(vec![9, 8])),
        ("say(new ArrayBuffer(0))", Value::from(Vec::new())),
    ];
    for (source, expected) in cases {
        assert_eq!(said(source), vec![expected.clone()], "{source}");
        let twice = source.replacen("say(", "say(say(", 1) + ")";
        assert_eq!(said(&twice), vec![expected.clone(), expected], "{twice}");
    }
}

#[test]
fn what_cannot_cross_is_a_type_error() {
    for source in ["Symbol()", "10n"] {
        let caught = said(&format!("try {{ say({source}) }} catch (e) {{ say(e.name) }}"));
        assert_eq!(caught, vec![Value::from("TypeError")], "{source}");
    }
}

#[test]
fn a_native_throws_an_error_with_name_message_and_code() {
    let caught =
        said("try { refuse() } catch (e) { say(e instanceof Error); say(`${e} ${e.code}`) }");
    assert_eq!(caught, vec![true.into(), "TypeError: refused NO".into()]);
}

#[test]
fn a_native_that_panics_is_an_error_of_its_caller() {
    let caught = said("try { panic() } catch (e) { say(String(e)) }");
    assert_eq!(caught, vec!["InternalError: a native panicked".into()]);
}

#[test]
fn answers_come_back_to_the_promises_that_wait() {
    let (said, ending) = run(
        "(async () => { say(await double(2)); say(await double(21)); say('done') })()",
        &roomy(),
    );
    assert_eq!(ending, Ending::Finished);
    assert_eq!(said, vec![4.0.into(), 42.0.into(), "done".into()]);
}

#[test]
fn a_script_that_does_not_compile_throws_when_it_is_asked_for() {
    let (_, ending) = run("this is not JavaScript", &roomy());
    let Ending::Broken(thrown) = ending else { panic!("{ending:?}") };
    assert_eq!(thrown.name, "SyntaxError");
}

#[test]
fn what_the_prelude_took_away_stays_away() {
    assert_eq!(said("say(typeof __hookstead)"), vec!["undefined".into()]);
}

#[test]
fn structures_are_copied_both_ways() {
    let cases = [
        ("{}", "JSON.stringify(v)", "{}"),
        ("[]", "JSON.stringify(v)", "[]"),
        (
            "{ a: [1, { b: null }], 'c\\0d': 'ü🦀' }",
            "JSON.stringify(v)",
            "{\"a\":[1,{\"b\":null}],\"c\\u0000d\":\"ü🦀\"}",
        ),
        ("{ a: undefined }", "'a' in v && v.a === undefined", "true"),
        (
            "{ a: -0, b: 2 ** 40, c: NaN, d: -1, e: 0.5 }",
            "[Object.is(v.a, -0), v.b, v.c, v.d, v.e]",
            "true,1099511627776,NaN,-1,0.5",
        ),
        ("{ a: () => 1, b: Symbol(), c: 1 }", "Object.keys(v)", "c"),
        ("[() => 1, Symbol()]", "JSON.stringify(v)", "[null,null]"),
        ("{ d: new Date(1.5e12) }", "v.d.toISOString()", "2017-07-14T02:40:00.000Z"),
        ("{ d: new Date(NaN) }", "v.d instanceof Date && Number.isNaN(v.d.getTime())", "true"),
        ("{ b: new Uint8Array([1, 2]).subarray(1) }", "v.b instanceof Uint8Array && v.b", "2"),
        ("[new Point(3, 4)]", "v[0] instanceof Point && v[0].length()", "5"),
        (
            "new Point(new Point(1, 2), [3])",
            "JSON.stringify(v)",
            "{\"x\":{\"x\":1,\"y\":2},\"y\":[3]}",
        ),
        ("{ r: /x+/ }", "v.r instanceof Mark && v.r.id", "x+"),
        ("{ n: 10n }", "v.n", "10"),
        (
            "{ o: Object.create({ hidden: 1 }, { a: { value: 1, enumerable: true } }) }",
            "JSON.stringify(v)",
            "{\"o\":{\"a\":1}}",
        ),
        (
            "{ o: Object.assign(Object.create(null), { a: 1 }) }",
            "JSON.stringify(v)",
            "{\"o\":{\"a\":1}}",
        ),
        (
            "{ get a() { return say({ inner: [1] }).inner; }, b: 2 }",
            "JSON.stringify(v)",
            "{\"a\":[1],\"b\":2}",
        ),
        ("{ ['__proto__']: { a: 1 } }", "Object.keys(v) + v.a", "__proto__undefined"),
        ("new Proxy({ a: 1 }, {})", "JSON.stringify(v)", "{\"a\":1}"),
        (
            "Array.from({ length: 3 }, (_, i) => ({ i, name: 'n' + i }))",
            "v.map((x) => x.name)",
            "n0,n1,n2",
        ),
    ];
    for (object, look, expected) in cases {
        let said = said(&format!("const v = say({object}); say(String({look}))"));
        let last = said.last().and_then(Value::as_text);
        assert_eq!(last, Some(expected), "{object}");
    }
}

#[test]
fn a_structure_that_cannot_be_written_down_is_an_error_and_leaves_nothing() {
    let cases = [
        ("const a = {}; a.a = a; say(a)", "RangeError"),
        ("say({ get a() { throw new TypeError('mine') } })", "TypeError"),
        ("say(new Proxy({}, { ownKeys() { throw new SyntaxError('p') } }))", "SyntaxError"),
        ("say(Array(9).fill('x'.repeat(8 << 20)))", "RangeError"),
    ];
    for (source, name) in cases {
        let said = said(&format!(
            "try {{ {source} }} catch (e) {{ say(e.name) }} say(say({{ fine: [1] }}).fine[0])"
        ));
        assert_eq!(said[0].as_text(), Some(name), "{source}");
        assert_eq!(said.last(), Some(&Value::Number(1.0)), "{source}");
    }
}

#[test]
fn javascript_can_stand_still_until_the_host_answers() {
    let said = said(
        "let jobs = 0; Promise.resolve().then(() => jobs++); say(wait(start_double(4))); \
         say(jobs); try { wait(9) } catch (e) { say(String(e)) } say(wait(start_double(5)))",
    );
    let refusal = "RangeError: nobody answers".into();
    let expected: Vec<Value> = vec![8.0.into(), 0.0.into(), refusal, 10.0.into()];
    assert_eq!(said, expected);
}
