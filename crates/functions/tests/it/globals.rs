//! The analysis of sources knows what functions have by name.

use hookstead_functions::{Call, GLOBALS, Limits};

use crate::case::{call, definition};

#[test]
fn the_table_of_globals_holds_what_functions_have() {
    let source = "exports = () => Object.getOwnPropertyNames(globalThis).sort()";
    let call = call(definition(source), Limits::default(), Call::Arguments("[]".into()));
    let result = call.outcome.expect("a reply").result.expect("a result");
    let names: Vec<String> = serde_json::from_str(&result).expect("an array of names");
    assert_eq!(names, GLOBALS);
}
