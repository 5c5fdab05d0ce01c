//! Rules of a data source: what users may do with its documents
//! (docs/behaviour/collection-rules.md#files).
//!
//! Expressions are kept as exported. What is absent is kept as absent: which meaning that has is
//! said where the rules are evaluated.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::{Place, expression::functions_of};

/// A collection, with its database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CollectionName {
    /// The database.
    pub database: String,
    /// The collection.
    pub collection: String,
}

/// The rules of a data source.
#[derive(Debug, Default, Clone)]
pub struct DataRules {
    /// By collection.
    pub collections: BTreeMap<CollectionName, CollectionRules>,
    /// `default_rule.json`: for collections without roles of their own.
    pub default: Option<CollectionRules>,
    /// Why no user reaches any collection: a part of the rules cannot be read.
    pub closed: Option<String>,
}

/// The rules of a collection, or those of every collection without roles.
#[derive(Debug, Clone)]
pub struct CollectionRules {
    /// In the order in which they are tried.
    pub roles: Vec<Role>,
    /// All that apply are used.
    pub filters: Vec<DataFilter>,
    /// What documents must look like.
    pub schema: Option<Json>,
    /// Why no user reaches the collection: its rules cannot be understood.
    pub closed: Option<String>,
    /// Where it is declared. A role has the field `roles[0]`, a filter `filters[0]`.
    pub declared_in: Place,
}

/// What a user may do with a document that the role applies to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Which users and documents have this role.
    pub apply_when: Option<Json>,
    /// Which documents can be read and written at all; `None` without the object.
    pub document_filters: Option<Access>,
    /// Access to the whole document.
    pub access: Access,
    /// Whether documents may be inserted.
    pub insert: Option<Json>,
    /// Whether documents may be deleted.
    pub delete: Option<Json>,
    /// Whether documents may be searched.
    pub search: Option<Json>,
    /// Access to single fields.
    pub fields: BTreeMap<String, FieldRules>,
    /// Access to the fields that `fields` does not name.
    pub additional_fields: Access,
}

/// Expressions that permit reading and writing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Access {
    /// Permits reading.
    pub read: Option<Json>,
    /// Permits writing.
    pub write: Option<Json>,
}

/// Access to a field.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldRules {
    /// Access to the whole field.
    pub access: Access,
    /// Access to fields within it.
    pub fields: BTreeMap<String, FieldRules>,
    /// Access to the fields within it that `fields` does not name.
    pub additional_fields: Access,
}

/// What is added to the queries of a user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DataFilter {
    /// Its name.
    pub name: String,
    /// Whom it applies to.
    pub apply_when: Option<Json>,
    /// A condition that every document must meet as well.
    pub query: Option<Json>,
    /// The fields that are read.
    pub projection: Option<Json>,
}

impl DataRules {
    /// The functions that the rules call.
    pub fn functions(&self) -> BTreeSet<String> {
        let all = self.collections.values().chain(&self.default);
        all.flat_map(CollectionRules::expressions).flat_map(functions_of).collect()
    }
}

impl CollectionRules {
    /// Every expression in roles and filters.
    fn expressions(&self) -> Vec<&Json> {
        let mut found = Vec::new();
        for filter in &self.filters {
            found.extend(filter.apply_when.iter().chain(&filter.query));
        }
        for role in &self.roles {
            found.extend(
                [&role.apply_when, &role.insert, &role.delete, &role.search].into_iter().flatten(),
            );
            role.document_filters.iter().for_each(|access| access.add_to(&mut found));
            role.access.add_to(&mut found);
            role.additional_fields.add_to(&mut found);
            role.fields.values().for_each(|field| field.add_to(&mut found));
        }
        found
    }

    /// Whether two places say the same.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        self.roles == other.roles
            && self.filters == other.filters
            && self.schema == other.schema
            && self.closed.is_none()
            && other.closed.is_none()
    }
}

impl Access {
    fn add_to<'a>(&'a self, expressions: &mut Vec<&'a Json>) {
        expressions.extend(self.read.iter().chain(&self.write));
    }
}

impl FieldRules {
    fn add_to<'a>(&'a self, expressions: &mut Vec<&'a Json>) {
        self.access.add_to(expressions);
        self.additional_fields.add_to(expressions);
        self.fields.values().for_each(|field| field.add_to(expressions));
    }
}
