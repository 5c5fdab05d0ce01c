//! What stands between brackets.
//!
//! The engine has sets in sets, and operations on sets; in PCRE their signs are plain characters.

use super::{escape, translate::Reader};

/// Translates a class whose opening bracket was read.
pub(super) fn translate(reader: &mut Reader<'_>, output: &mut String) -> Result<(), &'static str> {
    output.push('[');
    if reader.take("^") {
        output.push('^');
    }
    if reader.take("]") {
        output.push_str("\\]");
    }
    // A hyphen next to a set is a plain one.
    let mut follows_set = false;
    loop {
        let next = reader.next().ok_or("missing terminating ] for character class")?;
        let mut is_set = false;
        match next {
            ']' => break,
            '[' => is_set = push_bracket(reader, output),
            '\\' => is_set = push_escape(reader, output)?,
            '-' if follows_set || starts_set(reader.rest()) || reader.peek() == Some(']') => {
                output.push_str("\\-");
            }
            '-' => output.push('-'),
            '^' => output.push_str("\\^"),
            other => escape::push_literal(other, output),
        }
        follows_set = is_set;
    }
    output.push(']');
    Ok(())
}

/// `[:alpha:]`, or a bracket that means itself; whether it is a set.
fn push_bracket(reader: &mut Reader<'_>, output: &mut String) -> bool {
    let name = reader.rest().strip_prefix(':').and_then(|rest| rest.split_once(":]"));
    let is_name =
        |name: &str| name.trim_start_matches('^').bytes().all(|byte| byte.is_ascii_lowercase());
    match name {
        Some((name, _)) if is_name(name) => {
            reader.take_until(":]");
            output.push_str(&format!("[:{name}:]"));
            true
        }
        _ => {
            output.push_str("\\[");
            false
        }
    }
}

/// What follows a backslash; whether it is a set.
fn push_escape(reader: &mut Reader<'_>, output: &mut String) -> Result<bool, &'static str> {
    let Some(next) = reader.next() else { return Err("\\ at end of pattern") };
    match (escape::shorthand(next), next) {
        (Some((false, members)), _) => output.push_str(members),
        (Some((true, members)), _) => output.push_str(&format!("[^{members}]")),
        (None, 'p' | 'P') => escape::push_property(next, reader, output),
        (None, 'E') => return Ok(false),
        (None, 'b') => {
            escape::push_literal('\x08', output);
            return Ok(false);
        }
        (None, '1'..='7') => {
            let more = reader.take_while(2, |digit| digit.is_digit(8));
            let code = u32::from_str_radix(&format!("{next}{more}"), 8).ok();
            let literal = code.and_then(char::from_u32).ok_or("octal value is too large")?;
            escape::push_literal(literal, output);
            return Ok(false);
        }
        (None, _) => {
            escape::push_literal(escape::character(next, reader)?, output);
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a set with a letter of its own comes next.
fn starts_set(rest: &str) -> bool {
    let letter = rest.strip_prefix('\\').and_then(|rest| rest.chars().next());
    letter.is_some_and(|letter| escape::shorthand(letter).is_some() || "pP".contains(letter))
}
