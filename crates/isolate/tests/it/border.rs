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
    for source in ["{}", "Symbol()", "10n", "[1]", "() => 1", "new Float64Array(2)"] {
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
