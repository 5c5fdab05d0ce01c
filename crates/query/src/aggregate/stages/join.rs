//! Stages that become one with the next: conditions, and orders of which only the first are wanted.

use bson::{RawArrayBuf, RawBsonRef, RawDocumentBuf};

use crate::{
    Filter, Parameters, QueryError,
    aggregate::{stage::Stage, write::Writer},
};

/// Joins what stands side by side.
pub(in crate::aggregate) fn adjacent(
    stages: Vec<Stage>,
    parameters: &Parameters,
) -> Result<Vec<Stage>, QueryError> {
    let mut joined: Vec<Stage> = Vec::with_capacity(stages.len());
    // Conditions that are to become one with the last of `joined` that is a condition.
    let mut waiting: Vec<RawDocumentBuf> = Vec::new();
    for stage in stages {
        match (joined.last_mut(), stage) {
            (Some(Stage::Limit(before)), Stage::Limit(limit)) => *before = limit.min(*before),
            (Some(Stage::Skip(before)), Stage::Skip(skip)) => *before = before.saturating_add(skip),
            // Fewer documents are to be sorted.
            (Some(Stage::Sort(sort)), Stage::Match(condition, filter))
                if sort.limit().is_none() =>
            {
                let sort = joined.pop();
                push_match(&mut joined, condition, filter, &mut waiting);
                joined.extend(sort);
            }
            (_, Stage::Match(condition, filter)) => {
                push_match(&mut joined, condition, filter, &mut waiting);
            }
            (_, stage) => {
                join_matches(&mut joined, &mut waiting, parameters)?;
                if let Stage::Limit(limit) = stage {
                    limit_sort(&mut joined, limit);
                }
                joined.push(stage);
            }
        }
    }
    join_matches(&mut joined, &mut waiting, parameters)?;
    Ok(joined)
}

/// Adds a condition; if one stands before it, the two wait for becoming one.
fn push_match(
    stages: &mut Vec<Stage>,
    condition: RawDocumentBuf,
    filter: Filter,
    waiting: &mut Vec<RawDocumentBuf>,
) {
    match stages.last() {
        Some(Stage::Match(..)) => waiting.push(condition),
        _ => stages.push(Stage::Match(condition, filter)),
    }
}

/// Makes one condition of the last one and those that wait, which is read once.
fn join_matches(
    stages: &mut [Stage],
    waiting: &mut Vec<RawDocumentBuf>,
    parameters: &Parameters,
) -> Result<(), QueryError> {
    let before = stages.iter_mut().rev().find_map(|stage| match stage {
        Stage::Match(condition, filter) => Some((condition, filter)),
        _ => None,
    });
    let Some((condition, filter)) = before.filter(|_| !waiting.is_empty()) else { return Ok(()) };
    let mut conditions = RawArrayBuf::new();
    conditions.push(&**condition);
    waiting.drain(..).for_each(|other| conditions.push(&*other));
    let mut writer = Writer::with_capacity(conditions.as_bytes().len());
    writer.append("$and", RawBsonRef::Array(&conditions))?;
    *condition = writer.finish()?;
    *filter = Filter::parse(condition, parameters)?;
    Ok(())
}

/// Tells a sort in front of a limit how many documents are wanted of it.
fn limit_sort(stages: &mut [Stage], limit: u64) {
    match stages {
        [.., Stage::Sort(sort)] => sort.limit_to(limit),
        [.., Stage::Sort(sort), Stage::Skip(skip)] => sort.limit_to(limit.saturating_add(*skip)),
        _ => {}
    }
}
