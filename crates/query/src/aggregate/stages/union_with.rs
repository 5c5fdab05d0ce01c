//! `$unionWith`: behind all documents, those of another collection.

use bson::{RawBsonRef, RawDocument};

use crate::{
    MongoCode, QueryError,
    aggregate::{
        Pipeline,
        arguments::{Arguments, stage_options},
        context::{Context, Place},
        documents::{Collections, Documents, Reading, deferred},
        raw::malformed,
        stage::{Operation, Stage},
    },
    expression::type_name,
};

/// Parses `$unionWith`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let failed = |text: String| Err(QueryError::new(MongoCode::FAILED_TO_PARSE, text));
    let (collection, stages) = match value {
        RawBsonRef::String(collection) => (Some(collection.to_owned()), Vec::new()),
        RawBsonRef::Document(document) => {
            let known = stage_options("$unionWith", &["coll", "pipeline"]);
            let arguments = Arguments::parse(document, &known)?;
            let stages = parse_stages("$unionWith", &arguments)?;
            let collection = arguments.text("coll")?.map(str::to_owned);
            (collection, stages.unwrap_or_default())
        }
        other => {
            let found = type_name(Some(other));
            return failed(format!(
                "the $unionWith stage specification must be an object or string, but found {found}"
            ));
        }
    };
    let inside = Context { place: Place::UnionWith, depth: context.depth + 1, index: 0, ..context };
    let pipeline = inside.parse_pipeline(&stages)?;
    match &collection {
        None if !pipeline.is_sourceless() => {
            let text = "$unionWith stage without explicit collection must have a pipeline with \
                        $documents as first stage";
            failed(text.to_owned())
        }
        Some(name) if pipeline.is_sourceless() => {
            failed(format!("$documents cannot be used with the collection '{name}'"))
        }
        Some(name) if name.is_empty() => {
            Err(QueryError::new(MongoCode::INVALID_NAMESPACE, "Invalid namespace specified ''"))
        }
        _ => Ok(vec![Stage::Other(Box::new(UnionWith { collection, pipeline }))]),
    }
}

/// The stages of a pipeline within a stage, if there is one.
pub(super) fn parse_stages<'a>(
    stage: &str,
    arguments: &Arguments<'a>,
) -> Result<Option<Vec<&'a RawDocument>>, QueryError> {
    let array = match arguments.get("pipeline") {
        None => return Ok(None),
        Some(RawBsonRef::Array(array)) => array,
        Some(_) => {
            let text = format!("'pipeline' option of {stage} must be specified as an array");
            return Err(QueryError::new(MongoCode::TYPE_MISMATCH, text));
        }
    };
    let stage = |item: Result<RawBsonRef<'a>, _>| match item.map_err(|_| malformed())? {
        RawBsonRef::Document(stage) => Ok(stage),
        _ => {
            let text = "Each element of the 'pipeline' array must be an object";
            Err(QueryError::new(MongoCode::TYPE_MISMATCH, text))
        }
    };
    array.into_iter().map(stage).collect::<Result<_, _>>().map(Some)
}

struct UnionWith {
    /// Without one, the pipeline brings its documents along.
    collection: Option<String>,
    pipeline: Pipeline,
}

impl Operation for UnionWith {
    fn run<'a>(&'a self, source: Documents<'a>, collections: &'a dyn Collections) -> Documents<'a> {
        let others = deferred(move || {
            let collection = self.collection.as_deref().unwrap_or_default();
            Ok(self.pipeline.run_over(None, collection, collections))
        });
        Box::new(source.chain(others))
    }

    fn add_readings(&self, readings: &mut Vec<Reading>) {
        if let Some(collection) = &self.collection {
            readings.push(Reading { database: None, collection: collection.clone() });
        }
        self.pipeline.add_readings(readings);
    }
}
