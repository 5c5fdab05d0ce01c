//! A change of a document, and the event that tells it.

use std::sync::{Arc, OnceLock};

use bson::{RawArrayBuf, RawDocument, RawDocumentBuf, Timestamp, raw::cstr};
use hookstead_memory::Share;

use crate::Namespace;

/// What has happened to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Insert,
    /// Some of its fields are different.
    Update,
    /// Another one has come in its place, with the same `_id`.
    Replace,
    /// It is gone.
    Delete,
}

/// A change of a document.
#[derive(Debug)]
pub struct Change {
    /// Resume token: a stream that begins with it goes on behind this change.
    pub token: RawDocumentBuf,
    /// What has happened.
    pub kind: ChangeKind,
    /// When, as a server with a replica set tells it.
    pub cluster_time: Timestamp,
    /// The collection.
    pub namespace: Namespace,
    /// The `_id` of the document, and whatever else the deployment finds it by.
    pub document_key: RawDocumentBuf,
    /// The document after the change. Of an update in MongoDB it is the document as it was when the
    /// change was read, and none where it was gone by then.
    pub document: Option<RawDocumentBuf>,
    /// The document before the change, where the store still has it. No event shows it.
    pub before: Option<RawDocumentBuf>,
    /// For an update: what is different.
    pub description: Option<UpdateDescription>,
    /// The event as it is sent, once somebody has written it, and nothing if it cannot be written:
    /// all who are told it share the bytes.
    pub written: OnceLock<Option<Arc<[u8]>>>,
    /// The memory of the program that is taken for it.
    pub(crate) share: Option<Share>,
}

/// What is different after an update.
#[derive(Debug, Clone, Default)]
pub struct UpdateDescription {
    /// The values that are different or new, by their paths.
    pub updated: RawDocumentBuf,
    /// The paths of what is gone.
    pub removed: Vec<String>,
    /// The paths of arrays that are shorter, and their new lengths.
    pub truncated: Vec<(String, i32)>,
}

impl ChangeKind {
    /// The name of the operation in an event.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
        }
    }

    /// The kind of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Insert, Self::Update, Self::Replace, Self::Delete];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

impl Change {
    /// A change of which only what no document belongs to is known.
    pub fn new(
        kind: ChangeKind,
        namespace: Namespace,
        token: RawDocumentBuf,
        document_key: RawDocumentBuf,
        cluster_time: Timestamp,
    ) -> Self {
        Self {
            token,
            kind,
            cluster_time,
            namespace,
            document_key,
            document: None,
            before: None,
            description: None,
            written: OnceLock::new(),
            share: None,
        }
    }

    /// The event that a client of MongoDB gets.
    pub fn event(&self) -> RawDocumentBuf {
        let mut event = RawDocumentBuf::new();
        event.append(cstr!("_id"), self.token.clone());
        event.append(cstr!("operationType"), self.kind.name());
        event.append(cstr!("clusterTime"), self.cluster_time);
        if self.shows_document() {
            append_document(&mut event, self.document.as_deref());
        }
        let mut namespace = RawDocumentBuf::new();
        namespace.append(cstr!("db"), self.namespace.database.as_str());
        namespace.append(cstr!("coll"), self.namespace.collection.as_str());
        event.append(cstr!("ns"), namespace);
        event.append(cstr!("documentKey"), self.document_key.clone());
        if let Some(description) = &self.description {
            event.append(cstr!("updateDescription"), description.document());
        }
        event
    }

    /// Whether the event tells the document, be it that there is none.
    pub fn shows_document(&self) -> bool {
        self.kind != ChangeKind::Delete
    }

    /// Roughly how many bytes it takes.
    pub fn bytes_len(&self) -> usize {
        let len = |document: Option<&RawDocument>| document.map_or(0, |one| one.as_bytes().len());
        let description = self.description.as_ref().map_or(0, |one| one.updated.as_bytes().len());
        size_of::<Self>()
            + len(self.document.as_deref())
            + len(self.before.as_deref())
            + len(Some(&self.document_key))
            + description
    }
}

impl UpdateDescription {
    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        self.updated.is_empty() && self.removed.is_empty() && self.truncated.is_empty()
    }

    /// The description as it stands in an event.
    fn document(&self) -> RawDocumentBuf {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("updatedFields"), self.updated.clone());
        let removed = RawArrayBuf::from_iter(self.removed.iter().map(String::as_str));
        document.append(cstr!("removedFields"), removed);
        let truncated = self.truncated.iter().map(|(path, length)| {
            let mut one = RawDocumentBuf::new();
            one.append(cstr!("field"), path.as_str());
            one.append(cstr!("newSize"), *length);
            one
        });
        document.append(cstr!("truncatedArrays"), RawArrayBuf::from_iter(truncated));
        document
    }
}

fn append_document(event: &mut RawDocumentBuf, document: Option<&RawDocument>) {
    match document {
        Some(document) => event.append(cstr!("fullDocument"), document.to_owned()),
        None => event.append(cstr!("fullDocument"), bson::RawBson::Null),
    }
}
