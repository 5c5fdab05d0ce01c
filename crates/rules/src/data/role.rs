//! A role, with its conditions ready to be evaluated.

use std::collections::BTreeMap;

use crate::{Condition, Future, Scope};

/// What a user may do with a document that the role applies to.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) apply_when: Condition,
    /// `document_filters.read`: which documents can be read at all.
    pub(super) readable: Condition,
    /// `document_filters.write`: which documents can be written at all.
    pub(super) writable: Condition,
    /// Access to whole documents. Where it says something, `fields` says nothing.
    pub(super) access: Access,
    pub(super) insert: Condition,
    pub(super) delete: Condition,
    pub(super) search: Condition,
    pub(super) fields: Fields,
}

/// Conditions of access; `None` where nothing is said.
#[derive(Debug, Clone, Default)]
pub(super) struct Access {
    pub(super) read: Option<Condition>,
    pub(super) write: Option<Condition>,
}

/// Access to the fields of a document.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    pub(super) named: BTreeMap<String, Field>,
    /// Access to the fields that `named` does not name.
    pub(super) additional: Access,
}

/// Access to a field, and to what is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    pub(super) access: Access,
    pub(super) inner: Fields,
}

impl Role {
    /// The same role with everything evaluated that does not depend on a document.
    pub(super) async fn bind(&self, scope: &Scope<'_>) -> Self {
        Self {
            name: self.name.clone(),
            apply_when: self.apply_when.bind(scope).await,
            readable: self.readable.bind(scope).await,
            writable: self.writable.bind(scope).await,
            access: self.access.bind(scope).await,
            insert: self.insert.bind(scope).await,
            delete: self.delete.bind(scope).await,
            search: self.search.bind(scope).await,
            fields: self.fields.bind(scope).await,
        }
    }

    /// Whether whoever sees a document sees all of its fields.
    pub(super) fn shows_whole_documents(&self) -> bool {
        self.access.read.is_some()
            || is_true(self.access.write.as_ref()) && self.writable.constant() == Some(true)
    }

    /// Whether it permits every change of every document, and shows it.
    pub(super) fn permits_every_update(&self) -> bool {
        let conditions = [&self.apply_when, &self.readable, &self.writable];
        conditions.into_iter().all(|condition| condition.constant() == Some(true))
            && is_true(self.access.write.as_ref())
    }
}

impl Access {
    async fn bind(&self, scope: &Scope<'_>) -> Self {
        let read = match &self.read {
            Some(read) => Some(read.bind(scope).await),
            None => None,
        };
        let write = match &self.write {
            Some(write) => Some(write.bind(scope).await),
            None => None,
        };
        Self { read, write }
    }

    fn says_nothing(&self) -> bool {
        self.read.is_none() && self.write.is_none()
    }
}

impl Fields {
    fn bind<'a>(&'a self, scope: &'a Scope<'_>) -> Future<'a, Self> {
        Box::pin(async move {
            let mut named = BTreeMap::new();
            for (name, field) in &self.named {
                let access = field.access.bind(scope).await;
                let inner = field.inner.bind(scope).await;
                named.insert(name.clone(), Field { access, inner });
            }
            Self { named, additional: self.additional.bind(scope).await }
        })
    }

    /// Whether nothing is said of any field.
    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty() && self.additional.says_nothing()
    }

    /// Whether a field of this name can be read in every document, with all that is in it.
    pub(super) fn always_show(&self, name: &str) -> bool {
        match self.named.get(name) {
            Some(field) => field.inner.is_empty() && is_true(field.access.read.as_ref()),
            None => is_true(self.additional.read.as_ref()),
        }
    }
}

/// Whether a condition always holds.
pub(super) fn is_true(condition: Option<&Condition>) -> bool {
    condition.is_some_and(|condition| condition.constant() == Some(true))
}
