//! `$facet`: several pipelines over the same documents, and one document with what each made.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    MongoCode, QueryError,
    aggregate::{
        Pipeline,
        budget::Budget,
        context::{Context, Place},
        documents::{Collections, Documents, Reading, deferred},
        raw::malformed,
        stage::{Operation, Stage},
        write::{ArrayBuffer, Writer},
    },
    expression::type_name,
    field_path::check_name,
};

/// Parses `$facet`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = match value {
        RawBsonRef::Document(document) if !document.is_empty() => document,
        _ => {
            let text = "the $facet specification must be a non-empty object";
            return Err(QueryError::new(MongoCode::FACET_EMPTY, text));
        }
    };
    let inside = Context { place: Place::Facet, depth: context.depth + 1, index: 0, ..context };
    let mut facets = Vec::new();
    for field in document {
        let (name, value) = field.map_err(|_| malformed())?;
        check_name(name.as_str())?;
        if name.as_str().contains('.') {
            let text = "FieldPath field names may not contain '.'.";
            return Err(QueryError::new(MongoCode::FIELD_NAME_HAS_DOT, text));
        }
        let stages = parse_stages(name.as_str(), value)?;
        let pipeline = inside.parse_pipeline(&stages)?;
        facets.push((name.as_str().to_owned(), pipeline));
    }
    let bytes_max = context.parameters.memory_bytes_max;
    Ok(vec![Stage::Other(Box::new(Facet { facets, bytes_max }))])
}

struct Facet {
    facets: Vec<(String, Pipeline)>,
    bytes_max: usize,
}

impl Operation for Facet {
    fn run<'a>(&'a self, source: Documents<'a>, collections: &'a dyn Collections) -> Documents<'a> {
        deferred(move || {
            let mut budget = Budget::new("$facet", self.bytes_max);
            let mut documents = Vec::new();
            for document in source {
                let document = document?;
                budget.take(document.as_bytes().len() + size_of::<RawDocumentBuf>())?;
                documents.push(document);
            }
            let mut writer = Writer::with_capacity(256);
            for (name, pipeline) in &self.facets {
                let source = Box::new(documents.iter().cloned().map(Ok));
                let mut made = ArrayBuffer::default();
                for document in pipeline.run(source, collections) {
                    budget.take(made.push(RawBsonRef::Document(&document?))?)?;
                }
                writer.append_array(name, &made)?;
            }
            Ok(Box::new(std::iter::once(writer.finish())))
        })
    }

    fn add_readings(&self, readings: &mut Vec<Reading>) {
        self.facets.iter().for_each(|(_, pipeline)| pipeline.add_readings(readings));
    }
}

fn parse_stages<'v>(name: &str, value: RawBsonRef<'v>) -> Result<Vec<&'v RawDocument>, QueryError> {
    let RawBsonRef::Array(array) = value else {
        let found = type_name(Some(value));
        let text = format!("arguments to $facet must be arrays, {name} is type {found}");
        return Err(QueryError::new(MongoCode::FACET_NOT_ARRAY, text));
    };
    let stage = |item: Result<RawBsonRef<'v>, _>| match item.map_err(|_| malformed())? {
        RawBsonRef::Document(stage) if !stage.is_empty() => Ok(stage),
        other => {
            let found = type_name(Some(other));
            let text = format!(
                "elements of arrays in $facet spec must be non-empty objects, {name} argument \
                 contained an element of type {found}"
            );
            Err(QueryError::new(MongoCode::FACET_STAGE_NOT_OBJECT, text))
        }
    };
    array.into_iter().map(stage).collect()
}
