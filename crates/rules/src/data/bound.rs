//! The rules of a collection for one operation of one caller.

use std::sync::Arc;

use bson::{DateTime, Document, RawDocumentBuf};
use hookstead_data::{DataError, Namespace};
use hookstead_query::{Filter, Parameters, Projection};

use super::{
    caller::Caller,
    compile::{Rules, Ruling},
    refusal::no_rule,
    role::Role,
};
use crate::{Condition, DocumentQuery, Documents, NoValue, Scope};

/// The rules of a collection, with everything evaluated that does not depend on a document.
pub(super) struct Bound {
    pub(super) namespace: Namespace,
    pub(super) caller: Arc<Caller>,
    /// Those that may apply, up to the first that always does.
    pub(super) roles: Vec<Role>,
    /// The queries of the filters that apply.
    pub(super) queries: Vec<Document>,
    /// The projections of the filters that apply.
    pub(super) projections: Vec<Projection>,
    pub(super) schema: Option<Filter>,
}

impl Bound {
    pub(super) async fn new(
        rules: &Rules,
        caller: &Arc<Caller>,
        namespace: &Namespace,
    ) -> Result<Self, DataError> {
        let Ruling { roles: declared, filters, schema, file: _ } = rules.of(namespace)?;
        let scope = caller.scope(Documents::default());
        let mut roles = Vec::new();
        for role in declared {
            let role = role.bind(&scope).await;
            let applies = role.apply_when.constant();
            if applies != Some(false) {
                roles.push(role);
            }
            if applies == Some(true) {
                break;
            }
        }
        if roles.is_empty() {
            return Err(no_rule(namespace, "no role applies to the user"));
        }
        let (mut queries, mut projections) = (Vec::new(), Vec::new());
        let refused = |reason: &str| no_rule(namespace, reason);
        for filter in filters {
            let applies = filter.apply_when.evaluate(&scope).await;
            match applies {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => return Err(refused(&error.reason)),
            }
            if let Some(query) = &filter.query {
                match query.bind(&scope).await.as_query(true) {
                    Some(DocumentQuery::All) => {}
                    Some(query) => queries.push(query.into_document()),
                    None => return Err(refused("the query of a filter is no query of a store")),
                }
            }
            projections.extend(filter.projection.as_deref());
        }
        if mixes_kinds(&projections) {
            return Err(refused("filters project fields in and out"));
        }
        let projections = projections.into_iter().map(|one| Projection::parse(one, &parameters()));
        let projections = projections.collect::<Result<_, _>>()?;
        let (namespace, caller) = (namespace.clone(), Arc::clone(caller));
        Ok(Self { namespace, caller, roles, queries, projections, schema: schema.cloned() })
    }

    /// Whether a condition holds; one without a value does not.
    pub(super) async fn holds(&self, condition: &Condition, documents: Documents<'_>) -> bool {
        self.value(condition, documents).await == Ok(true)
    }

    /// The value of a condition.
    pub(super) async fn value(
        &self,
        condition: &Condition,
        documents: Documents<'_>,
    ) -> Result<bool, NoValue> {
        match condition.constant() {
            Some(value) => Ok(value),
            None => condition.evaluate(&self.scope(documents)).await,
        }
    }

    /// The role that counts for a document: the first that applies. A role whose condition has no
    /// value denies everything; the next one is not asked.
    pub(super) async fn role(&self, documents: Documents<'_>) -> Option<&Role> {
        for role in &self.roles {
            let applies = match role.apply_when.constant() {
                Some(value) => value,
                None => role.apply_when.evaluate(&self.scope(documents)).await.ok()?,
            };
            if applies {
                return Some(role);
            }
        }
        None
    }

    /// The queries of the filters, with another one.
    pub(super) fn with_queries(
        &self,
        query: &bson::RawDocument,
        permitted: &DocumentQuery,
    ) -> Result<RawDocumentBuf, DataError> {
        let permitted = match permitted {
            DocumentQuery::All => None,
            other => Some(other.clone().into_document()),
        };
        let mut all = bson::RawArrayBuf::new();
        let others = self.queries.iter().cloned().chain(permitted);
        for other in others {
            all.push(RawDocumentBuf::try_from(&other).map_err(super::refusal::unwritable)?);
        }
        if all.is_empty() {
            return Ok(query.to_owned());
        }
        if !query.is_empty() {
            all.push(query.to_owned());
        }
        let mut document = RawDocumentBuf::new();
        document.append(bson::raw::cstr!("$and"), all);
        Ok(document)
    }

    fn scope<'a>(&'a self, documents: Documents<'a>) -> Scope<'a> {
        self.caller.scope(documents)
    }
}

/// What queries take from the world outside.
pub(super) fn parameters() -> Parameters {
    Parameters::new(DateTime::now(), rand_seed())
}

/// A number that nobody can tell beforehand, for `$rand`.
fn rand_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0)
}

/// Whether some of the projections name what stays and some what goes.
fn mixes_kinds(projections: &[&bson::RawDocument]) -> bool {
    let keeps = |projection: &&&bson::RawDocument| {
        let others = |name: &str| name != "_id";
        projection.iter().flatten().filter(|(name, _)| others(name.as_str())).any(|(_, value)| {
            use bson::RawBsonRef::{Boolean, Double, Int32, Int64};
            !matches!(value, Boolean(false) | Int32(0) | Int64(0))
                && !matches!(value, Double(number) if number == 0.0)
        })
    };
    let count = projections.iter().filter(keeps).count();
    count > 0 && count < projections.len()
}
