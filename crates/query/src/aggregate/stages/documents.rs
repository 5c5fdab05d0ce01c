//! `$documents`: documents that are written in the pipeline itself.

use bson::{RawBson, RawBsonRef, RawDocumentBuf};

use crate::{
    QueryError,
    aggregate::{
        computed::Computed,
        documents::{Collections, Documents, deferred},
        raw::malformed,
        stage::{Context, Operation, Stage},
    },
    describe::describe,
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
    fn documents(&self) -> Result<Vec<RawDocumentBuf>, QueryError> {
        let nothing = RawDocumentBuf::new();
        let value = self.computed.evaluate(&nothing)?.map(|value| value.into_raw());
        let refused = |code, found: &str| {
            let text =
                format!("an array is expected in $documents, and only objects in it: {found}");
            QueryError::new(code, text)
        };
        let Some(RawBson::Array(array)) = value else {
            let found = value.unwrap_or(RawBson::Null);
            return Err(refused(5_858_203, &describe(RawBsonRef::from(&found))));
        };
        array
            .into_iter()
            .map(|item| match item.map_err(|_| malformed())? {
                RawBsonRef::Document(document) => Ok(document.to_owned()),
                other => Err(refused(40228, &describe(other))),
            })
            .collect()
    }
}

impl Operation for Literal {
    fn run<'a>(&'a self, _: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        deferred(move || Ok(Box::new(self.documents()?.into_iter().map(Ok))))
    }

    fn is_source(&self) -> bool {
        true
    }
}
