//! From BSON to a pipeline.

use bson::{Bson, RawDocument, RawDocumentBuf};

use crate::{
    MongoCode, Parameters, QueryError,
    aggregate::{
        Output, Pipeline, WhenMatched,
        computed::Computed,
        context::{Context, Place},
        raw::malformed,
        stages,
    },
    depth::{PIPELINE_DEPTH_MAX, STAGES_MAX, check_stack},
    validate,
};

impl Pipeline {
    /// Parses a pipeline.
    ///
    /// # Errors
    /// What a MongoDB server refuses, or what the embedded store does not have.
    pub fn parse(stages: &[RawDocumentBuf], parameters: &Parameters) -> Result<Self, QueryError> {
        parse_at(Place::Top, stages, parameters)
    }

    /// Parses the pipeline of an update, which may hold a few stages only.
    ///
    /// # Errors
    /// As for [`Pipeline::parse`], or a stage that an update may not hold.
    pub fn parse_update(
        stages: &[RawDocumentBuf],
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        parse_at(Place::Update, stages, parameters)
    }
}

impl Output {
    /// The pipeline that changes a document that is there, with the variables that it has for the
    /// new one; none unless [`WhenMatched::Pipeline`] was asked for.
    ///
    /// # Errors
    /// The pipeline is refused, or one of its variables cannot be computed.
    pub fn pipeline_for(
        &self,
        new: &RawDocument,
        parameters: &Parameters,
    ) -> Result<Option<Pipeline>, QueryError> {
        let Self::Merge { when_matched: WhenMatched::Pipeline(stages), variables, .. } = self
        else {
            return Ok(None);
        };
        let mut inside = parameters.clone();
        for field in variables {
            let (name, value) = field.map_err(|_| malformed())?;
            let value = Computed::parse(value, parameters)?.evaluate(new)?;
            let value = value.map_or(Ok(Bson::Undefined), |value| value.to_bson())?;
            inside.variables.set(name.as_str(), value)?;
        }
        Pipeline::parse_update(stages, &inside).map(Some)
    }
}

fn parse_at(
    place: Place,
    stages: &[RawDocumentBuf],
    parameters: &Parameters,
) -> Result<Pipeline, QueryError> {
    // So that nothing behind has to think of broken bytes and bottomless nesting.
    stages.iter().try_for_each(|stage| validate(stage))?;
    let stages: Vec<&RawDocument> = stages.iter().map(|stage| &**stage).collect();
    let context = Context { parameters, parse, place, depth: 0, stages_around: 0, index: 0 };
    parse(&stages, context)
}

/// Parses the stages of a pipeline where it stands.
fn parse(documents: &[&RawDocument], context: Context<'_>) -> Result<Pipeline, QueryError> {
    check_stack()?;
    let count = documents.len();
    let stages_around = context.stages_around + count;
    if stages_around > STAGES_MAX {
        let all = if count > STAGES_MAX { "" } else { ", with those of the pipelines around it" };
        let text = format!("Pipeline length must be no longer than {STAGES_MAX} stages{all}");
        return Err(QueryError::new(MongoCode::FAILED_TO_PARSE, text));
    }
    if context.depth > PIPELINE_DEPTH_MAX {
        let text = format!(
            "Maximum number of nested sub-pipelines exceeded. Limit is {PIPELINE_DEPTH_MAX}"
        );
        return Err(QueryError::new(MongoCode::MAX_SUB_PIPELINE_DEPTH_EXCEEDED, text));
    }
    let mut stages = Vec::with_capacity(count);
    for (index, document) in documents.iter().enumerate() {
        let index_in_all = context.index + index;
        let inside = Context { index: index_in_all, stages_around, ..context };
        let (name, mut parsed) = stages::parse(document, inside)?;
        if matches!(name.as_str(), "$out" | "$merge") && index + 1 < count {
            let text = format!("{name} can only be the final stage in the pipeline");
            return Err(QueryError::new(MongoCode::STAGE_NOT_LAST, text));
        }
        stages.append(&mut parsed);
    }
    let output = stages::output::take(&mut stages);
    let stages = stages::join::adjacent(stages, context.parameters)?;
    Ok(Pipeline { stages, output })
}
