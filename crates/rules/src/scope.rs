//! What the expansions of a condition stand for in one call.

use std::pin::Pin;

use bson::{Bson, RawBsonRef, RawDocument};

/// A future of this crate.
pub type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// What the expansions of a condition stand for in one call.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `%%values`, `%%environment` and `%function`.
    pub app: &'a dyn App,
    /// `%%user`, as [`crate::user_document`] makes it.
    pub user: Option<&'a RawDocument>,
    /// `%%request`, with the names of headers in lower case.
    pub request: Option<&'a RawDocument>,
    /// `%%args`: what a service is called with.
    pub args: Option<&'a RawDocument>,
    /// `%%root`, `%%prevRoot`, `%%this` and `%%prev`; [`Documents::default`] where there are none.
    pub documents: Documents<'a>,
}

/// The document that a condition is about, in its states.
#[derive(Clone, Copy, Default)]
pub struct Documents<'a> {
    /// `%%root`: as it is read, or as it will be written; none where it is deleted.
    pub root: Option<&'a RawDocument>,
    /// `%%prevRoot`: as it was before a write; none where it is inserted. A document that is read
    /// is its own `%%prevRoot`.
    pub prev_root: Option<&'a RawDocument>,
    /// `%%this`: the field that the condition stands at, or the document where it stands at none.
    pub this: Option<RawBsonRef<'a>>,
    /// `%%prev`: the same before a write.
    pub prev: Option<RawBsonRef<'a>>,
}

impl<'a> Documents<'a> {
    /// A document that is read.
    pub fn read(document: &'a RawDocument) -> Self {
        Self::written(Some(document), Some(document))
    }

    /// A document that is written: as it will be, and as it was.
    pub fn written(root: Option<&'a RawDocument>, prev_root: Option<&'a RawDocument>) -> Self {
        let of = |document: Option<&'a RawDocument>| document.map(RawBsonRef::Document);
        Self { root, prev_root, this: of(root), prev: of(prev_root) }
    }

    /// The same for a condition at a field with this value, and this one before the write.
    pub fn at_field(self, this: Option<RawBsonRef<'a>>, prev: Option<RawBsonRef<'a>>) -> Self {
        Self { this, prev, ..self }
    }
}

/// What an app gives to its conditions.
pub trait App: Send + Sync {
    /// `%%values.NAME`
    fn value(&self, name: &str) -> Option<Bson>;

    /// `%%environment.tag`
    fn environment_tag(&self) -> &str;

    /// `%%environment.values.NAME`
    fn environment_value(&self, name: &str) -> Option<Bson>;

    /// `%function`: calls a function for the caller of this scope. An argument that is not there
    /// is `undefined`.
    fn call<'a>(
        &'a self,
        name: &'a str,
        arguments: Vec<Bson>,
    ) -> Future<'a, Result<Bson, CallFailure>>;
}

/// Why a function has no result; the condition that calls it refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallFailure {
    /// For the log.
    pub message: String,
}
