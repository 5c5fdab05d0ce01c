//! A condition, as the rest of the house knows it.

use std::{fmt, sync::Arc};

use serde_json::Value as Json;

use crate::{
    ConditionProblem, DocumentQuery, Expansion, NoValue, Scope, Subject, bind, evaluate,
    node::{Node, Part},
    parse::read_condition,
    query,
    reader::Reader,
};

/// A condition, ready to be evaluated.
#[derive(Clone)]
pub struct Condition {
    root: Arc<Node>,
    problems: Arc<[ConditionProblem]>,
}

impl Condition {
    /// Reads a condition. It has no value where anything of it is not understood.
    pub fn parse(json: &Json, subject: Subject) -> Self {
        let mut reader = Reader::new(subject);
        let root = read_condition(&mut reader, json);
        let problems = reader.problems;
        match root {
            Some(root) if problems.is_empty() => Self::of(root),
            _ => {
                let reason = match problems.first() {
                    Some(ConditionProblem { path, message, .. }) if !path.is_empty() => {
                        format!("the condition is not understood: {path}: {message}")
                    }
                    Some(problem) => {
                        format!("the condition is not understood: {}", problem.message)
                    }
                    None => "the condition is not understood".to_owned(),
                };
                let root = Node::Known(Err(NoValue::new(reason)));
                Self { root: Arc::new(root), problems: problems.into() }
            }
        }
    }

    /// A condition that always holds.
    pub fn always() -> Self {
        Self::of(Node::Known(Ok(true)))
    }

    /// A condition that has no value.
    pub fn refused(reason: &str) -> Self {
        Self::of(Node::Known(Err(NoValue::new(reason))))
    }

    fn of(root: Node) -> Self {
        Self { root: Arc::new(root), problems: Arc::new([]) }
    }

    /// What is not understood.
    pub fn problems(&self) -> &[ConditionProblem] {
        &self.problems
    }

    /// Its value, where that is the same in every scope.
    pub fn constant(&self) -> Option<bool> {
        constant(&self.root)
    }

    /// Whether it mentions an expansion.
    pub fn uses(&self, expansion: Expansion) -> bool {
        self.root.any(&mut |part| part.is(expansion))
    }

    /// Whether it mentions a member of an expansion, or all of it.
    pub fn uses_member(&self, expansion: Expansion, member: &str) -> bool {
        self.root.any(&mut |part| part.is_member(expansion, member))
    }

    /// Whether its value depends on the document.
    pub fn is_of_document(&self) -> bool {
        self.root.is_of_document()
    }

    /// The functions that it calls.
    pub fn functions(&self) -> Vec<&str> {
        let mut functions = Vec::new();
        self.root.any(&mut |part| {
            if let Part::Function(name) = part {
                functions.push(name);
            }
            false
        });
        functions
    }

    /// Whether it holds. `Err` refuses, and so does a role or a rule whose condition has no value:
    /// the next one must not be asked.
    ///
    /// # Errors
    /// The condition has no value.
    pub async fn evaluate(&self, scope: &Scope<'_>) -> Result<bool, NoValue> {
        evaluate::evaluate(&self.root, scope).await
    }

    /// The same condition with everything in it evaluated that does not depend on the document:
    /// for the documents of one operation. `scope.documents` is not looked at.
    pub async fn bind(&self, scope: &Scope<'_>) -> Self {
        let root = bind::bind(&self.root, scope).await;
        Self { root: Arc::new(root), problems: Arc::clone(&self.problems) }
    }

    /// The stored documents for which a condition that is [bound](Self::bind) has this value, as a
    /// query; `None` where no query says exactly that. A document for which the condition has no
    /// value is in neither answer. The stored document is `%%root` and `%%prevRoot` alike.
    pub fn as_query(&self, value: bool) -> Option<DocumentQuery> {
        query::as_query(&self.root, value)
    }
}

/// Without its values: what an app reads from a secret may be among them.
impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("problems", &self.problems).finish_non_exhaustive()
    }
}

fn constant(node: &Node) -> Option<bool> {
    let decided = |nodes: &[Node], deciding: bool| {
        let mut values = nodes.iter().map(constant);
        let rest = values.try_fold(true, |all_known, value| match value {
            Some(value) if value == deciding => Err(()),
            value => Ok(all_known && value.is_some()),
        });
        match rest {
            Err(()) => Some(deciding),
            Ok(true) => Some(!deciding),
            Ok(false) => None,
        }
    };
    match node {
        Node::Known(value) => value.clone().ok(),
        Node::All(nodes) => decided(nodes, false),
        Node::Any(nodes) => decided(nodes, true),
        Node::Not(node) => constant(node).map(|value| !value),
        Node::Test(..) => None,
    }
}
