//! `$replaceRoot`, which is `$replaceWith` in more words: another document in the place of each.

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    MongoCode, QueryError,
    aggregate::{
        arguments::{Arguments, object, stage_options},
        computed::Computed,
        context::Context,
        raw::check_depth,
        stage::{Stage, Transform},
    },
    describe::describe,
    expression::type_name,
};

/// Parses `$replaceRoot`.
pub(in crate::aggregate) fn parse_replace_root(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = object(value, MongoCode::REPLACE_ROOT_NOT_OBJECT, |found| {
        format!("expected an object as specification for $replaceRoot stage, got {found}")
    })?;
    let arguments = Arguments::parse(document, &stage_options("$replaceRoot", &["newRoot"]))?;
    parse_replace_with(arguments.required("newRoot")?, context)
}

/// Parses `$replaceWith`.
pub(in crate::aggregate) fn parse_replace_with(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let root = Computed::parse(value, context.parameters)?;
    Ok(vec![Stage::Transform(Box::new(ReplaceRoot { root }))])
}

struct ReplaceRoot {
    root: Computed,
}

impl Transform for ReplaceRoot {
    fn apply(&self, document: &RawDocument) -> Result<RawDocumentBuf, QueryError> {
        self.root.with(document, |value| match value {
            Some(RawBsonRef::Document(root)) => {
                check_depth(RawBsonRef::Document(root), 0)?;
                Ok(root.to_owned())
            }
            other => Err(no_document(other, document)),
        })
    }
}

fn no_document(value: Option<RawBsonRef<'_>>, document: &RawDocument) -> QueryError {
    let shown = value.map_or_else(|| "MISSING".to_owned(), describe);
    let text = format!(
        "'newRoot' expression must evaluate to an object, but resulting value was: {shown}. \
         Type of resulting value: '{}'. Input document: {}",
        type_name(value),
        describe(RawBsonRef::Document(document))
    );
    QueryError::new(MongoCode::NEW_ROOT_NOT_OBJECT, text)
}
