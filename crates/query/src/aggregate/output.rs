//! Where the documents of `$out` and `$merge` go. Stores carry it out.

use bson::RawDocumentBuf;

/// Where the documents of a pipeline go.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// They become a collection, in the place of what it held.
    Replace {
        /// Another database than that of the pipeline.
        database: Option<String>,
        /// The collection.
        collection: String,
    },
    /// They come into a collection, beside what it holds.
    Merge {
        /// Another database than that of the pipeline.
        database: Option<String>,
        /// The collection.
        collection: String,
        /// The fields by which two documents are the same; `_id` if nothing else was said.
        on: Vec<String>,
        /// The variables of a pipeline, as expressions over the new document.
        variables: RawDocumentBuf,
        /// What happens to a document that is there.
        when_matched: WhenMatched,
        /// What happens to one that is not.
        when_not_matched: WhenNotMatched,
    },
}

/// What happens to a document that is there.
#[derive(Debug, Clone, PartialEq)]
pub enum WhenMatched {
    /// The new one takes its place.
    Replace,
    /// It stays.
    KeepExisting,
    /// It gets the fields of the new one.
    Merge,
    /// Everything ends with an error.
    Fail,
    /// The stages of an update change it.
    Pipeline(Vec<RawDocumentBuf>),
}

/// What happens to a document that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenNotMatched {
    /// It is inserted.
    Insert,
    /// It is forgotten.
    Discard,
    /// Everything ends with an error.
    Fail,
}
