//! What a source does, by the places that the engine gives it in stacks.
//!
//! The engine knows no place of its own for most of what can fail: it takes the last one that it
//! met on its way, which is that of a name, of the right side of an operator, or of the begin of
//! arguments. So its way is followed here, and everything that can fail is noted under the place
//! that the engine has for it.

use std::collections::HashMap;

use oxc_ast::ast::{
    Argument, ArrayAssignmentTarget, ArrayPattern, ArrowFunctionExpression, AssignmentExpression,
    AssignmentTarget, AssignmentTargetPropertyIdentifier, BinaryExpression, BinaryOperator,
    BindingPattern, CallExpression, ComputedMemberExpression, Expression, ExpressionStatement,
    ForOfStatement, FormalParameter, Function, IdentifierReference, NewExpression, ObjectPattern,
    ObjectProperty, PropertyDefinition, SimpleAssignmentTarget, SpreadElement, Statement,
    StaticMemberExpression, TaggedTemplateExpression, ThrowStatement, UpdateExpression,
    VariableDeclarator, YieldExpression,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

use super::{marks::Marks, text};
use crate::source;

/// A line and a column, as the engine counts them.
pub(super) type Place = (u32, u32);

/// Something that can fail.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) kind: Kind,
    /// The place that a person looks for: the name of a member, the begin of a `new`.
    pub(super) at: Place,
    /// What is called, iterated or taken apart, as V8 writes it.
    pub(super) text: String,
    /// The name of the member or of the function; empty where it is worked out as it runs.
    pub(super) name: String,
    /// The argument of a call that a built-in function calls.
    pub(super) argument: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Call,
    New,
    Read,
    Write,
    Iterate,
    /// The `name` is that of the first property.
    Destructure,
}

/// Everything in a source that can fail.
#[derive(Debug, Default)]
pub(super) struct Sites {
    by_place: HashMap<Place, Vec<Site>>,
}

impl Sites {
    /// Looks at a source; nothing is found in one that does not parse.
    pub(super) fn of(source: &str) -> Self {
        source::with_program(source, |program| {
            let mut recorder = Recorder {
                marks: Marks::of(source, program),
                place: (1, 1),
                has_moved: false,
                sites: Self::default(),
            };
            recorder.visit_program(program);
            recorder.sites
        })
        .unwrap_or_default()
    }

    /// What the engine may mean with a place, of these kinds.
    pub(super) fn at(&self, place: Place, kinds: &[Kind]) -> impl Iterator<Item = &Site> {
        let sites = self.by_place.get(&place).map_or(&[][..], Vec::as_slice);
        sites.iter().filter(|site| kinds.contains(&site.kind))
    }
}

/// Follows the way of the engine.
struct Recorder {
    marks: Marks,
    /// The place that the engine met last.
    place: Place,
    /// Whether it met any in this function. The engine gives a function that has none column 1.
    has_moved: bool,
    sites: Sites,
}

impl Recorder {
    /// The engine meets a token.
    fn meet(&mut self, offset: u32) {
        self.place = self.marks.token(offset);
        self.has_moved = true;
    }

    fn note(&mut self, kind: Kind, at: u32, text: String, name: &str, argument: Option<String>) {
        let site = Site { kind, at: self.marks.place(at), text, name: name.to_owned(), argument };
        if !self.has_moved && self.place.1 != 1 {
            let place = (self.place.0, 1);
            self.sites.by_place.entry(place).or_default().push(site.clone());
        }
        self.sites.by_place.entry(self.place).or_default().push(site);
    }

    fn note_call(
        &mut self,
        kind: Kind,
        callee: &Expression<'_>,
        span: Span,
        arguments: &[Argument<'_>],
    ) {
        let at = match (kind, callee.get_inner_expression()) {
            (Kind::New, _) => span.start,
            (_, Expression::StaticMemberExpression(member)) => member.property.span.start,
            (_, Expression::ChainExpression(chain)) => chain.span.start,
            (_, other) => other.span().start,
        };
        let name = text::last_name(callee);
        let callback = arguments.get(callback_index(&name)).and_then(Argument::as_expression);
        self.note(kind, at, text::of(callee), &name, callback.map(text::of));
    }

    /// Reading a member that is about to be written or called is noted as reading it, too.
    fn note_target(&mut self, target: &AssignmentTarget<'_>) {
        match target {
            AssignmentTarget::StaticMemberExpression(member) => {
                let name = member.property.name.as_str();
                self.note(Kind::Write, member.property.span.start, String::new(), name, None);
            }
            AssignmentTarget::ComputedMemberExpression(member) => {
                let at = member.expression.span().start;
                let name = text::constant(&member.expression);
                self.note(Kind::Write, at, String::new(), &name, None);
            }
            _ => {}
        }
    }

    /// Runs through a function, which begins at a token.
    fn within(&mut self, start: u32, walk: impl FnOnce(&mut Self)) {
        let outside = (self.place, self.has_moved);
        self.place = self.marks.token(start);
        self.has_moved = false;
        walk(self);
        (self.place, self.has_moved) = outside;
    }

    fn note_pattern(&mut self, pattern: &BindingPattern<'_>, value: Option<&Expression<'_>>) {
        let (kind, span, name) = match pattern {
            BindingPattern::ObjectPattern(pattern) => {
                let first = pattern.properties.first().and_then(|first| first.key.static_name());
                (Kind::Destructure, pattern.span, first.unwrap_or_default().into_owned())
            }
            BindingPattern::ArrayPattern(pattern) => (Kind::Iterate, pattern.span, String::new()),
            _ => return,
        };
        let at = match (kind, value) {
            (Kind::Iterate, Some(value)) => value.span().start,
            _ => span.start,
        };
        self.note(kind, at, value.map(text::of).unwrap_or_default(), &name, None);
    }
}

/// Which argument a built-in function of this name calls.
fn callback_index(name: &str) -> usize {
    match name {
        "from" | "groupBy" => 1,
        "construct" => 2,
        _ => 0,
    }
}

/// Whether it is the error that a changed `catch` takes apart, see `source::edits`.
fn is_ours(value: &Expression<'_>) -> bool {
    matches!(value, Expression::Identifier(name) if name.name.starts_with(source::CAUGHT))
}

impl<'a> Visit<'a> for Recorder {
    fn visit_identifier_reference(&mut self, identifier: &IdentifierReference<'a>) {
        self.place = self.marks.place(identifier.span.start);
        self.has_moved = true;
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        // The engine gives `{ name }` no place.
        if !property.shorthand {
            walk::walk_object_property(self, property);
        }
    }

    fn visit_assignment_target_property_identifier(
        &mut self,
        property: &AssignmentTargetPropertyIdentifier<'a>,
    ) {
        if let Some(default) = &property.init {
            self.visit_expression(default);
        }
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.visit_expression(&call.callee);
        let is_super = matches!(call.callee, Expression::Super(_));
        if !is_super {
            let end = call.span.end.saturating_sub(1);
            self.meet(call.arguments.first().map_or(end, |first| first.span().start));
        }
        self.visit_arguments(&call.arguments);
        if !is_super {
            self.note_call(Kind::Call, &call.callee, call.span, &call.arguments);
        }
    }

    fn visit_new_expression(&mut self, new: &NewExpression<'a>) {
        self.meet(new.callee.span().start);
        if matches!(new.callee, Expression::NumericLiteral(_))
            && new.callee.span().end == new.span.end
        {
            // What is put behind a last argument for its place, see `source::edits`.
            return;
        }
        self.visit_expression(&new.callee);
        self.visit_arguments(&new.arguments);
        self.note_call(Kind::New, &new.callee, new.span, &new.arguments);
    }

    fn visit_tagged_template_expression(&mut self, tagged: &TaggedTemplateExpression<'a>) {
        self.visit_expression(&tagged.tag);
        self.meet(tagged.quasi.span.start);
        self.visit_template_literal(&tagged.quasi);
        self.note_call(Kind::Call, &tagged.tag, tagged.span, &[]);
    }

    fn visit_static_member_expression(&mut self, member: &StaticMemberExpression<'a>) {
        self.visit_expression(&member.object);
        let name = member.property.name.as_str();
        self.note(Kind::Read, member.property.span.start, String::new(), name, None);
    }

    fn visit_computed_member_expression(&mut self, member: &ComputedMemberExpression<'a>) {
        self.visit_expression(&member.object);
        self.visit_expression(&member.expression);
        let name = text::constant(&member.expression);
        self.note(Kind::Read, member.expression.span().start, String::new(), &name, None);
    }

    fn visit_binary_expression(&mut self, binary: &BinaryExpression<'a>) {
        self.visit_expression(&binary.left);
        if binary.operator != BinaryOperator::Exponential {
            self.meet(binary.right.span().start);
        }
        self.visit_expression(&binary.right);
    }

    fn visit_throw_statement(&mut self, throw: &ThrowStatement<'a>) {
        self.meet(throw.argument.span().start);
        self.visit_expression(&throw.argument);
    }

    fn visit_expression_statement(&mut self, statement: &ExpressionStatement<'a>) {
        self.meet(statement.span.start);
        self.visit_expression(&statement.expression);
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        let value = text::of(&assignment.right);
        match &assignment.left {
            AssignmentTarget::ObjectAssignmentTarget(target) => {
                self.note(Kind::Destructure, target.span.start, value, "", None);
            }
            AssignmentTarget::ArrayAssignmentTarget(_) => {
                self.note(Kind::Iterate, assignment.right.span().start, value, "", None);
            }
            _ => {}
        }
        self.visit_assignment_target(&assignment.left);
        self.visit_expression(&assignment.right);
        self.note_target(&assignment.left);
    }

    fn visit_array_assignment_target(&mut self, target: &ArrayAssignmentTarget<'a>) {
        walk::walk_array_assignment_target(self, target);
        self.meet(target.span.start);
    }

    fn visit_update_expression(&mut self, update: &UpdateExpression<'a>) {
        walk::walk_update_expression(self, update);
        if let SimpleAssignmentTarget::StaticMemberExpression(member) = &update.argument {
            let name = member.property.name.as_str();
            self.note(Kind::Write, member.property.span.start, String::new(), name, None);
        }
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        let value = declarator.init.as_ref().filter(|value| !is_ours(value));
        self.note_pattern(&declarator.id, value);
        walk::walk_variable_declarator(self, declarator);
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        if parameter.initializer.is_none() {
            self.note_pattern(&parameter.pattern, None);
        }
        walk::walk_formal_parameter(self, parameter);
    }

    fn visit_object_pattern(&mut self, pattern: &ObjectPattern<'a>) {
        for property in &pattern.properties {
            self.note_pattern(&property.value, None);
        }
        walk::walk_object_pattern(self, pattern);
    }

    fn visit_array_pattern(&mut self, pattern: &ArrayPattern<'a>) {
        for element in pattern.elements.iter().flatten() {
            self.note_pattern(element, None);
        }
        walk::walk_array_pattern(self, pattern);
        self.meet(pattern.span.start);
    }

    fn visit_for_of_statement(&mut self, statement: &ForOfStatement<'a>) {
        self.visit_expression(&statement.right);
        let at = statement.right.span().start;
        self.note(Kind::Iterate, at, text::of(&statement.right), "", None);
        self.visit_for_statement_left(&statement.left);
        self.visit_statement(&statement.body);
    }

    fn visit_spread_element(&mut self, spread: &SpreadElement<'a>) {
        self.visit_expression(&spread.argument);
        let at = spread.argument.span().start;
        self.note(Kind::Iterate, at, text::of(&spread.argument), "", None);
    }

    fn visit_yield_expression(&mut self, yielded: &YieldExpression<'a>) {
        walk::walk_yield_expression(self, yielded);
        if let (true, Some(argument)) = (yielded.delegate, &yielded.argument) {
            self.note(Kind::Iterate, argument.span().start, text::of(argument), "", None);
        }
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        self.within(function.span.start, |recorder| {
            walk::walk_function(recorder, function, flags);
        });
    }

    fn visit_arrow_function_expression(&mut self, function: &ArrowFunctionExpression<'a>) {
        self.within(function.span.start, |recorder| {
            recorder.visit_formal_parameters(&function.params);
            match function.body.statements.first() {
                // The body is an expression; it is no statement to the engine.
                Some(Statement::ExpressionStatement(only)) if function.expression => {
                    recorder.visit_expression(&only.expression);
                }
                _ => recorder.visit_function_body(&function.body),
            }
        });
    }

    fn visit_property_definition(&mut self, property: &PropertyDefinition<'a>) {
        if property.computed {
            self.visit_property_key(&property.key);
        }
        if let Some(value) = &property.value {
            self.within(value.span().start, |recorder| recorder.visit_expression(value));
        }
    }
}
