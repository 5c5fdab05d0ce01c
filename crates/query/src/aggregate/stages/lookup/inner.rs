//! The pipeline within a `$lookup`, in two parts: what is the same for all documents, and from the
//! first stage on that looks at a variable, what is parsed for each document with its values.

use std::collections::HashSet;

use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf, spec::ElementType};

use crate::{
    Parameters, QueryError,
    aggregate::{
        Pipeline,
        computed::Computed,
        context::{Context, ParsePipeline, Place},
        documents::Reading,
        raw::{Element, elements},
    },
};

pub(super) struct Inner {
    /// The stages that look at no variable.
    pub(super) constant: Pipeline,
    constant_len: usize,
    /// The others, as they were written.
    rest: Vec<RawDocumentBuf>,
    /// The others, parsed without values.
    others: Pipeline,
    variables: Vec<(String, Computed)>,
    parse: ParsePipeline,
    depth: usize,
    stages_around: usize,
}

impl Inner {
    pub(super) fn parse(
        stages: &[&RawDocument],
        variables: Vec<(String, Computed)>,
        context: Context<'_>,
    ) -> Result<Self, QueryError> {
        let mut parameters = context.parameters.clone();
        for (name, _) in &variables {
            parameters.variables.set_raw(name, None);
        }
        let names: HashSet<&[u8]> = variables.iter().map(|(name, _)| name.as_bytes()).collect();
        let mut constant_len = 0;
        for stage in stages {
            if looks_at(stage, &names)? {
                break;
            }
            constant_len += 1;
        }
        // Each stage is parsed once: twice would be a thousand times for ten lookups in each other.
        let depth = context.depth + 1;
        let inside =
            Context { parameters: &parameters, place: Place::Lookup, depth, index: 0, ..context };
        let (first, rest) = stages.split_at(constant_len);
        let constant = inside.parse_pipeline(first)?;
        let stages_around = context.stages_around + constant_len;
        let behind = Context { index: constant_len, stages_around, ..inside };
        let others = behind.parse_pipeline(rest)?;
        let rest = rest.iter().map(|stage| (*stage).to_owned()).collect();
        let parse = context.parse;
        Ok(Self { constant, constant_len, rest, others, variables, parse, depth, stages_around })
    }

    /// Whether any of it is the same for all documents.
    pub(super) fn has_constant_part(&self) -> bool {
        self.constant_len > 0
    }

    /// Whether it begins with documents of its own.
    pub(super) fn is_sourceless(&self) -> bool {
        self.constant.is_sourceless() || (self.constant_len == 0 && self.others.is_sourceless())
    }

    /// The stages that look at variables, with the values that those have for a document; none if
    /// there are no such stages.
    pub(super) fn parse_for(
        &self,
        document: &RawDocument,
        parameters: &Parameters,
    ) -> Result<Option<Pipeline>, QueryError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut parameters = parameters.clone();
        for (name, computed) in &self.variables {
            let value = computed.evaluate(document)?.map(|value| value.into_raw());
            parameters.variables.set_raw(name, value.filter(|value| *value != RawBson::Undefined));
        }
        let inside = Context {
            parameters: &parameters,
            parse: self.parse,
            place: Place::Lookup,
            depth: self.depth,
            stages_around: self.stages_around,
            index: self.constant_len,
        };
        let stages: Vec<&RawDocument> = self.rest.iter().map(|stage| &**stage).collect();
        inside.parse_pipeline(&stages).map(Some)
    }

    pub(super) fn add_readings(&self, readings: &mut Vec<Reading>) {
        self.constant.add_readings(readings);
        self.others.add_readings(readings);
    }
}

/// Whether a stage mentions a variable in any text. It may do so without meaning it; then it is
/// parsed more often than it must be.
fn looks_at(document: &RawDocument, variables: &HashSet<&[u8]>) -> Result<bool, QueryError> {
    for element in elements(document) {
        if mentions(element?, variables)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn mentions(element: Element<'_>, variables: &HashSet<&[u8]>) -> Result<bool, QueryError> {
    // Chance is another one for each document.
    if matches!(element.key(), b"$sample" | b"$rand" | b"$sampleRate") {
        return Ok(true);
    }
    if let Some(inner) = element.document().or_else(|| element.array()) {
        return looks_at(inner, variables);
    }
    if element.kind() != ElementType::String as u8 {
        return Ok(false);
    }
    let RawBsonRef::String(text) = element.value()? else { return Ok(false) };
    let Some(text) = text.strip_prefix("$$") else { return Ok(false) };
    let name = text.split('.').next().unwrap_or_default();
    Ok(variables.contains(name.as_bytes()))
}
