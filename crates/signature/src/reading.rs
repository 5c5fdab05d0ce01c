//! A request as a scheme reads it: its parts, and the fields of its body.

use std::cell::OnceCell;

use crate::{FieldPath, Refusal, RequestParts, Scheme, Source, When, fields, fields::Fields, form};

/// A request as a scheme reads it.
pub(crate) struct Reading<'a> {
    pub(crate) parts: RequestParts<'a>,
    fields: Fields,
    /// Decoded when somebody asks, and once for all secrets and spellings of the URL.
    form: OnceCell<Result<Vec<Vec<u8>>, Refusal>>,
}

impl<'a> Reading<'a> {
    /// Reads what a scheme needs of the body.
    pub(crate) fn new(scheme: &Scheme, parts: &RequestParts<'a>) -> Result<Self, Refusal> {
        let fields = Fields::read(scheme.fields, parts.body)?;
        Ok(Self { parts: *parts, fields, form: OnceCell::new() })
    }

    /// The fields of a form, as they are signed.
    pub(crate) fn form(&self) -> Result<&[Vec<u8>], Refusal> {
        let form = self.form.get_or_init(|| form::signed_fields(&self.parts));
        form.as_deref().map_err(Clone::clone)
    }

    /// The value of a field; `None` where it is absent or empty.
    pub(crate) fn optional_field(&self, path: FieldPath) -> Option<&str> {
        self.fields.get(path).filter(|value| !value.is_empty())
    }

    /// The value of a field that must be there.
    pub(crate) fn field(&self, path: FieldPath) -> Result<&str, Refusal> {
        self.optional_field(path).ok_or(Refusal::Missing { name: fields::name(path) })
    }

    /// A text of the request that must be there.
    pub(crate) fn text(&self, source: Source) -> Result<&str, Refusal> {
        match source {
            Source::Header(name) => self.parts.header(name),
            Source::Field(path) => self.field(path),
        }
    }

    /// Whether the request says what a way asks for.
    pub(crate) fn says(&self, when: &When) -> bool {
        self.text(when.source).is_ok_and(|text| text == when.value)
    }
}
