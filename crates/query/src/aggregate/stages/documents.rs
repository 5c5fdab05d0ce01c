//! `$documents`: documents that are written in the pipeline itself.

use bson::{RawBson, RawBsonRef, RawDocumentBuf};

use crate::{
    QueryError,
    aggregate::{
        computed::Computed,
        documents::{Collections, Documents},
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
    let nothing = RawDocumentBuf::new();
    let value = computed.evaluate(&nothing)?.map(|value| value.into_raw());
    let refused = |code, found: &str| {
        let text = format!("an array is expected in $documents, and only objects in it: {found}");
        QueryError::new(code, text)
    };
    let Some(RawBson::Array(array)) = value else {
        return Err(refused(
            5_858_203,
            &describe(RawBsonRef::from(&value.unwrap_or(RawBson::Null))),
        ));
    };
    let documents = array
        .into_iter()
        .map(|item| match item.map_err(|_| malformed())? {
            RawBsonRef::Document(document) => Ok(document.to_owned()),
            other => Err(refused(40228, &describe(other))),
        })
        .collect::<Result<_, _>>()?;
    Ok(vec![Stage::Other(Box::new(Literal { documents }))])
}

struct Literal {
    documents: Vec<RawDocumentBuf>,
}

impl Operation for Literal {
    fn run<'a>(&'a self, _: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        Box::new(self.documents.iter().cloned().map(Ok))
    }

    fn is_source(&self) -> bool {
        true
    }
}
