//! `$documents`: documents that are written in the pipeline itself.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    MongoCode, QueryError,
    aggregate::{
        computed::Computed,
        context::Context,
        documents::{Collections, Documents, deferred},
        raw::malformed,
        stage::{Operation, Stage},
    },
    describe::describe,
    expression::Value,
    interrupt::step_bytes,
    memory::HeldBytes,
};

/// Parses `$documents`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let computed = Computed::parse(value, context.parameters)?;
    Ok(vec![Stage::Other(Box::new(Literal { computed }))])
}

struct Literal {
    computed: Computed,
}

impl Literal {
    /// The documents, which may be the result of long work: they are made when they are read.
    fn documents(&self) -> Result<(Vec<RawDocumentBuf>, HeldBytes), QueryError> {
        let nothing = RawDocumentBuf::new();
        let value = self.computed.evaluate(&nothing)?.unwrap_or(Value::NULL);
        let refused = |code, found: &str| {
            let text =
                format!("an array is expected in $documents, and only objects in it: {found}");
            QueryError::new(code, text)
        };
        let RawBsonRef::Array(array) = value.raw() else {
            return Err(refused(MongoCode::DOCUMENTS_NOT_ARRAY, &describe(value.raw())));
        };
        let (mut documents, mut held) = (Vec::new(), HeldBytes::default());
        for item in array {
            match item.map_err(|_| malformed())? {
                RawBsonRef::Document(document) => {
                    step_bytes(document.as_bytes().len())?;
                    held.add(bytes_of(document))?;
                    documents.push(document.to_owned());
                }
                other => return Err(refused(MongoCode::NEW_ROOT_NOT_OBJECT, &describe(other))),
            }
        }
        Ok((documents, held))
    }
}

fn bytes_of(document: &RawDocument) -> usize {
    document.as_bytes().len() + size_of::<RawDocumentBuf>()
}

impl Operation for Literal {
    fn run<'a>(&'a self, _: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        deferred(move || {
            let (documents, mut held) = self.documents()?;
            Ok(Box::new(documents.into_iter().map(move |document| {
                held.give_back(bytes_of(&document));
                Ok(document)
            })))
        })
    }

    fn is_source(&self) -> bool {
        true
    }
}
