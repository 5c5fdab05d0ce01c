//! Why a user may do something with a document, or may not.

use std::{error::Error as _, fmt};

use bson::{Bson, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use hookstead_data::{Answer, Command, DataError, Find, Namespace};

use super::{
    bound::Bound,
    compile::Ruling,
    refusal::{malformed, unexpected_answer, unwritable},
    role::{Access, Fields, Role},
    store::RuledStore,
};
use crate::{Condition, Documents, Scope};

/// What the rules say about a user and a collection, or one of its documents.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The file with the roles; nothing where no rule counts for the collection.
    pub file: Option<String>,
    /// The role that counts: nothing where none does, and where it depends on a document and none
    /// was asked about.
    pub role: Option<String>,
    /// The conditions that were asked, in their order.
    pub steps: Vec<Step>,
    /// Why the user does not reach the collection.
    pub refused: Option<String>,
    /// What the user sees of the document; nothing where none was asked about.
    pub shown: Option<Shown>,
    /// Whether the user may delete the document.
    pub may_delete: bool,
}

/// A condition that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which, such as ``role `owner`: apply_when``.
    pub condition: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// It has no value, and refuses.
    NoValue(String),
    /// It depends on the document, and none was asked about.
    DependsOnDocument,
}

/// What a user sees of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The collection has no document with this `_id`.
    NoDocument,
    /// Nothing.
    Nothing,
    /// Everything.
    Everything,
    /// These fields, or a part of each.
    Fields(Vec<String>),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("holds"),
            Self::Fails => f.write_str("does not hold"),
            Self::NoValue(reason) => write!(f, "has no value: {reason}"),
            Self::DependsOnDocument => f.write_str("depends on the document"),
        }
    }
}

impl RuledStore {
    /// Says what the rules mean for the user, in a collection or for the document with an `_id`.
    /// The document is read as the system user reads it, and nothing of its values is told.
    ///
    /// # Errors
    /// The document cannot be read.
    pub async fn explain(
        &self,
        namespace: &Namespace,
        id: Option<Bson>,
    ) -> Result<Explanation, DataError> {
        let mut explanation = Explanation::default();
        let asked = id.is_some();
        let document = match id {
            Some(id) => self.document(namespace, id).await?,
            None => None,
        };
        if asked && document.is_none() {
            explanation.shown = Some(Shown::NoDocument);
        }
        let ruling = match self.rules.of(namespace) {
            Ok(ruling) => ruling,
            Err(error) => {
                explanation.refused = Some(reason_of(&error));
                return Ok(explanation);
            }
        };
        let documents = document.as_deref().map(Documents::read);
        let scope = self.caller.scope(documents.unwrap_or_default());
        let mut asking = Asking { scope, document: document.as_deref(), steps: Vec::new() };
        let is_found = asking.ask_filters(&ruling).await;
        explanation.role = asking.ask_roles(ruling.roles).await.map(ToOwned::to_owned);
        explanation.steps = asking.steps;
        explanation.file = Some(ruling.file.to_owned());
        match Bound::new(&self.rules, &self.caller, namespace).await {
            Err(error) => explanation.refused = Some(reason_of(&error)),
            Ok(bound) => {
                if let Some(document) = document {
                    explanation.shown = Some(match is_found {
                        true => shown(&bound, &document).await?,
                        false => Shown::Nothing,
                    });
                    explanation.may_delete = is_found
                        && explanation.shown != Some(Shown::Nothing)
                        && bound.permit_delete(&document).await.is_ok();
                }
            }
        }
        Ok(explanation)
    }

    /// The document with this `_id`.
    async fn document(
        &self,
        namespace: &Namespace,
        id: Bson,
    ) -> Result<Option<RawDocumentBuf>, DataError> {
        let query = doc! { "_id": { "$eq": id } };
        let filter = RawDocumentBuf::try_from(&query).map_err(unwritable)?;
        let find = Command::Find(Find { filter, limit: 1, ..Find::default() });
        let Answer::Cursor(batch, _) = self.inner.run(namespace.clone(), find).await? else {
            return Err(unexpected_answer());
        };
        Ok(batch.iter().next().map(ToOwned::to_owned))
    }
}

/// Asks conditions, and notes what came of them.
struct Asking<'a> {
    scope: Scope<'a>,
    /// The document that is asked about.
    document: Option<&'a RawDocument>,
    steps: Vec<Step>,
}

/// A condition of a field.
struct OfField<'a> {
    /// Such as `fields.a.fields.b.read`.
    path: String,
    condition: &'a Condition,
    /// The value of the field; nothing where the condition is about no field by itself.
    value: Option<RawBsonRef<'a>>,
}

impl<'a> Asking<'a> {
    /// Goes through filters. Says whether they let the document through.
    async fn ask_filters(&mut self, ruling: &Ruling<'_>) -> bool {
        let mut is_found = true;
        for filter in &ruling.filters {
            let name = format!("filter `{}`", filter.name);
            let applies = self.ask(&name, "apply_when", &filter.apply_when).await;
            if let Some(query) = filter.query.as_ref().filter(|_| applies == Outcome::Holds) {
                is_found &= self.ask(&name, "query", query).await == Outcome::Holds;
            }
        }
        is_found
    }

    /// Goes through roles up to the one that counts, which it answers.
    async fn ask_roles<'r>(&mut self, roles: &'r [Role]) -> Option<&'r str> {
        let mut may_be_another = false;
        for role in roles {
            let name = format!("role `{}`", role.name);
            match self.ask(&name, "apply_when", &role.apply_when).await {
                Outcome::Fails => {}
                Outcome::DependsOnDocument => may_be_another = true,
                Outcome::NoValue(_) => return None,
                Outcome::Holds => {
                    self.ask_role(&name, role).await;
                    return (!may_be_another).then_some(role.name.as_str());
                }
            }
        }
        None
    }

    async fn ask_role(&mut self, name: &str, role: &Role) {
        let conditions = [
            ("document_filters.read", Some(&role.readable)),
            ("document_filters.write", Some(&role.writable)),
            ("read", role.access.read.as_ref()),
            ("write", role.access.write.as_ref()),
            ("insert", Some(&role.insert)),
            ("delete", Some(&role.delete)),
            ("search", Some(&role.search)),
        ];
        for (field, condition) in conditions {
            if let Some(condition) = condition {
                self.ask(name, field, condition).await;
            }
        }
        let mut of_fields = Vec::new();
        let decides = [role.access.read.is_none(), role.access.write.is_none()];
        conditions_of(&role.fields, "", self.document, decides, &mut of_fields);
        for OfField { path, condition, value } in of_fields {
            let documents = match value {
                Some(value) => self.scope.documents.at_field(Some(value), Some(value)),
                None => self.scope.documents,
            };
            self.ask_about(name, &path, condition, documents).await;
        }
    }

    async fn ask(&mut self, of: &str, field: &str, condition: &Condition) -> Outcome {
        self.ask_about(of, field, condition, self.scope.documents).await
    }

    async fn ask_about(
        &mut self,
        of: &str,
        field: &str,
        condition: &Condition,
        documents: Documents<'_>,
    ) -> Outcome {
        let scope = Scope { documents, ..self.scope };
        let bound = condition.bind(&scope).await;
        let outcome = match bound.constant() {
            Some(true) => Outcome::Holds,
            Some(false) => Outcome::Fails,
            None if self.document.is_none() && bound.is_of_document() => Outcome::DependsOnDocument,
            None => match bound.evaluate(&scope).await {
                Ok(true) => Outcome::Holds,
                Ok(false) => Outcome::Fails,
                Err(error) => Outcome::NoValue(error.reason.to_string()),
            },
        };
        let condition = format!("{of}: {field}");
        self.steps.push(Step { condition, outcome: outcome.clone() });
        outcome
    }
}

/// The conditions of the fields that a document has; of all where no document is asked about.
/// `decides` says whether fields decide about reading, and about writing. What is in lists is left
/// out: it differs from item to item.
fn conditions_of<'a>(
    fields: &'a Fields,
    path: &str,
    document: Option<&'a RawDocument>,
    decides: [bool; 2],
    found: &mut Vec<OfField<'a>>,
) {
    let mut add = |access: &'a Access, path: &str, value: Option<RawBsonRef<'a>>| {
        let conditions = [("read", &access.read), ("write", &access.write)];
        for ((what, condition), decides) in conditions.into_iter().zip(decides) {
            if let Some(condition) = condition.as_ref().filter(|_| decides) {
                found.push(OfField { path: format!("{path}.{what}"), condition, value });
            }
        }
    };
    for (name, field) in &fields.named {
        let value = document.and_then(|document| document.get(name).ok().flatten());
        if document.is_some() && value.is_none() {
            continue;
        }
        add(&field.access, &format!("{path}fields.{name}"), value);
    }
    add(&fields.additional, &format!("{path}additional_fields"), None);
    for (name, field) in &fields.named {
        let inner = match document.map(|document| document.get(name)) {
            None => None,
            Some(Ok(Some(RawBsonRef::Document(inner)))) => Some(inner),
            Some(_) => continue,
        };
        conditions_of(&field.inner, &format!("{path}fields.{name}."), inner, decides, found);
    }
}

async fn shown(bound: &Bound, document: &RawDocumentBuf) -> Result<Shown, DataError> {
    let Some(found) = bound.visible(document.clone()).await? else { return Ok(Shown::Nothing) };
    if found.is_whole() {
        return Ok(Shown::Everything);
    }
    let names = found.shown().iter().map(|element| Ok(element?.0.as_str().to_owned()));
    Ok(Shown::Fields(names.collect::<Result<_, bson::error::Error>>().map_err(malformed)?))
}

/// The reason that is for the log.
fn reason_of(error: &DataError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
