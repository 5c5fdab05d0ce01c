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
    for stage in stages {
        match (joined.last_mut(), stage) {
            (Some(Stage::Limit(before)), Stage::Limit(limit)) => *before = limit.min(*before),
            (Some(Stage::Skip(before)), Stage::Skip(skip)) => *before = before.saturating_add(skip),
            // Fewer documents are to be sorted.
            (Some(Stage::Sort(sort)), Stage::Match(condition, filter))
                if sort.limit().is_none() =>
            {
                let sort = joined.pop();
                push_match(&mut joined, condition, filter, parameters)?;
                joined.extend(sort);
            }
            (_, Stage::Limit(limit)) => {
                limit_sort(&mut joined, limit);
                joined.push(Stage::Limit(limit));
            }
            (_, Stage::Match(condition, filter)) => {
                push_match(&mut joined, condition, filter, parameters)?;
            }
            (_, stage) => joined.push(stage),
        }
    }
    Ok(joined)
}

/// Adds a condition, to the one before it if there is any.
fn push_match(
    stages: &mut Vec<Stage>,
    condition: RawDocumentBuf,
    filter: Filter,
    parameters: &Parameters,
) -> Result<(), QueryError> {
    if let Some(Stage::Match(before, joined)) = stages.last_mut() {
        *before = both(before, &condition)?;
        *joined = Filter::parse(before, parameters)?;
    } else {
        stages.push(Stage::Match(condition, filter));
    }
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

fn both(one: &RawDocumentBuf, other: &RawDocumentBuf) -> Result<RawDocumentBuf, QueryError> {
    let mut conditions = RawArrayBuf::new();
    conditions.push(&**one);
    conditions.push(&**other);
    let mut writer = Writer::with_capacity(one.as_bytes().len() + other.as_bytes().len());
    writer.append("$and", RawBsonRef::Array(&conditions))?;
    writer.finish()
}
