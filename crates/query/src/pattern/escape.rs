//! What follows a backslash.

use super::translate::{END, Reader};

/// The characters that mean something to the engine.
const SPECIAL: &str = r"\.+*?()|[]{}^$#&-~/";

/// Digits, letters and blanks are those of ASCII.
pub(super) const DIGITS: &str = "0-9";
pub(super) const WORDS: &str = "0-9A-Z_a-z";
pub(super) const BLANKS: &str = r"\t\n\x0B\x0C\r\x20";
pub(super) const HORIZONTAL: &str = r"\t\x20\x{A0}";
pub(super) const VERTICAL: &str = r"\n\x0B\x0C\r\x{85}\x{2028}\x{2029}";

/// Translates what follows a backslash outside of a class.
pub(super) fn translate(reader: &mut Reader<'_>, output: &mut String) -> Result<(), &'static str> {
    let Some(next) = reader.next() else { return Err("\\ at end of pattern") };
    if let Some((negated, members)) = shorthand(next) {
        output.push_str(if negated { "[^" } else { "[" });
        output.push_str(members);
        output.push(']');
        return Ok(());
    }
    match next {
        'Z' => output.push_str(END),
        'N' => output.push_str(r"[^\n]"),
        'R' => output.push_str(r"(?>\r\n|[\n\x0B\x0C\r\x{85}\x{2028}\x{2029}])"),
        'A' | 'B' | 'G' | 'K' | 'b' | 'z' => push_escaped(next, output),
        'k' => push_escaped('k', output),
        'g' => push_reference(reader, output)?,
        '1'..='9' => {
            let more = reader.take_while(2, |digit| digit.is_ascii_digit());
            // A group around it, so that a digit that follows is none of its own.
            output.push_str(&format!("(?:\\{next}{more})"));
        }
        'Q' => {
            for literal in reader.take_until("\\E").chars() {
                push_literal(literal, output);
            }
        }
        'E' => {}
        'p' | 'P' => push_property(next, reader, output),
        other => push_literal(character(other, reader)?, output),
    }
    Ok(())
}

/// A set with a letter of its own: whether it is turned over, and its members.
pub(super) fn shorthand(letter: char) -> Option<(bool, &'static str)> {
    let members = match letter.to_ascii_lowercase() {
        'd' => DIGITS,
        'w' => WORDS,
        's' => BLANKS,
        'h' => HORIZONTAL,
        'v' => VERTICAL,
        _ => return None,
    };
    Some((letter.is_ascii_uppercase(), members))
}

/// The character that an escape stands for, whose first letter was read.
pub(super) fn character(first: char, reader: &mut Reader<'_>) -> Result<char, &'static str> {
    let code = |digits: &str, radix| {
        let digits = if digits.is_empty() { "0" } else { digits };
        u32::from_str_radix(digits, radix).ok().and_then(char::from_u32)
    };
    let found = match first {
        'a' => Some('\x07'),
        'e' => Some('\x1b'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'c' => reader.next().filter(char::is_ascii).map(|letter| {
            char::from(u8::try_from(letter.to_ascii_uppercase()).unwrap_or_default() ^ 0x40)
        }),
        'x' if reader.take("{") => code(reader.take_until("}"), 16),
        'x' => code(reader.take_while(2, |digit| digit.is_ascii_hexdigit()), 16),
        'o' if reader.take("{") => code(reader.take_until("}"), 8),
        '0' => code(reader.take_while(2, |digit| digit.is_digit(8)), 8),
        other if !other.is_ascii_alphanumeric() => Some(other),
        _ => None,
    };
    found.ok_or("unrecognized character follows \\")
}

/// A character that means itself.
pub(super) fn push_literal(literal: char, output: &mut String) {
    match literal {
        special if SPECIAL.contains(special) => push_escaped(special, output),
        // Blanks mean nothing in extended patterns.
        control if control.is_ascii_control() || control == ' ' => {
            output.push_str(&format!("\\x{:02X}", u32::from(control)));
        }
        other => output.push(other),
    }
}

/// `\p{Greek}`, `\pL`
pub(super) fn push_property(letter: char, reader: &mut Reader<'_>, output: &mut String) {
    push_escaped(letter, output);
    if reader.take("{") {
        output.push('{');
        output.push_str(reader.take_until("}"));
        output.push('}');
    } else if let Some(name) = reader.next() {
        output.push(name);
    }
}

/// `\g1`, `\g{1}`, `\g{name}`
fn push_reference(reader: &mut Reader<'_>, output: &mut String) -> Result<(), &'static str> {
    let name = match reader.take("{") {
        true => reader.take_until("}"),
        false => reader.take_while(2, |digit| digit.is_ascii_digit()),
    };
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    match name {
        "" => return Err("a numbered reference must not be zero"),
        _ if is_number => output.push_str(&format!("(?:\\{name})")),
        _ => output.push_str(&format!("\\k<{name}>")),
    }
    Ok(())
}

fn push_escaped(letter: char, output: &mut String) {
    output.push('\\');
    output.push(letter);
}
