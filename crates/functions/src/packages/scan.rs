//! Which modules a text asks for, found without parsing it.
//!
//! Packages are long, and most of what they hold is never run. What only looks like a call of
//! `require`, in a comment or in a text, brings in a module that nobody needs, and no more.

use std::collections::BTreeSet;

/// What a text asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// What stands as a text in `require(…)`, `import(…)`, `import …` and `export … from`.
    pub(super) specifiers: BTreeSet<String>,
    /// Those of them that stand in `import(…)`.
    pub(super) imported: BTreeSet<String>,
    /// Folders whose files are asked for by names that are worked out: `require("./lang/" + name)`.
    pub(super) folders: BTreeSet<String>,
    /// Whether `import(…)` is called.
    pub(super) imports_at_run_time: bool,
}

/// Texts that are longer are no specifiers.
const SPECIFIER_BYTES_MAX: usize = 512;

/// Looks through a text.
pub(super) fn scan(text: &str) -> Asked {
    let mut asked = Asked::default();
    // The minified name of a `require` that is handed on ends like it, as `__require` does.
    for (at, _) in text.match_indices("equire") {
        let name = called_with(&text[at + "equire".len()..]);
        asked.specifiers.extend(name.map(str::to_owned));
    }
    for word in ["import", "from"] {
        for (at, _) in text.match_indices(word) {
            let rest = text[at + word.len()..].trim_start();
            let is_part = |one: char| one.is_alphanumeric() || matches!(one, '_' | '$' | '.');
            if text[..at].ends_with(is_part) {
                continue;
            }
            if word == "import" && rest.starts_with('(') {
                asked.imports_at_run_time = true;
                if let Some(name) = called_with(rest) {
                    asked.imported.insert(name.to_owned());
                    asked.specifiers.insert(name.to_owned());
                }
            } else {
                asked.specifiers.extend(literal(rest).map(|(name, _)| name.to_owned()));
            }
        }
    }
    if text.contains("equire") {
        asked.add_folders(text);
    }
    asked
}

impl Asked {
    /// Texts such as `'./lang/' +` and `` `./lang/${ ``.
    fn add_folders(&mut self, text: &str) {
        for (at, _) in text.match_indices("./") {
            let first = text.floor_char_boundary(at.saturating_sub(SPECIFIER_BYTES_MAX));
            let before = &text[first..at];
            let start = first + before.trim_end_matches("../").trim_end_matches('.').len();
            let Some(quote) = text[..start].chars().next_back() else { continue };
            let last = text.floor_char_boundary(start + SPECIFIER_BYTES_MAX);
            let rest = &text[start..last];
            let end = match quote {
                '"' | '\'' => rest.find(quote).filter(|end| {
                    let behind = rest[end + 1..].trim_start();
                    behind.starts_with('+') || behind.starts_with(".concat(")
                }),
                '`' => rest.find("${"),
                _ => None,
            };
            let folder = end.filter(|end| *end <= SPECIFIER_BYTES_MAX).map(|end| &rest[..end]);
            let folder = folder.and_then(|folder| folder.rsplit_once('/')).map(|(name, _)| name);
            self.folders.extend(folder.filter(|name| !name.contains('\n')).map(str::to_owned));
        }
    }
}

/// The text in `("…")` or before a comma in it, where that stands at the begin.
fn called_with(rest: &str) -> Option<&str> {
    let (name, behind) = literal(rest.trim_start().strip_prefix('(')?.trim_start())?;
    behind.trim_start().starts_with([')', ',']).then_some(name)
}

/// A text that stands at the begin, without an escape in it, and what follows it.
fn literal(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|one| matches!(one, '"' | '\'' | '`'))?;
    let inside = &text[1..];
    let end = inside
        .as_bytes()
        .iter()
        .take(SPECIFIER_BYTES_MAX)
        .position(|byte| *byte == quote as u8 || matches!(byte, b'\n' | b'\\' | b'$'))?;
    inside[end..].starts_with(quote).then(|| (&inside[..end], &inside[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn what_a_text_asks_for_is_found() {
        let cases = [
            ("const a = require('a'), b = require( \"./b\" )", "./b a"),
            ("require(`a/b`); require('a' + b); require(name)", "a/b"),
            ("var x = __require('fs'), y = nodeRequire(\"crypto\")", "crypto fs"),
            ("import a from 'a'\nimport {\n b\n} from \"@b/c\"\nimport 'd'", "@b/c a d"),
            ("export * from './e.js'; export { f } from 'f'", "./e.js f"),
            ("import('g').then(h); import(i)", "g"),
            ("import a from'a';import{b}from\"b\";import\"c\"", "a b c"),
            ("required('no'); Array.from('abc'); important('no')", ""),
            ("require('a\\n'); require('", ""),
        ];
        for (text, expected) in cases {
            let asked = scan(text);
            let found: Vec<_> = asked.specifiers.iter().map(String::as_str).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
        assert!(scan("x = import(y)").imports_at_run_time);
        assert!(!scan("import y from 'y'").imports_at_run_time);
    }

    #[test]
    fn folders_of_files_with_names_that_are_worked_out_are_found() {
        let cases = [
            ("r = require; r('./locale/' + name)", "./locale"),
            ("require(\"../lang/\" + name + '.js')", "../lang"),
            ("require(`./a/b/${name}.json`)", "./a/b"),
            ("require('./'.concat(name))", "."),
            ("require('./' + name)", "."),
            ("require('./a/b-' + name)", "./a"),
            ("'./locale/' + name", ""),
            ("require('./a'); f('./b/', c)", ""),
        ];
        for (text, expected) in cases {
            let asked = scan(text);
            let found: Vec<_> = asked.folders.iter().map(String::as_str).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }
}
