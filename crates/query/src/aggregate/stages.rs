//! The stages, each with what it is parsed of and how it runs, and the table of them.

pub(super) mod add_fields;
pub(super) mod bucket;
pub(super) mod bucket_auto;
pub(super) mod count;
pub(super) mod densify;
pub(super) mod documents;
pub(super) mod facet;
pub(super) mod fill;
pub(super) mod filter;
mod granularity;
pub(super) mod graph_lookup;
pub(super) mod group;
pub(super) mod join;
pub(super) mod lookup;
pub(super) mod output;
pub(super) mod project;
pub(super) mod redact;
pub(super) mod replace_root;
pub(super) mod sample;
pub(super) mod slice;
pub(super) mod sort;
pub(super) mod union_with;
pub(super) mod unwind;
pub(super) mod values;
pub(super) mod window;

use bson::{RawBsonRef, RawDocument};

use super::{
    context::{Context, Place},
    stage::Stage,
};
use crate::{MongoCode, QueryError};

type Parse = fn(RawBsonRef<'_>, Context<'_>) -> Result<Vec<Stage>, QueryError>;

/// Parses a stage. Some are short for several.
pub(super) fn parse(
    stage: &RawDocument,
    context: Context<'_>,
) -> Result<(String, Vec<Stage>), QueryError> {
    let mut fields = stage.iter();
    let (Some(Ok((name, value))), None) = (fields.next(), fields.next()) else {
        let text = "A pipeline stage specification object must contain exactly one field.";
        return Err(QueryError::new(MongoCode::STAGE_NOT_ONE_FIELD, text));
    };
    let name = name.as_str();
    let Some((_, parse)) = STAGES.iter().find(|(known, _)| *known == name) else {
        if REFUSED.contains(&name) {
            return Err(QueryError::not_supported(name));
        }
        let text = format!("Unrecognized pipeline stage name: '{name}'");
        return Err(QueryError::new(MongoCode::STAGE_UNKNOWN, text));
    };
    check_place(name, context)?;
    Ok((name.to_owned(), parse(value, context)?))
}

const STAGES: &[(&str, Parse)] = &[
    ("$addFields", add_fields::parse),
    ("$bucket", bucket::parse),
    ("$bucketAuto", bucket_auto::parse),
    ("$count", count::parse),
    ("$densify", densify::parse),
    ("$documents", documents::parse),
    ("$facet", facet::parse),
    ("$fill", fill::parse),
    ("$graphLookup", graph_lookup::parse),
    ("$group", group::parse),
    ("$limit", slice::parse_limit),
    ("$lookup", lookup::parse),
    ("$match", filter::parse),
    ("$merge", output::parse_merge),
    ("$out", output::parse_out),
    ("$project", project::parse),
    ("$redact", redact::parse),
    ("$replaceRoot", replace_root::parse_replace_root),
    ("$replaceWith", replace_root::parse_replace_with),
    ("$sample", sample::parse),
    ("$set", add_fields::parse_set),
    ("$setWindowFields", window::parse),
    ("$skip", slice::parse_skip),
    ("$sort", sort::parse),
    ("$sortByCount", count::parse_sort_by_count),
    ("$unionWith", union_with::parse),
    ("$unset", project::parse_unset),
    ("$unwind", unwind::parse),
];

/// Stages that a server or Atlas has.
const REFUSED: &[&str] = &[
    "$changeStream",
    "$changeStreamSplitLargeEvent",
    "$collStats",
    "$currentOp",
    "$geoNear",
    "$indexStats",
    "$listClusterCatalog",
    "$listLocalSessions",
    "$listSampledQueries",
    "$listSearchIndexes",
    "$listSessions",
    "$planCacheStats",
    "$querySettings",
    "$queryStats",
    "$rankFusion",
    "$score",
    "$scoreFusion",
    "$search",
    "$searchMeta",
    "$shardedDataDistribution",
    "$vectorSearch",
];

const OF_UPDATES: &[&str] =
    &["$addFields", "$project", "$replaceRoot", "$replaceWith", "$set", "$unset"];

fn check_place(name: &str, context: Context<'_>) -> Result<(), QueryError> {
    let writes = matches!(name, "$out" | "$merge");
    let (code, place) = match context.place {
        Place::Update if !OF_UPDATES.contains(&name) => {
            let text = format!("{name} is not allowed to be used within an update");
            return Err(QueryError::new(MongoCode::INVALID_OPTIONS, text));
        }
        Place::Facet if writes || matches!(name, "$facet" | "$documents") => {
            (MongoCode::STAGE_NOT_IN_FACET, "to be used within a $facet stage")
        }
        Place::Lookup if writes => {
            (MongoCode::STAGE_NOT_IN_LOOKUP, "within a $lookup's sub-pipeline")
        }
        Place::UnionWith if writes => {
            (MongoCode::STAGE_NOT_IN_UNION_WITH, "within a $unionWith's sub-pipeline")
        }
        _ if name == "$documents" && context.index > 0 => {
            let text = format!("{name} is only valid as the first stage in a pipeline");
            return Err(QueryError::new(MongoCode::STAGE_NOT_FIRST, text));
        }
        _ => return Ok(()),
    };
    Err(QueryError::new(code, format!("{name} is not allowed {place}")))
}
