//! Where a pipeline stands, and what parsing its stages depends on.

use bson::RawDocument;

use super::pipeline::Pipeline;
use crate::{Parameters, QueryError};

/// What parses a pipeline. Stages are handed it, so that they need not know all the others.
pub(super) type ParsePipeline = fn(&[&RawDocument], Context<'_>) -> Result<Pipeline, QueryError>;

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
    /// Parses a pipeline within a stage.
    pub(super) parse: ParsePipeline,
    /// Where the pipeline stands.
    pub(super) place: Place,
    /// How many pipelines are around it.
    pub(super) depth: usize,
    /// How many stages those have, and the pipeline itself before this one.
    pub(super) stages_around: usize,
    /// How many stages are before it.
    pub(super) index: usize,
}

impl Context<'_> {
    /// Parses a pipeline that stands here.
    pub(super) fn parse_pipeline(self, stages: &[&RawDocument]) -> Result<Pipeline, QueryError> {
        (self.parse)(stages, self)
    }
}
