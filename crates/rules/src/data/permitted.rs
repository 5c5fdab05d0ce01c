//! The documents that roles permit to read, as a query of the store.

use bson::{Document, doc};

use super::{
    bound::Bound,
    role::{Role, is_true},
};
use crate::{Condition, DocumentQuery};

/// The documents that the caller may see.
pub(super) struct Permitted {
    /// A query that finds all of them.
    pub(super) query: DocumentQuery,
    /// Whether it finds no others.
    pub(super) is_exact: bool,
    /// Whether each of them may be seen as a whole.
    pub(super) shows_whole: bool,
}

impl Permitted {
    /// Whether a store can be asked for what the caller may see, without a look at the documents.
    pub(super) fn is_a_query(&self) -> bool {
        self.is_exact && self.shows_whole
    }
}

impl Bound {
    /// The documents that the caller may see.
    pub(super) fn permitted(&self) -> Permitted {
        let mut builder = Builder { is_exact: true };
        let mut shows_whole = self.projections.is_empty();
        // The documents to which none of the roles before applies.
        let mut left = DocumentQuery::All;
        let mut query = DocumentQuery::Nothing;
        for role in &self.roles {
            shows_whole &= role.shows_whole_documents();
            let applies = builder.query(&role.apply_when, true);
            let seen = builder.seen(role);
            query = or(query, and(left.clone(), and(applies, seen)));
            left = and(left, builder.query(&role.apply_when, false));
        }
        // Of a document that is shown in part, it may be that no field is left.
        let is_exact = builder.is_exact && shows_whole;
        Permitted { query, is_exact, shows_whole }
    }

    /// Whether every document that the caller sees at all is seen with all of this path.
    pub(super) fn always_shows(&self, path: &str) -> bool {
        let name = path.split('.').next().unwrap_or_default();
        let shows = |role: &Role| role.shows_whole_documents() || role.fields.always_show(name);
        self.projections.is_empty() && self.roles.iter().all(shows)
    }
}

struct Builder {
    is_exact: bool,
}

impl Builder {
    /// The documents for which a condition has a value; all where no query says it.
    fn query(&mut self, condition: &Condition, value: bool) -> DocumentQuery {
        condition.as_query(value).unwrap_or_else(|| {
            self.is_exact = false;
            DocumentQuery::All
        })
    }

    /// The documents of which a role shows something.
    fn seen(&mut self, role: &Role) -> DocumentQuery {
        let readable = self.query(&role.readable, true);
        let access = &role.access;
        match (&access.read, &access.write) {
            (Some(read), _) if is_true(Some(read)) => readable,
            (Some(read), None) => and(readable, self.query(read, true)),
            (Some(read), Some(write)) => {
                let writable = and(self.query(&role.writable, true), self.query(write, true));
                and(readable, or(self.query(read, true), writable))
            }
            (None, _) => readable,
        }
    }
}

fn and(one: DocumentQuery, other: DocumentQuery) -> DocumentQuery {
    use DocumentQuery::{All, Matching, Nothing};
    match (one, other) {
        (Nothing, _) | (_, Nothing) => Nothing,
        (All, other) | (other, All) => other,
        (Matching(one), Matching(other)) => Matching(joined("$and", one, other)),
    }
}

fn or(one: DocumentQuery, other: DocumentQuery) -> DocumentQuery {
    use DocumentQuery::{All, Matching, Nothing};
    match (one, other) {
        (All, _) | (_, All) => All,
        (Nothing, other) | (other, Nothing) => other,
        (Matching(one), Matching(other)) => Matching(joined("$or", one, other)),
    }
}

fn joined(operator: &str, one: Document, other: Document) -> Document {
    doc! { operator: [one, other] }
}
