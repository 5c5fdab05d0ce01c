//! Evaluating what of a condition does not depend on the document, once for many documents.

use std::sync::Arc;

use bson::Bson;

use crate::{
    Future, Scope,
    evaluate::evaluate,
    expansion::Operand,
    leaf,
    node::{Node, Relation, Test, Value},
    problem::NoValue,
    resolve::{found, look_up},
};

/// The same condition with everything known that does not depend on the document.
pub(crate) fn bind<'a>(node: &'a Node, scope: &'a Scope<'_>) -> Future<'a, Node> {
    Box::pin(async move {
        if !node.is_of_document() {
            return Node::Known(evaluate(node, scope).await);
        }
        match node {
            Node::Known(_) => node.clone(),
            Node::All(nodes) => Node::All(bind_list(nodes, scope, false).await),
            Node::Any(nodes) => Node::Any(bind_list(nodes, scope, true).await),
            Node::Not(node) => Node::Not(Box::new(bind(node, scope).await)),
            Node::Test(operand, Test::Open(relation, value)) => {
                let bound = bind_test(operand, *relation, value, scope).await;
                bound.unwrap_or_else(|no_value| Node::Known(Err(no_value)))
            }
            Node::Test(..) => node.clone(),
        }
    })
}

/// The items of a list up to one that decides it.
async fn bind_list(nodes: &[Node], scope: &Scope<'_>, deciding: bool) -> Vec<Node> {
    let mut bound = Vec::with_capacity(nodes.len());
    for node in nodes {
        match bind(node, scope).await {
            node @ Node::Known(Ok(value)) if value == deciding => return vec![node],
            Node::Known(Ok(_)) => {}
            node => bound.push(node),
        }
    }
    bound
}

async fn bind_test(
    operand: &Operand,
    relation: Relation,
    value: &Arc<Value>,
    scope: &Scope<'_>,
) -> Result<Node, NoValue> {
    let open = || Node::Test(operand.clone(), Test::Open(relation, Arc::clone(value)));
    match &**value {
        value if !value.is_of_document() => {
            let found = found(operand, relation, value, scope).await?;
            Ok(match leaf::prepare(operand, relation, &found).map_err(NoValue::new)? {
                Some(prepared) => Node::Test(operand.clone(), Test::Prepared(prepared)),
                None => Node::Known(Ok(false)),
            })
        }
        Value::Convert(conversion, of_document)
            if relation == Relation::Equal && !operand.expansion.is_of_document() =>
        {
            match (of_document.document_operand(), look_up(operand, scope)?) {
                (Some(field), Some(value @ Bson::String(_) | value @ Bson::ObjectId(_))) => {
                    let original = conversion.undo(&value);
                    let prepared = leaf::prepare_converted(field, original.as_ref());
                    let prepared = prepared.map_err(NoValue::new)?;
                    Ok(Node::Test(field.clone(), Test::Converted(*conversion, prepared)))
                }
                _ => Ok(open()),
            }
        }
        _ => Ok(open()),
    }
}
