//! Which collections a source uses.

use std::collections::BTreeMap;

use oxc_ast::ast::{Argument, CallExpression, Expression};

use super::Names;

/// A collection that a source uses.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collection {
    /// The name of the data source; empty where it is not known.
    pub source: String,
    /// The name of the database; empty where it is not known.
    pub database: String,
    /// The name of the collection; empty where it is not known.
    pub collection: String,
}

/// What a name or an expression stands for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Database {
    source: String,
    name: String,
}

/// Names for a database. `None` where a name can stand for several.
pub(super) type Databases = BTreeMap<String, Option<Database>>;

impl Names {
    /// The collection that a call gives, such as `client.db("shop").collection("orders")`.
    pub(super) fn collection(&self, call: &CallExpression<'_>) -> Option<Collection> {
        let database = self.database(object_of(call, "collection")?).unwrap_or_default();
        let collection = self.first_text(call).unwrap_or_default();
        Some(Collection { source: database.source, database: database.name, collection })
    }

    /// Notes which database a name stands for: the same one wherever it is given one, or none.
    pub(super) fn bind_database(&mut self, name: &str, value: &Expression<'_>) {
        let found = self.database(value);
        if found.is_none() && !self.databases.contains_key(name) {
            return;
        }
        let known = self.databases.entry(name.to_owned()).or_insert_with(|| found.clone());
        if *known != found {
            *known = None;
        }
    }

    fn database(&self, expression: &Expression<'_>) -> Option<Database> {
        match expression.get_inner_expression() {
            Expression::Identifier(name) => {
                self.databases.get(name.name.as_str()).cloned().flatten()
            }
            Expression::AwaitExpression(awaited) => self.database(&awaited.argument),
            Expression::CallExpression(call) => {
                let object = object_of(call, "db")?;
                let source = self.service(object).unwrap_or_default();
                Some(Database { source, name: self.first_text(call).unwrap_or_default() })
            }
            _ => None,
        }
    }

    fn first_text(&self, call: &CallExpression<'_>) -> Option<String> {
        self.text(call.arguments.first().and_then(Argument::as_expression)?)
    }
}

/// What a method is called of.
fn object_of<'c, 'a>(call: &'c CallExpression<'a>, method: &str) -> Option<&'c Expression<'a>> {
    match call.callee.get_inner_expression() {
        Expression::StaticMemberExpression(member) if member.property.name == method => {
            Some(&member.object)
        }
        _ => None,
    }
}
