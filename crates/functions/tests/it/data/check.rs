//! Puts the cases to a store, and tells what is wrong.

use std::sync::Arc;

use bson::Bson;
use hookstead_data::Store;
use hookstead_functions::{Completion, Failure, Reply};

use super::{
    case::{self, Case},
    stage::Stage,
};
use crate::case::{contains, same};

/// Names of the cases that fail, with what is wrong.
pub(super) fn failures(
    stores: [Arc<dyn Store>; 2],
    is_meant: impl Fn(&Case) -> bool,
) -> Vec<String> {
    let cases = case::all();
    let mut stage = Stage::new(stores, &cases);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut failures = Vec::new();
    for (index, case) in cases.iter().enumerate().filter(|(_, case)| is_meant(case)) {
        if let Err(error) = runtime.block_on(check(&mut stage, index, case)) {
            failures.push(format!("{}: {error}", case.name));
        }
    }
    failures
}

async fn check(stage: &mut Stage, index: usize, case: &Case) -> Result<(), String> {
    stage.prepare(index).await?;
    let completion = stage.call(index).await?;
    let database = Stage::database(index);
    let expected = |text: &str| text.replace("{db}", &database);
    compare(case, &completion, &expected)?;
    let Some(contents) = &case.contents else { return Ok(()) };
    let found = Bson::Array(stage.contents(index).await?);
    let expected = compact(&expected(contents));
    let canonical = found.clone().into_canonical_extjson().to_string();
    if canonical == expected {
        return Ok(());
    }
    let relaxed = found.into_relaxed_extjson().to_string();
    // Where types are given, they are meant.
    let shown = if expected.contains("\"$number") { canonical } else { relaxed };
    same("contents", &shown, &expected)
}

fn compare(
    case: &Case,
    completion: &Completion,
    expected: &impl Fn(&str) -> String,
) -> Result<(), String> {
    match &completion.outcome {
        Ok(reply) if case.wants_error() => return Err(format!("no error, but {reply:?}")),
        Err(failure) if !case.wants_error() => return Err(format!("failed: {failure:?}")),
        Ok(reply) => compare_reply(case, reply, expected)?,
        Err(failure) => compare_failure(case, failure, expected)?,
    }
    let lines: Vec<_> = completion.log.iter().map(|line| line.text.clone()).collect();
    same("log", &lines, &case.log.iter().map(|line| expected(line)).collect())
}

fn compare_reply(
    case: &Case,
    reply: &Reply,
    expected: &impl Fn(&str) -> String,
) -> Result<(), String> {
    if let Some(result) = &case.result {
        same("result", &reply.result, &Some(compact(&expected(result))))?;
    }
    let Some(body) = &case.body else { return Ok(()) };
    let found = reply.body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned());
    same("body", &found, &Some(compact(&expected(body))))
}

fn compare_failure(
    case: &Case,
    failure: &Failure,
    expected: &impl Fn(&str) -> String,
) -> Result<(), String> {
    if let Some(error) = &case.error {
        same("error", &failure.message, &expected(error))?;
    }
    let part = case.error_contains.as_deref().map(expected);
    contains("error", &failure.message, part.as_deref())?;
    match &case.stack {
        Some(stack) => same("stack", &failure.stack.as_ref(), &Some(stack)),
        None => Ok(()),
    }
}

/// JSON without the spaces that are there for people.
fn compact(json: &str) -> String {
    let (mut compact, mut is_text, mut is_escaped) = (String::new(), false, false);
    for character in json.chars() {
        if is_text || !character.is_whitespace() {
            compact.push(character);
        }
        is_text ^= character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
    }
    compact
}
