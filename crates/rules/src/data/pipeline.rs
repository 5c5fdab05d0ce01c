//! Aggregation: the permitted documents and fields come first
//! (docs/behaviour/collection-rules.md#pipelines).

use std::sync::Arc;

use bson::{Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use hookstead_data::{Aggregate, Answer, Batch, Command, DataError, Target};

use super::{
    bound::Bound,
    query_check::cut,
    refusal::{malformed, not_for_users, not_permitted, unwritable},
    role::{Access, Fields, Role},
};
use crate::{Condition, DocumentQuery};

/// Stages that look at nothing but the documents that come to them.
const STAGES: [&str; 21] = [
    "$addFields",
    "$bucket",
    "$bucketAuto",
    "$count",
    "$densify",
    "$fill",
    "$group",
    "$limit",
    "$match",
    "$project",
    "$redact",
    "$replaceRoot",
    "$replaceWith",
    "$sample",
    "$set",
    "$setWindowFields",
    "$skip",
    "$sort",
    "$sortByCount",
    "$unset",
    "$unwind",
];

/// Stages of Atlas Search, which must come first: nothing can be put before them.
const SEARCHES: [&str; 3] = ["$search", "$searchMeta", "$vectorSearch"];

/// Operators that users do not have, wherever they stand.
const NO_OPERATORS: [&str; 6] =
    ["$function", "$accumulator", "$where", "$setIsSubset", "$text", "$near"];

/// Options that say nothing about whose documents are read, or how.
const OPTIONS: [&str; 5] = ["allowDiskUse", "batchSize", "comment", "cursor", "let"];

/// Values in values, deeper than any store reads them.
const DEPTH_MAX: usize = 200;

pub(super) async fn aggregate(
    bound: Arc<Bound>,
    target: Arc<dyn Target>,
    mut aggregate: Aggregate,
) -> Result<Answer, DataError> {
    if aggregate.of_database {
        return Err(not_for_users("an aggregation of a database"));
    }
    check_options(&aggregate.options)?;
    let searches = check_stages(&aggregate.pipeline)?;
    let permitted = bound.permitted();
    if permitted.query == DocumentQuery::Nothing {
        return Ok(Answer::Cursor(Batch::default(), None));
    }
    let mut first = Vec::new();
    let query = bound.with_queries(&RawDocumentBuf::new(), &permitted.query)?;
    if !query.is_empty() {
        let mut stage = RawDocumentBuf::new();
        stage.append(bson::raw::cstr!("$match"), query);
        first.push(stage);
    }
    if !permitted.is_a_query() {
        first.extend(projection_of(&bound)?);
    }
    if searches {
        let may_search = |role: &Role| role.search.constant() == Some(true);
        if !first.is_empty() || !bound.roles.iter().all(may_search) {
            let reason = "the user may not read or not search every document as a whole";
            return Err(not_permitted(&bound.namespace, "search", reason));
        }
    }
    first.append(&mut aggregate.pipeline);
    aggregate.pipeline = first;
    target.run(bound.namespace.clone(), Command::Aggregate(aggregate)).await
}

/// Stages that leave of documents what the caller sees.
///
/// It must be the same for all documents, and be known before any is read.
fn projection_of(bound: &Bound) -> Result<Vec<RawDocumentBuf>, DataError> {
    let refused = || {
        not_for_users("an aggregation, where the fields that may be read depend on the document,")
    };
    let [role] = &bound.roles[..] else { return Err(refused()) };
    let is_known = role.apply_when.constant() == Some(true)
        && role.access.read.is_none()
        && role.readable.as_query(true).is_some()
        && bound.projections.is_empty();
    // Permission to write a field implies permission to read it, where writing is permitted at all.
    let may_write = match &role.access.write {
        None => role.writable.constant(),
        Some(write) => write.constant().filter(|may_write| !may_write),
    };
    let mut fields = Projected::default();
    let may_write = may_write.filter(|_| is_known);
    let shows_others = may_write.and_then(|may_write| fields.add(&role.fields, may_write));
    let shows_others = shows_others.ok_or_else(refused)?;
    let mut stages = Vec::new();
    if !shows_others {
        if fields.shown.is_empty() {
            return Err(refused());
        }
        // Without this the `_id` would be there.
        fields.shown.entry("_id".to_owned()).or_insert(bson::Bson::Int32(0));
        stages.push(doc! { "$project": fields.shown });
    }
    if !fields.hidden.is_empty() {
        stages.push(doc! { "$project": fields.hidden });
    }
    // Of what is not seen at all nothing counts, not even that it is there.
    stages.push(doc! { "$match": { "$expr": { "$ne": ["$$ROOT", {}] } } });
    stages.iter().map(|stage| RawDocumentBuf::try_from(stage).map_err(unwritable)).collect()
}

/// The fields that a projection names.
#[derive(Default)]
struct Projected {
    shown: Document,
    hidden: Document,
}

impl Projected {
    /// Adds the fields of a document. Says whether all others are shown; `None` where no projection
    /// says it: one leaves empty objects where a part of a field is shown, which tell of the rest.
    fn add(&mut self, fields: &Fields, may_write: bool) -> Option<bool> {
        let shows_others = known(&fields.additional, may_write)?;
        for (name, field) in &fields.named {
            let is_plain = !name.is_empty() && !name.contains('.') && !name.starts_with('$');
            if !is_plain || !field.inner.is_empty() {
                return None;
            }
            match (known(&field.access, may_write)?, shows_others) {
                (true, false) => drop(self.shown.insert(name, 1)),
                (false, true) => drop(self.hidden.insert(name, 0)),
                (true, true) | (false, false) => {}
            }
        }
        Some(shows_others)
    }
}

/// Whether reading is permitted, where that is known beforehand.
fn known(access: &Access, may_write: bool) -> Option<bool> {
    let constant =
        |condition: &Option<Condition>| condition.as_ref().map_or(Some(false), Condition::constant);
    Some(constant(&access.read)? || may_write && constant(&access.write)?)
}

/// Refuses stages that users do not have. Says whether the pipeline begins with a search.
fn check_stages(pipeline: &[RawDocumentBuf]) -> Result<bool, DataError> {
    let mut searches = false;
    for (index, stage) in pipeline.iter().enumerate() {
        for element in stage {
            let (name, value) = element.map_err(malformed)?;
            match name.as_str() {
                known if STAGES.contains(&known) => {}
                search if SEARCHES.contains(&search) && index == 0 => searches = true,
                other => return Err(not_for_users(&format!("the stage `{}`", cut(other)))),
            }
            check_operators(value, 0)?;
        }
    }
    Ok(searches)
}

/// Refuses operators that users do not have, in a projection.
pub(super) fn check_projection(projection: Option<&RawDocumentBuf>) -> Result<(), DataError> {
    match projection {
        Some(projection) => check_operators(RawBsonRef::Document(projection), 0),
        None => Ok(()),
    }
}

/// Refuses operators that users do not have, in a stage or an update.
pub(super) fn check_operators(value: RawBsonRef<'_>, depth: usize) -> Result<(), DataError> {
    if depth > DEPTH_MAX {
        return Err(not_for_users("a pipeline that deep"));
    }
    match value {
        RawBsonRef::Document(document) => {
            for element in document {
                let (name, value) = element.map_err(malformed)?;
                if NO_OPERATORS.contains(&name.as_str()) {
                    return Err(not_for_users(&format!("the operator `{}`", name.as_str())));
                }
                check_operators(value, depth + 1)?;
            }
        }
        RawBsonRef::Array(array) => {
            for item in array {
                check_operators(item.map_err(malformed)?, depth + 1)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn check_options(options: &RawDocument) -> Result<(), DataError> {
    // The variables of `let` are expressions.
    check_operators(RawBsonRef::Document(options), 0)?;
    for element in options {
        let (name, _) = element.map_err(malformed)?;
        if !OPTIONS.contains(&name.as_str()) {
            return Err(not_for_users(&format!("the option `{}`", cut(name.as_str()))));
        }
    }
    Ok(())
}
