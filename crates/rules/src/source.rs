//! The documents that the paths of operands are put to.

use std::borrow::Cow;

use bson::{Bson, RawBsonRef, RawDocument, RawDocumentBuf, doc, raw::cstr};

use crate::{
    Expansion, Scope,
    expansion::{Operand, WHOLE},
    problem::NoValue,
};

/// The document to which [`Operand::path_in_source`] leads.
///
/// # Errors
/// The operand names a value that the app does not have.
pub(crate) fn document<'a>(
    operand: &Operand,
    scope: &Scope<'a>,
) -> Result<Cow<'a, RawDocument>, NoValue> {
    let of = |document: Option<&'a RawDocument>| match document {
        Some(document) if operand.path.is_empty() => {
            Cow::Owned(whole(RawBsonRef::Document(document)))
        }
        Some(document) => Cow::Borrowed(document),
        None => Cow::Owned(RawDocumentBuf::new()),
    };
    let of_value =
        |value: Option<RawBsonRef<'_>>| Cow::Owned(value.map_or_else(RawDocumentBuf::new, whole));
    let documents = &scope.documents;
    Ok(match operand.expansion {
        Expansion::True => Cow::Owned(whole(RawBsonRef::Boolean(true))),
        Expansion::False => Cow::Owned(whole(RawBsonRef::Boolean(false))),
        Expansion::Values => {
            let name = operand.path.split('.').next().unwrap_or_default();
            let value = scope.app.value(name);
            named(value, || format!("the app has no value `{name}`"))?
        }
        Expansion::Environment => match operand.path.split('.').nth(1) {
            None => of_value(Some(RawBsonRef::String(scope.app.environment_tag()))),
            Some(name) => {
                let value = scope.app.environment_value(name);
                named(value, || format!("the environment has no value `{name}`"))?
            }
        },
        Expansion::Request => of(scope.request),
        Expansion::User => of(scope.user),
        Expansion::Args => of(scope.args),
        Expansion::Root => of(documents.root),
        Expansion::PrevRoot => of(documents.prev_root),
        Expansion::This => of_value(documents.this),
        Expansion::Prev => of_value(documents.prev),
    })
}

/// A document that holds a value.
pub(crate) fn whole(value: RawBsonRef<'_>) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("v"), value);
    document
}

fn named<'a>(
    value: Option<Bson>,
    missing: impl FnOnce() -> String,
) -> Result<Cow<'a, RawDocument>, NoValue> {
    let value = value.ok_or_else(|| NoValue::new(missing()))?;
    let document = RawDocumentBuf::try_from(&doc! {WHOLE: value});
    document.map(Cow::Owned).map_err(|_| NoValue::new("a value has a name with a zero byte"))
}
