//! Breaks lines between words, so that no terminal breaks them within one.

/// A paragraph in lines of so many columns, as far as its words are not longer themselves. Lines
/// after the first begin with `indent` spaces. Colours take no columns.
pub(crate) fn wrap(text: &str, columns: usize, indent: usize) -> String {
    fill(text.split(' '), columns, indent, "")
}

/// A command of a shell in such lines: words that hold spaces are not broken, and lines go on
/// where a `\` ends them.
pub(crate) fn wrap_command(words: &[String], columns: usize, indent: usize) -> String {
    fill(words.iter().map(String::as_str), columns, indent, " \\")
}

fn fill<'a>(
    words: impl Iterator<Item = &'a str>,
    columns: usize,
    indent: usize,
    end: &str,
) -> String {
    let mut filled = String::new();
    let (mut column, mut spaces) = (0, 0);
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let width = width(word);
        let mark = if words.peek().is_some() { end.len() } else { 0 };
        // Nothing is won where a word of a command is longer than a line anyway.
        let is_vain = !end.is_empty() && indent + width + mark > columns;
        let is_full = column + spaces + width + mark > columns;
        if column > indent && is_full && !word.is_empty() && !is_vain {
            filled.push_str(end);
            filled.push('\n');
            (column, spaces) = (0, indent);
        }
        if !word.is_empty() {
            filled.push_str(&" ".repeat(spaces));
            filled.push_str(word);
            column += spaces + width;
            spaces = 0;
        }
        spaces += 1;
    }
    filled
}

/// How many columns a text takes, without the codes of its colours.
fn width(text: &str) -> usize {
    let mut is_code = false;
    let is_shown = |one: &char| match (is_code, *one) {
        (false, '\x1b') => {
            is_code = true;
            false
        }
        (true, one) => {
            is_code = one != 'm';
            false
        }
        (false, _) => true,
    };
    text.chars().filter(is_shown).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        for (text, columns, expected) in [
            ("one two three", 80, "one two three"),
            ("one two three", 8, "one two\n  three"),
            ("one two three", 7, "one two\n  three"),
            ("one two three", 6, "one\n  two\n  three"),
            ("a  b", 80, "a  b"),
            ("  indented text here", 12, "  indented\n  text here"),
            ("one word-that-is-too-long b", 8, "one\n  word-that-is-too-long\n  b"),
            ("\x1b[1mone\x1b[0m two", 7, "\x1b[1mone\x1b[0m two"),
            ("größe über", 10, "größe über"),
            ("one  two", 6, "one\n  two"),
            ("", 8, ""),
        ] {
            assert_eq!(wrap(text, columns, 2), expected, "{text:?} {columns}");
        }
    }

    #[test]
    fn commands_go_on_in_the_next_line() {
        let words: Vec<String> = ["curl", "-H", "'A: b c'", "http://x"].map(str::to_owned).to_vec();
        assert_eq!(wrap_command(&words, 80, 2), "curl -H 'A: b c' http://x");
        assert_eq!(wrap_command(&words, 20, 2), "curl -H 'A: b c' \\\n  http://x");
        assert_eq!(wrap_command(&words, 12, 2), "curl -H \\\n  'A: b c' \\\n  http://x");
        assert_eq!(wrap_command(&words, 9, 2), "curl -H 'A: b c' http://x");
    }
}
