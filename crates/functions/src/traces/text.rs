//! Expressions as V8 writes them in its messages: `a.b`, `a[k]`, `f(...)`, `(intermediate value)`.

use oxc_ast::ast::{
    CallExpression, ChainElement, ComputedMemberExpression, Expression, StaticMemberExpression,
    TemplateLiteral,
};
use oxc_span::GetSpan;

/// What is shown of an expression.
const CHARACTERS_MAX: usize = 80;
/// How far expressions in expressions are followed.
const DEPTH_MAX: usize = 40;

/// What has no name, such as a function in parentheses.
pub(super) const UNNAMED: &str = "(intermediate value)";

/// An expression in short.
pub(super) fn of(expression: &Expression<'_>) -> String {
    let mut text = String::new();
    write(expression, &mut text, 0);
    if text.chars().count() > CHARACTERS_MAX {
        let rest: String = text.chars().rev().take(CHARACTERS_MAX - 1).collect();
        text = format!("…{}", rest.chars().rev().collect::<String>());
    }
    text
}

/// The name that is nearest to a call of an expression: `c` of `a.b.c`.
pub(super) fn last_name(expression: &Expression<'_>) -> String {
    match expression.get_inner_expression() {
        Expression::Identifier(name) => name.name.to_string(),
        Expression::StaticMemberExpression(member) => member.property.name.to_string(),
        Expression::ComputedMemberExpression(member) => constant(&member.expression),
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::StaticMemberExpression(member) => member.property.name.to_string(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// The text of a text or a number; empty for anything else.
pub(super) fn constant(expression: &Expression<'_>) -> String {
    match expression.get_inner_expression() {
        Expression::StringLiteral(text) => text.value.to_string(),
        Expression::NumericLiteral(number) => number.value.to_string(),
        _ => String::new(),
    }
}

fn write(expression: &Expression<'_>, text: &mut String, depth: usize) {
    if depth > DEPTH_MAX {
        return text.push('…');
    }
    match expression {
        Expression::Identifier(name) => text.push_str(name.name.as_str()),
        Expression::ThisExpression(_) => text.push_str("this"),
        Expression::Super(_) => text.push_str(UNNAMED),
        Expression::NullLiteral(_) => text.push_str("null"),
        Expression::BooleanLiteral(literal) => {
            text.push_str(if literal.value { "true" } else { "false" });
        }
        Expression::NumericLiteral(number) => text.push_str(&number.value.to_string()),
        Expression::StringLiteral(literal) => {
            text.push('"');
            text.extend(literal.value.chars().take(CHARACTERS_MAX));
            text.push('"');
        }
        Expression::StaticMemberExpression(member) => write_member(member, text, depth),
        Expression::ComputedMemberExpression(member) => write_computed(member, text, depth),
        Expression::PrivateFieldExpression(member) => {
            write(&member.object, text, depth + 1);
            text.push_str(".#");
            text.push_str(member.field.name.as_str());
        }
        Expression::CallExpression(call) => write_call(call, text, depth),
        Expression::ParenthesizedExpression(inner) => write(&inner.expression, text, depth + 1),
        Expression::AwaitExpression(inner) => {
            text.push_str("(await ");
            write(&inner.argument, text, depth + 1);
            text.push(')');
        }
        Expression::LogicalExpression(logical) => {
            let operator = format!(" {} ", logical.operator.as_str());
            write_parts(&[&logical.left, &logical.right], &[&operator], text, depth);
        }
        Expression::SequenceExpression(sequence) => {
            text.push_str("(…, ");
            sequence.expressions.last().into_iter().for_each(|last| write(last, text, depth + 1));
            text.push(')');
        }
        Expression::TemplateLiteral(template) => write_template(template, text, depth),
        Expression::ObjectExpression(object) => {
            text.push_str(if object.properties.is_empty() { "{}" } else { "{…}" });
        }
        Expression::ArrayExpression(array) => {
            text.push_str(if array.elements.is_empty() { "[]" } else { "[…]" });
        }
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::StaticMemberExpression(member) => write_member(member, text, depth),
            ChainElement::ComputedMemberExpression(member) => write_computed(member, text, depth),
            ChainElement::CallExpression(call) => write_call(call, text, depth),
            _ => text.push_str(UNNAMED),
        },
        // Our own condition around a last argument, see `source::edits`.
        Expression::ConditionalExpression(condition)
            if matches!(condition.test, Expression::BooleanLiteral(_))
                && condition.alternate.span().size() == 5 =>
        {
            write(&condition.consequent, text, depth + 1);
        }
        Expression::ConditionalExpression(condition) => {
            let parts = [&condition.test, &condition.consequent, &condition.alternate];
            write_parts(&parts, &[" ? ", " : "], text, depth);
        }
        _ => text.push_str(UNNAMED),
    }
}

fn write_member(member: &StaticMemberExpression<'_>, text: &mut String, depth: usize) {
    write(&member.object, text, depth + 1);
    text.push_str(if member.optional { "?." } else { "." });
    text.push_str(member.property.name.as_str());
}

fn write_computed(member: &ComputedMemberExpression<'_>, text: &mut String, depth: usize) {
    write(&member.object, text, depth + 1);
    if let Expression::StringLiteral(name) = &member.expression {
        text.push_str(if member.optional { "?." } else { "." });
        return text.push_str(name.value.as_str());
    }
    text.push_str(if member.optional { "?.[" } else { "[" });
    write(&member.expression, text, depth + 1);
    text.push(']');
}

/// Expressions with operators between them, in parentheses.
fn write_parts(parts: &[&Expression<'_>], operators: &[&str], text: &mut String, depth: usize) {
    text.push('(');
    for (index, part) in parts.iter().enumerate() {
        write(part, text, depth + 1);
        text.push_str(operators.get(index).copied().unwrap_or(")"));
    }
}

fn write_template(template: &TemplateLiteral<'_>, text: &mut String, depth: usize) {
    text.push('`');
    for (index, quasi) in template.quasis.iter().enumerate() {
        text.extend(quasi.value.raw.chars().take(CHARACTERS_MAX));
        if let Some(expression) = template.expressions.get(index) {
            text.push_str("${");
            write(expression, text, depth + 1);
            text.push('}');
        }
    }
    text.push('`');
}

fn write_call(call: &CallExpression<'_>, text: &mut String, depth: usize) {
    write(&call.callee, text, depth + 1);
    text.push_str("(...)");
}
