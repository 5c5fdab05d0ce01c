//! The modules that functions can `require` without a package: which there are, and which of them
//! an application needs.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::OnceLock,
};

use hookstead_isolate::Script;

/// Name to source, by the build script.
const MODULES: &str = include_str!(concat!(env!("OUT_DIR"), "/modules.json"));

fn all() -> &'static BTreeMap<String, String> {
    static ALL: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    // The build script wrote it; the tests require every one.
    ALL.get_or_init(|| serde_json::from_str(MODULES).unwrap_or_default())
}

/// Whether functions can `require` this without a package, with or without `node:` before it.
pub fn is_builtin_module(name: &str) -> bool {
    all().contains_key(name.strip_prefix("node:").unwrap_or(name))
}

/// Adds the scripts of the modules that the sources name, and of what those need in turn. Compiling
/// all of them takes far longer than compiling an application.
pub(crate) fn add<'s>(
    sources: impl Iterator<Item = &'s str> + Clone,
    scripts: &mut Vec<Script>,
) -> HashMap<String, usize> {
    let mut wanted: Vec<&str> = if sources.clone().any(names_at_run_time) {
        all().keys().map(String::as_str).collect()
    } else {
        all()
            .keys()
            .map(String::as_str)
            .filter(|name| sources.clone().any(|s| names(s, name)))
            .collect()
    };
    let mut added = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if added.insert(name) {
            let needed = all().keys().filter(|other| names(&all()[name], other));
            wanted.extend(needed.map(String::as_str));
        }
    }
    let first = scripts.len();
    scripts.extend(
        added
            .iter()
            .map(|name| Script { name: format!("node:{name}"), source: all()[*name].clone() }),
    );
    added.into_iter().map(str::to_owned).zip(first..).collect()
}

/// Whether a text has this name in quotes.
fn names(text: &str, name: &str) -> bool {
    let is_quote = |character: char| matches!(character, '"' | '\'' | '`');
    text.match_indices(name).any(|(start, _)| {
        let before = &text[..start];
        let before = before.strip_suffix("node:").unwrap_or(before);
        before.ends_with(is_quote) && text[start + name.len()..].starts_with(is_quote)
    })
}

/// Whether a source does something else with `require` and `import` than to call it with a text.
/// What only looks like it, in a comment, makes loading slower and nothing else.
fn names_at_run_time(source: &str) -> bool {
    let is_called_otherwise = |rest: &str| rest.starts_with('(') && !is_called_with_text(rest);
    after_word(source, "require").any(|rest| !is_called_with_text(rest))
        || after_word(source, "import").any(is_called_otherwise)
}

/// What follows a word, wherever it is a word of its own.
fn after_word<'s>(source: &'s str, word: &'s str) -> impl Iterator<Item = &'s str> {
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
    source.match_indices(word).filter_map(move |(start, _)| {
        let rest = &source[start + word.len()..];
        let is_word = !source[..start].ends_with(is_part) && !rest.starts_with(is_part);
        is_word.then(|| rest.trim_start())
    })
}

/// Whether this goes on as `("…")`.
fn is_called_with_text(rest: &str) -> bool {
    let argument = rest.strip_prefix('(').map(str::trim_start).unwrap_or_default();
    ['"', '\''].into_iter().any(|quote| {
        let inside = argument.strip_prefix(quote);
        let behind = inside.and_then(|inside| inside.split_once(quote)).map(|(_, behind)| behind);
        behind.is_some_and(|behind| behind.trim_start().starts_with(')'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_compiled() {
        let cases = [
            ("exports = () => 1", ""),
            ("const os = 1; // stream, events", ""),
            ("require('os')", "os"),
            ("require( \"node:path\" )", "path"),
            ("import { a } from 'punycode'", "punycode"),
            ("require('url')", "punycode querystring url"),
            ("require('stream')", "buffer events stream string_decoder"),
            ("require('axios'); throw new Error('a name is required')", ""),
        ];
        for (source, expected) in cases {
            let mut scripts = Vec::new();
            let added = add([source].into_iter(), &mut scripts);
            let mut names: Vec<_> = added.keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names.join(" "), expected, "{source}");
            for (name, index) in &added {
                assert_eq!(scripts[*index].name, format!("node:{name}"));
            }
        }
    }

    #[test]
    fn everything_is_compiled_where_a_name_is_made_at_run_time() {
        let sources = ["require('o' + 's')", "require(name)", "const r = require", "import(name)"];
        for source in sources {
            let added = add([source].into_iter(), &mut Vec::new());
            assert_eq!(added.len(), all().len(), "{source}");
        }
        assert!(all().len() > 10);
    }

    #[test]
    fn builtin_modules_are_told_from_packages() {
        for name in ["crypto", "node:crypto", "path", "string_decoder"] {
            assert!(is_builtin_module(name), "{name}");
        }
        for name in ["axios", "fs", "crypto/x", "", "node:", "Crypto"] {
            assert!(!is_builtin_module(name), "{name}");
        }
    }
}
