//! The pipeline within a `$lookup`, in two parts: what is the same for all documents, and from the
//! first stage on that looks at a variable, what is parsed for each document with its values.

use bson::{Bson, Document, RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    Parameters, QueryError,
    aggregate::{
        Pipeline,
        computed::Computed,
        pipeline::Reading,
        raw::{Element, elements},
        stage::{Context, Place},
    },
};

pub(super) struct Inner {
    /// The stages that look at no variable.
    pub(super) constant: Pipeline,
    constant_len: usize,
    /// The others, as they were written.
    rest: Vec<RawDocumentBuf>,
    /// All of them, parsed without values.
    whole: Pipeline,
    variables: Vec<(String, Computed)>,
    depth: usize,
}

impl Inner {
    pub(super) fn parse(
        stages: &[&RawDocument],
        variables: Vec<(String, Computed)>,
        context: Context<'_>,
    ) -> Result<Self, QueryError> {
        let parameters = with_variables(
            context.parameters,
            variables.iter().map(|(name, _)| (name.clone(), Bson::Undefined)),
        );
        let depth = context.depth + 1;
        let inside = Context { parameters: &parameters, place: Place::Lookup, depth, index: 0 };
        let whole = Pipeline::parse_in(stages.iter().copied(), inside)?;
        let mut constant_len = 0;
        for stage in stages {
            if looks_at(stage, &variables)? {
                break;
            }
            constant_len += 1;
        }
        let (first, rest) = stages.split_at(constant_len);
        let constant = Pipeline::parse_in(first.iter().copied(), inside)?;
        let rest = rest.iter().map(|stage| (*stage).to_owned()).collect();
        Ok(Self { constant, constant_len, rest, whole, variables, depth })
    }

    /// Whether any of it is the same for all documents.
    pub(super) fn has_constant_part(&self) -> bool {
        self.constant_len > 0
    }

    /// Whether it begins with documents of its own.
    pub(super) fn is_sourceless(&self) -> bool {
        self.whole.is_sourceless()
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
        let mut values = Vec::with_capacity(self.variables.len());
        for (name, computed) in &self.variables {
            let value = computed.evaluate(document)?;
            let value = value.map_or(Ok(Bson::Undefined), |value| value.to_bson())?;
            values.push((name.clone(), value));
        }
        let parameters = with_variables(parameters, values.into_iter());
        let index = self.constant_len;
        let inside =
            Context { parameters: &parameters, place: Place::Lookup, depth: self.depth, index };
        let stages: Vec<&RawDocument> = self.rest.iter().map(|stage| &**stage).collect();
        Pipeline::parse_in(stages.into_iter(), inside).map(Some)
    }

    pub(super) fn add_readings(&self, readings: &mut Vec<Reading>) {
        self.whole.add_readings(readings);
    }
}

fn with_variables(
    parameters: &Parameters,
    variables: impl Iterator<Item = (String, Bson)>,
) -> Parameters {
    let mut all: Document = parameters.variables.clone();
    for (name, value) in variables {
        all.insert(name, value);
    }
    Parameters { variables: all, ..parameters.clone() }
}

/// Whether a stage mentions a variable in any text. It may do so without meaning it; then it is
/// parsed more often than it must be.
fn looks_at(document: &RawDocument, variables: &[(String, Computed)]) -> Result<bool, QueryError> {
    for element in elements(document) {
        if mentions(element?, variables)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn mentions(element: Element<'_>, variables: &[(String, Computed)]) -> Result<bool, QueryError> {
    // Chance is another one for each document.
    if matches!(element.key(), b"$sample" | b"$rand" | b"$sampleRate") {
        return Ok(true);
    }
    if let Some(inner) = element.document().or_else(|| element.array()) {
        return looks_at(inner, variables);
    }
    let RawBsonRef::String(text) = element.value()? else { return Ok(false) };
    let Some(text) = text.strip_prefix("$$") else { return Ok(false) };
    let name = text.split('.').next().unwrap_or_default();
    Ok(variables.iter().any(|(variable, _)| variable == name))
}
