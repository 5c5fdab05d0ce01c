//! What can be asked of a store: the methods of a collection
//! (docs/behaviour/databases.md#methods).

use bson::RawDocumentBuf;

/// A collection of a database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Namespace {
    /// The database.
    pub database: String,
    /// The collection.
    pub collection: String,
}

/// One operation on a collection.
#[derive(Debug, Clone)]
pub enum Command {
    /// Answers [`crate::Answer::Cursor`].
    Find(Find),
    /// Answers [`crate::Answer::Cursor`].
    Aggregate(Aggregate),
    /// Answers [`crate::Answer::Count`].
    Count(Count),
    /// Answers [`crate::Answer::Values`].
    Distinct(Distinct),
    /// Answers [`crate::Answer::Inserted`].
    InsertMany(InsertMany),
    /// Answers [`crate::Answer::Updated`]. Replacing a document is an update, too.
    Update(Update),
    /// Answers [`crate::Answer::Deleted`].
    Delete(Delete),
    /// Answers [`crate::Answer::Document`].
    FindAndModify(FindAndModify),
    /// Several writes as one; answers [`crate::Answer::Written`].
    BulkWrite(Writes),
}

/// Documents that match.
#[derive(Debug, Clone, Default)]
pub struct Find {
    /// Which; empty means all.
    pub filter: RawDocumentBuf,
    /// Which of their fields.
    pub projection: Option<RawDocumentBuf>,
    /// In which order; without any, in that of their insertion.
    pub sort: Option<RawDocumentBuf>,
    /// How many are left out at the beginning.
    pub skip: u64,
    /// How many at most; 0 means all.
    pub limit: u64,
}

/// What a pipeline makes of a collection.
#[derive(Debug, Clone, Default)]
pub struct Aggregate {
    /// The stages.
    pub pipeline: Vec<RawDocumentBuf>,
    /// Whether the pipeline begins with the database instead of the collection.
    pub of_database: bool,
    /// Options as given, of those that a server knows: `allowDiskUse`, `hint`, `collation`, `let`….
    pub options: RawDocumentBuf,
}

/// How many documents match.
#[derive(Debug, Clone, Default)]
pub struct Count {
    /// Which.
    pub filter: RawDocumentBuf,
    /// Counting ends there; 0 means never.
    pub limit: u64,
    /// How many are left out at the beginning.
    pub skip: u64,
}

/// The different values of a field.
#[derive(Debug, Clone, Default)]
pub struct Distinct {
    /// The path.
    pub field: String,
    /// In which documents.
    pub filter: RawDocumentBuf,
}

/// New documents.
#[derive(Debug, Clone, Default)]
pub struct InsertMany {
    /// Each with its `_id`.
    pub documents: Vec<RawDocumentBuf>,
    /// Whether the first failure ends it.
    pub ordered: bool,
}

/// A change of documents.
#[derive(Debug, Clone)]
pub struct Update {
    /// Which.
    pub filter: RawDocumentBuf,
    /// What is changed.
    pub modification: Modification,
    /// Whether all that match are changed, or one.
    pub many: bool,
    /// Whether one is inserted when none matches.
    pub upsert: bool,
}

/// What is changed of a document.
#[derive(Debug, Clone)]
pub enum Modification {
    /// Everything but `_id`.
    Replacement(Replacement),
    /// What operators or a pipeline say.
    Update(UpdateSpec),
}

/// What comes in the place of a document.
pub type Replacement = RawDocumentBuf;

/// Conditions for `$[identifier]`.
pub type ArrayFilters = Vec<RawDocumentBuf>;

/// What an update says.
#[derive(Debug, Clone)]
pub enum UpdateSpec {
    /// `{ $set: … }` and its kin.
    Operators(RawDocumentBuf, ArrayFilters),
    /// Stages.
    Pipeline(Vec<RawDocumentBuf>),
}

/// Documents that go.
#[derive(Debug, Clone, Default)]
pub struct Delete {
    /// Which.
    pub filter: RawDocumentBuf,
    /// Whether all that match go, or one.
    pub many: bool,
}

/// One document, changed or removed, and given back.
#[derive(Debug, Clone)]
pub struct FindAndModify {
    /// Which.
    pub filter: RawDocumentBuf,
    /// What is changed; without any, the document goes.
    pub modification: Option<Modification>,
    /// Which one, when several match.
    pub sort: Option<RawDocumentBuf>,
    /// Which of its fields are given back.
    pub projection: Option<RawDocumentBuf>,
    /// Whether one is inserted when none matches.
    pub upsert: bool,
    /// Whether it is given back as it is afterwards, instead of before.
    pub return_new: bool,
}

/// Writes that go together.
#[derive(Debug, Clone, Default)]
pub struct Writes {
    /// In their order.
    pub operations: Vec<WriteOperation>,
    /// Whether the first failure ends it.
    pub ordered: bool,
}

/// One of several writes.
#[derive(Debug, Clone)]
pub enum WriteOperation {
    /// A document with its `_id`.
    Insert(RawDocumentBuf),
    /// A change.
    Update(Update),
    /// A removal.
    Delete(Delete),
}
