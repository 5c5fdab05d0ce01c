//! What a stage is, and which there are.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use super::{
    documents::{Collections, Documents},
    pipeline::Reading,
    stages,
};
use crate::{Filter, MongoCode, Parameters, QueryError};

/// A stage of a pipeline. Those that others join with are known by their names.
pub(super) enum Stage {
    /// `$match`, with its condition as it was written.
    Match(RawDocumentBuf, Filter),
    /// `$sort`.
    Sort(stages::sort::SortStage),
    /// `$limit`.
    Limit(u64),
    /// `$skip`.
    Skip(u64),
    /// One that makes a document of each.
    Transform(Box<dyn Transform>),
    /// Any other.
    Other(Box<dyn Operation>),
}

/// What makes one document of each.
pub(super) trait Transform: Send + Sync {
    /// The new document.
    fn apply(&self, document: &RawDocument) -> Result<RawDocumentBuf, QueryError>;
}

/// What makes documents of documents.
pub(super) trait Operation: Send + Sync {
    /// The new documents. Nothing is done before the first is asked for.
    fn run<'a>(&'a self, source: Documents<'a>, collections: &'a dyn Collections) -> Documents<'a>;

    /// Whether it makes its documents of nothing.
    fn is_source(&self) -> bool {
        false
    }

    /// Where the documents go, if this says so.
    fn output(&self) -> Option<&stages::output::Output> {
        None
    }

    /// Adds the collections that it reads.
    fn add_readings(&self, _readings: &mut Vec<Reading>) {}
}

/// Where a pipeline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// By itself.
    Top,
    /// Within a stage.
    Facet,
    /// Within a stage.
    Lookup,
    /// Within a stage.
    UnionWith,
    /// In an update.
    Update,
}

/// What parsing a stage depends on.
#[derive(Clone, Copy)]
pub(super) struct Context<'p> {
    /// What the caller hands in.
    pub(super) parameters: &'p Parameters,
    /// Where the pipeline stands.
    pub(super) place: Place,
    /// How many pipelines are around it.
    pub(super) depth: usize,
    /// How many stages those have, and the pipeline itself before this one.
    pub(super) stages_around: usize,
    /// How many stages are before it.
    pub(super) index: usize,
}

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
    ("$addFields", stages::add_fields::parse),
    ("$bucket", stages::bucket::parse),
    ("$bucketAuto", stages::bucket_auto::parse),
    ("$count", stages::count::parse),
    ("$densify", stages::densify::parse),
    ("$documents", stages::documents::parse),
    ("$facet", stages::facet::parse),
    ("$fill", stages::fill::parse),
    ("$graphLookup", stages::graph_lookup::parse),
    ("$group", stages::group::parse),
    ("$limit", stages::slice::parse_limit),
    ("$lookup", stages::lookup::parse),
    ("$match", stages::filter::parse),
    ("$merge", stages::output::parse_merge),
    ("$out", stages::output::parse_out),
    ("$project", stages::project::parse),
    ("$redact", stages::redact::parse),
    ("$replaceRoot", stages::replace_root::parse_replace_root),
    ("$replaceWith", stages::replace_root::parse_replace_with),
    ("$sample", stages::sample::parse),
    ("$set", stages::add_fields::parse_set),
    ("$setWindowFields", stages::window::parse),
    ("$skip", stages::slice::parse_skip),
    ("$sort", stages::sort::parse),
    ("$sortByCount", stages::count::parse_sort_by_count),
    ("$unionWith", stages::union_with::parse),
    ("$unset", stages::project::parse_unset),
    ("$unwind", stages::unwind::parse),
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
