//! Evaluating a condition: it holds, or not, or has no value.

use crate::{
    Future, Scope,
    expansion::Operand,
    leaf,
    node::{Node, Test},
    problem::NoValue,
    resolve::{found, look_up},
    source,
};

/// The value of a condition.
///
/// What has no value leaves a list without one, unless another item decides it: an `and` that
/// does not hold, an `or` that holds.
pub(crate) fn evaluate<'a>(
    node: &'a Node,
    scope: &'a Scope<'_>,
) -> Future<'a, Result<bool, NoValue>> {
    Box::pin(async move {
        match node {
            Node::Known(value) => value.clone(),
            Node::All(nodes) => decided(nodes, scope, false).await,
            Node::Any(nodes) => decided(nodes, scope, true).await,
            Node::Not(node) => evaluate(node, scope).await.map(|value| !value),
            Node::Test(operand, test) => evaluate_test(operand, test, scope).await,
        }
    })
}

/// The value of a list that one item of the value `deciding` decides.
async fn decided(nodes: &[Node], scope: &Scope<'_>, deciding: bool) -> Result<bool, NoValue> {
    let mut without = None;
    for node in nodes {
        match evaluate(node, scope).await {
            Ok(value) if value == deciding => return Ok(deciding),
            Ok(_) => {}
            Err(no_value) => without = without.or(Some(no_value)),
        }
    }
    without.map_or(Ok(!deciding), Err)
}

async fn evaluate_test(operand: &Operand, test: &Test, scope: &Scope<'_>) -> Result<bool, NoValue> {
    match test {
        Test::Prepared(prepared) => prepared.matches(&source::document(operand, scope)?),
        Test::Converted(conversion, prepared) => {
            let Some(value) = look_up(operand, scope)? else { return Ok(false) };
            if conversion.apply(&value).is_none() {
                return Err(NoValue::new("a value cannot be converted"));
            }
            prepared.matches(&source::document(operand, scope)?)
        }
        Test::Open(relation, value) => {
            let found = found(operand, *relation, value, scope).await?;
            // The operand has to have a value whether or not it is compared with one.
            let document = source::document(operand, scope)?;
            match leaf::prepare(operand, *relation, &found).map_err(NoValue::new)? {
                Some(prepared) => prepared.matches(&document),
                None => Ok(false),
            }
        }
    }
}
