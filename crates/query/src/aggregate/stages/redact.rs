//! `$redact`: documents, and documents within them, that stay or go by what they hold.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    Expression, MongoCode, QueryError,
    aggregate::{
        context::Context,
        documents::{Collections, Documents},
        raw::elements,
        stage::{Operation, Stage},
        write::{Indexes, Writer},
    },
    describe::describe,
};

const KEEP: &str = "keep";
const PRUNE: &str = "prune";
const DESCEND: &str = "descend";

/// Parses `$redact`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let mut parameters = context.parameters.clone();
    for (name, value) in [("KEEP", KEEP), ("PRUNE", PRUNE), ("DESCEND", DESCEND)] {
        parameters.variables.set(name, value)?;
    }
    let expression = Expression::parse_for_parts(value, &parameters)?;
    Ok(vec![Stage::Other(Box::new(Redact { expression }))])
}

struct Redact {
    expression: Expression,
}

impl Operation for Redact {
    fn run<'a>(&'a self, source: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        Box::new(source.filter_map(|document| {
            document.and_then(|document| self.document(&document)).transpose()
        }))
    }
}

/// What happens to a document.
enum Verdict {
    Keep,
    Prune,
    Descend,
}

impl Redact {
    fn document(&self, document: &RawDocument) -> Result<Option<RawDocumentBuf>, QueryError> {
        let mut writer = Writer::with_capacity(document.as_bytes().len());
        match self.verdict(document, document)? {
            Verdict::Prune => return Ok(None),
            Verdict::Keep => writer.copy_all(document),
            Verdict::Descend => self.fields(document, document, &mut writer)?,
        }
        writer.finish().map(Some)
    }

    fn verdict(&self, root: &RawDocument, part: &RawDocument) -> Result<Verdict, QueryError> {
        self.expression.with_part(root, part, |value| match value {
            Some(RawBsonRef::String(KEEP)) => Ok(Verdict::Keep),
            Some(RawBsonRef::String(PRUNE)) => Ok(Verdict::Prune),
            Some(RawBsonRef::String(DESCEND)) => Ok(Verdict::Descend),
            other => {
                let text = format!(
                    "$redact's expression should not return anything aside from the variables \
                     $$KEEP, $$DESCEND, and $$PRUNE, but returned {}",
                    other.map_or_else(|| "MISSING".to_owned(), describe)
                );
                Err(QueryError::new(MongoCode::REDACT_RESULT_UNKNOWN, text))
            }
        })
    }

    /// The fields of a document, as far as they stay.
    fn fields(
        &self,
        root: &RawDocument,
        part: &RawDocument,
        writer: &mut Writer,
    ) -> Result<(), QueryError> {
        for element in elements(part) {
            let element = element?;
            if let Some(document) = element.document() {
                self.part(root, document, writer, element.name()?)?;
            } else if let Some(array) = element.array() {
                writer.begin_array(element.name()?)?;
                self.items(root, array, writer)?;
                writer.end();
            } else {
                writer.copy(element);
            }
        }
        Ok(())
    }

    fn items(
        &self,
        root: &RawDocument,
        array: &RawDocument,
        writer: &mut Writer,
    ) -> Result<(), QueryError> {
        let mut indexes = Indexes::new();
        let mut index = indexes.next().to_owned();
        for item in elements(array) {
            let item = item?;
            let before = writer.len();
            if let Some(document) = item.document() {
                self.part(root, document, writer, &index)?;
            } else if let Some(array) = item.array() {
                writer.begin_array(&index)?;
                self.items(root, array, writer)?;
                writer.end();
            } else {
                writer.copy_as(&index, item)?;
            }
            if writer.len() > before {
                indexes.next().clone_into(&mut index);
            }
        }
        Ok(())
    }

    fn part(
        &self,
        root: &RawDocument,
        part: &RawDocument,
        writer: &mut Writer,
        name: &str,
    ) -> Result<(), QueryError> {
        let verdict = self.verdict(root, part)?;
        if let Verdict::Prune = verdict {
            return Ok(());
        }
        writer.begin_document(name)?;
        match verdict {
            Verdict::Descend => self.fields(root, part, writer)?,
            Verdict::Keep | Verdict::Prune => writer.copy_all(part),
        }
        writer.end();
        Ok(())
    }
}
