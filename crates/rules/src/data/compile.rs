//! The rules of a data source, read once.

use std::collections::BTreeMap;

use bson::{Bson, DateTime, RawDocumentBuf};
use hookstead_app as app;
use hookstead_data::{DataError, Namespace};
use hookstead_query as query;
use serde_json::Value as Json;

use super::{
    refusal::no_rule,
    role::{Access, Field, Fields, Role},
    schema,
};
use crate::{Condition, ConditionProblem, Subject};

/// Databases that no rule opens: those of the server itself.
const SERVER_DATABASES: [&str; 3] = ["admin", "config", "local"];

/// Characters that no name of a database has. What a store makes of them is not known: two names
/// could be those of one collection.
const NOT_IN_DATABASES: [char; 8] = ['.', '$', '/', '\\', ' ', '"', '*', '\0'];

/// Collections of the server itself begin so.
const SERVER_COLLECTION: &str = "system.";

/// The rules of a data source.
#[derive(Debug, Default)]
pub struct Rules {
    collections: BTreeMap<Namespace, Collection>,
    default: Option<Collection>,
    /// Why no user reaches any collection.
    closed: Option<String>,
    /// Databases that no rule opens.
    closed_databases: Vec<String>,
    problems: Vec<RulesProblem>,
    calls: Vec<RulesCall>,
}

/// A call of a function of the app in the rules of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesCall {
    /// The file, relative to the folder of the app.
    pub file: String,
    /// The path of the field whose condition calls it, such as `roles[0].apply_when`.
    pub field: String,
    /// The name of the function.
    pub function: String,
}

/// Something in the rules of a collection that is not understood. It closes the collection to
/// users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesProblem {
    /// The file, relative to the folder of the app.
    pub file: String,
    /// The path of the field, such as `roles[0].apply_when`.
    pub field: String,
    /// What is wrong, and where in the condition.
    pub problem: ConditionProblem,
}

/// The rules of a collection.
#[derive(Debug)]
struct Collection {
    /// The file that they stand in.
    file: String,
    roles: Vec<Role>,
    filters: Vec<Filter>,
    schema: Option<query::Filter>,
    closed: Option<String>,
}

/// What is added to the queries of a user.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) apply_when: Condition,
    pub(super) query: Option<Condition>,
    pub(super) projection: Option<RawDocumentBuf>,
}

/// The rules that count for a collection.
pub(super) struct Ruling<'a> {
    /// The file with the roles.
    pub(super) file: &'a str,
    pub(super) roles: &'a [Role],
    pub(super) filters: Vec<&'a Filter>,
    pub(super) schema: Option<&'a query::Filter>,
}

impl Rules {
    /// Reads the rules of a data source. `closed_databases` are those that no rule opens, such as
    /// the one in which the users of the app are kept.
    pub fn new(rules: &app::DataRules, closed_databases: &[&str]) -> Self {
        let (mut problems, mut calls) = (Vec::new(), Vec::new());
        let mut collections = BTreeMap::new();
        for (name, rules) in &rules.collections {
            let app::CollectionName { database, collection } = name.clone();
            let rules = Collection::compile(rules, &mut problems, &mut calls);
            collections.insert(Namespace { database, collection }, rules);
        }
        let default = rules.default.as_ref();
        let default = default.map(|rules| Collection::compile(rules, &mut problems, &mut calls));
        let closed_databases = closed_databases.iter().copied().chain(SERVER_DATABASES);
        Self {
            collections,
            default,
            closed: rules.closed.clone(),
            closed_databases: closed_databases.map(str::to_owned).collect(),
            problems,
            calls,
        }
    }

    /// What is not understood.
    pub fn problems(&self) -> &[RulesProblem] {
        &self.problems
    }

    /// Whether no user reaches a collection, whoever the user is.
    pub fn is_closed(&self, database: &str, collection: &str) -> bool {
        let (database, collection) = (database.to_owned(), collection.to_owned());
        self.of(&Namespace { database, collection }).is_err()
    }

    /// Whether no user reaches any collection.
    pub fn close_everything(&self) -> bool {
        let is_open = |rules: &Collection| rules.closed.is_none() && !rules.roles.is_empty();
        let mut all = self.collections.values().chain(&self.default);
        self.closed.is_some() || !all.any(is_open)
    }

    /// The functions that conditions call.
    pub fn calls(&self) -> &[RulesCall] {
        &self.calls
    }

    /// The rules that count for a collection.
    pub(super) fn of(&self, namespace: &Namespace) -> Result<Ruling<'_>, DataError> {
        let refused = |reason: &str| no_rule(namespace, reason);
        if let Some(reason) = &self.closed {
            return Err(refused(reason));
        }
        // The names of databases are told apart by letter case only where a server does so.
        let is_closed = |closed: &String| closed.eq_ignore_ascii_case(&namespace.database);
        if self.closed_databases.iter().any(is_closed)
            || namespace.database.contains(NOT_IN_DATABASES)
            || namespace.collection.starts_with(SERVER_COLLECTION)
        {
            return Err(refused("no rule opens this database or collection"));
        }
        let own = self.collections.get(namespace);
        if let Some(reason) = own.and_then(|own| own.closed.as_ref()) {
            return Err(refused(reason));
        }
        let mut filters: Vec<_> = own.iter().flat_map(|own| &own.filters).collect();
        let schema = own.and_then(|own| own.schema.as_ref());
        if let Some(own) = own.filter(|own| !own.roles.is_empty()) {
            return Ok(Ruling { file: &own.file, roles: &own.roles, filters, schema });
        }
        let default = self.default.as_ref().filter(|default| !default.roles.is_empty());
        let default = default.ok_or_else(|| refused("the collection has no roles"))?;
        if let Some(reason) = &default.closed {
            return Err(refused(reason));
        }
        filters.extend(&default.filters);
        Ok(Ruling { file: &default.file, roles: &default.roles, filters, schema })
    }
}

impl Collection {
    fn compile(
        rules: &app::CollectionRules,
        problems: &mut Vec<RulesProblem>,
        calls: &mut Vec<RulesCall>,
    ) -> Self {
        let file = &rules.declared_in.file;
        let mut compiler = Compiler { file, found: Vec::new(), calls: Vec::new() };
        let roles = rules.roles.iter().enumerate();
        let roles = roles.map(|(index, role)| compiler.role(role, &format!("roles[{index}]")));
        let roles = roles.collect();
        let filters = rules.filters.iter().enumerate();
        let filters =
            filters.map(|(index, one)| compiler.filter(one, &format!("filters[{index}]")));
        let filters = filters.collect();
        let schema = rules.schema.as_ref().and_then(|schema| {
            let remedy = "write it with the keywords of MongoDB's `$jsonSchema`";
            let compiled = schema::compile(schema);
            compiled.map_err(|message| compiler.problem("schema", &message, remedy)).ok()
        });
        let first = compiler.found.first();
        let not_understood =
            first.map(|one| format!("`{}` is not understood: {}", one.field, one.problem.message));
        let closed = rules.closed.clone().or(not_understood);
        problems.append(&mut compiler.found);
        calls.append(&mut compiler.calls);
        Self { file: rules.declared_in.file.clone(), roles, filters, schema, closed }
    }
}

/// Reads the conditions of a file.
struct Compiler<'a> {
    file: &'a str,
    found: Vec<RulesProblem>,
    calls: Vec<RulesCall>,
}

impl Compiler<'_> {
    fn role(&mut self, role: &app::Role, path: &str) -> Role {
        let access = self.access(&role.access, path);
        let condition = |compiler: &mut Self, json: &Option<Json>, key: &str, absent: bool| {
            let found = compiler.condition(json.as_ref(), &format!("{path}.{key}"));
            found.unwrap_or_else(|| constant(absent))
        };
        let (readable, writable) = match &role.document_filters {
            None => (constant(true), constant(true)),
            Some(filters) => (
                condition(self, &filters.read, "document_filters.read", true),
                condition(self, &filters.write, "document_filters.write", false),
            ),
        };
        Role {
            name: role.name.clone(),
            apply_when: condition(self, &role.apply_when, "apply_when", true),
            readable,
            writable,
            access,
            insert: condition(self, &role.insert, "insert", true),
            delete: condition(self, &role.delete, "delete", false),
            search: condition(self, &role.search, "search", true),
            fields: self.fields(&role.fields, &role.additional_fields, path),
        }
    }

    fn access(&mut self, access: &app::Access, path: &str) -> Access {
        Access {
            read: self.condition(access.read.as_ref(), &format!("{path}.read")),
            write: self.condition(access.write.as_ref(), &format!("{path}.write")),
        }
    }

    fn fields(
        &mut self,
        named: &BTreeMap<String, app::FieldRules>,
        additional: &app::Access,
        path: &str,
    ) -> Fields {
        let named = named.iter().map(|(name, rules)| {
            let path = format!("{path}.fields.{name}");
            let access = self.access(&rules.access, &path);
            let inner = self.fields(&rules.fields, &rules.additional_fields, &path);
            (name.clone(), Field { access, inner })
        });
        let named = named.collect();
        Fields { named, additional: self.access(additional, &format!("{path}.additional_fields")) }
    }

    fn filter(&mut self, filter: &app::DataFilter, path: &str) -> Filter {
        let apply_when = filter.apply_when.as_ref();
        let apply_when = apply_when
            .map(|json| self.parsed(json, Subject::Call, format!("{path}.apply_when")))
            .unwrap_or_else(Condition::always);
        let query = self.condition(filter.query.as_ref(), &format!("{path}.query"));
        let projection = filter.projection.as_ref().and_then(|json| match projection(json) {
            Ok(projection) => Some(projection),
            Err(message) => {
                let remedy = "write it as the projection of a `find`";
                self.problem(&format!("{path}.projection"), &message, remedy);
                None
            }
        });
        Filter { name: filter.name.clone(), apply_when, query, projection }
    }

    /// A condition about a document.
    fn condition(&mut self, json: Option<&Json>, path: &str) -> Option<Condition> {
        json.map(|json| self.parsed(json, Subject::Document, path.to_owned()))
    }

    fn parsed(&mut self, json: &Json, subject: Subject, field: String) -> Condition {
        let condition = Condition::parse(json, subject);
        for problem in condition.problems() {
            let (file, field) = (self.file.to_owned(), field.clone());
            self.found.push(RulesProblem { file, field, problem: problem.clone() });
        }
        for function in condition.functions() {
            let (file, field) = (self.file.to_owned(), field.clone());
            self.calls.push(RulesCall { file, field, function: function.to_owned() });
        }
        condition
    }

    fn problem(&mut self, field: &str, message: &str, remedy: &str) {
        let problem = ConditionProblem {
            path: String::new(),
            message: message.to_owned(),
            remedy: remedy.to_owned(),
        };
        let (file, field) = (self.file.to_owned(), field.to_owned());
        self.found.push(RulesProblem { file, field, problem });
    }
}

fn constant(value: bool) -> Condition {
    Condition::parse(&Json::Bool(value), Subject::Document)
}

/// A projection that can be laid over documents.
fn projection(json: &Json) -> Result<RawDocumentBuf, String> {
    let value = Bson::try_from(json.clone()).map_err(|error| error.to_string())?;
    let document = value.as_document().ok_or("it is not an object")?;
    let document = RawDocumentBuf::try_from(document).map_err(|error| error.to_string())?;
    let parameters = query::Parameters::new(DateTime::from_millis(0), 0);
    query::Projection::parse(&document, &parameters).map_err(|error| error.message)?;
    Ok(document)
}
