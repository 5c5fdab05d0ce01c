//! What the values of a condition are in a call.

use bson::{Bson, RawBsonRef};

use crate::{
    Future, Scope,
    expansion::Operand,
    leaf::{Found, Nulls},
    node::{Relation, Value},
    problem::NoValue,
    source,
};

/// What stands on the right of a relation.
///
/// # Errors
/// The value has no value.
pub(crate) async fn found(
    operand: &Operand,
    relation: Relation,
    value: &Value,
    scope: &Scope<'_>,
) -> Result<Found, NoValue> {
    if let (Relation::In, Value::Array(items)) = (relation, value) {
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            if let Some(found) = resolve(item, scope).await? {
                list.push((found, nulls(item)));
            }
        }
        return Ok(Found::List(list));
    }
    let both_of_document = operand.expansion.is_of_document() && value.document_operand().is_some();
    Ok(match resolve(value, scope).await? {
        // Two states of one document: what neither has has not changed.
        None if both_of_document => Found::One(Bson::Null, Nulls::AndMissing),
        Some(Bson::Null) if both_of_document => Found::One(Bson::Null, Nulls::AndMissing),
        None => Found::Nothing,
        Some(found) => Found::One(found, nulls(value)),
    })
}

fn nulls(value: &Value) -> Nulls {
    match value {
        Value::Literal(_) => Nulls::AndMissing,
        _ => Nulls::Alone,
    }
}

/// A value; `None` where there is nothing.
fn resolve<'a>(
    value: &'a Value,
    scope: &'a Scope<'_>,
) -> Future<'a, Result<Option<Bson>, NoValue>> {
    Box::pin(async move {
        Ok(Some(match value {
            Value::Literal(literal) => literal.clone(),
            Value::Operand(operand) => return look_up(operand, scope),
            Value::Convert(conversion, value) => {
                let Some(value) = resolve(value, scope).await? else { return Ok(None) };
                let converted = conversion.apply(&value);
                converted.ok_or_else(|| NoValue::new("a value cannot be converted"))?
            }
            Value::Function { name, arguments } => {
                let mut found = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    found.push(resolve(argument, scope).await?.unwrap_or(Bson::Undefined));
                }
                let result = scope.app.call(name, found).await;
                let failed = |failure| NoValue::new(format!("function `{name}`: {failure}"));
                match result.map_err(failed)? {
                    Bson::Undefined => return Ok(None),
                    result => result,
                }
            }
            Value::Document(fields) => {
                let mut document = bson::Document::new();
                for (name, value) in fields {
                    let Some(value) = resolve(value, scope).await? else { return Ok(None) };
                    document.insert(name, value);
                }
                document.into()
            }
            Value::Array(items) => {
                let mut array = Vec::with_capacity(items.len());
                for item in items {
                    let Some(item) = resolve(item, scope).await? else { return Ok(None) };
                    array.push(item);
                }
                array.into()
            }
        }))
    })
}

/// What an operand leads to as a value; from several documents of a list, the list of it.
pub(crate) fn look_up(operand: &Operand, scope: &Scope<'_>) -> Result<Option<Bson>, NoValue> {
    let document = source::document(operand, scope)?;
    let path = operand.path_in_source();
    let names: Vec<_> = path.split('.').collect();
    let found = follow(RawBsonRef::Document(&document), &names);
    let found = found.map_err(|error| NoValue::new(error.to_string()))?;
    Ok(found.filter(|value| !matches!(value, Bson::Undefined)))
}

fn follow(value: RawBsonRef<'_>, names: &[&str]) -> Result<Option<Bson>, bson::error::Error> {
    let Some((name, rest)) = names.split_first() else { return Bson::try_from(value).map(Some) };
    match value {
        RawBsonRef::Document(document) => match document.get(name)? {
            Some(value) => follow(value, rest),
            None => Ok(None),
        },
        RawBsonRef::Array(array) => {
            if let Ok(index) = name.parse::<usize>()
                && let Some(item) = array.get(index)?
            {
                return follow(item, rest);
            }
            let mut found = Vec::new();
            for item in array {
                if let item @ RawBsonRef::Document(_) = item? {
                    found.extend(follow(item, names)?);
                }
            }
            Ok((!found.is_empty()).then_some(found.into()))
        }
        _ => Ok(None),
    }
}
