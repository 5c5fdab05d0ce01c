//! The modules that functions can `require` without a package: which there are, and which of them
//! an application needs.

use std::collections::{BTreeSet, HashMap};

use hookstead_isolate::{Bytecode, Code};

/// A module: a function of `module`, `exports` and `require`.
struct Module {
    name: &'static str,
    /// What it requires in turn.
    needs: &'static [&'static str],
    bytecode: &'static [u8],
}

/// All of them, by name: compiled by the build script, with the engine that is in this program.
const ALL: &[Module] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

fn find(name: &str) -> Option<&'static Module> {
    ALL.iter().find(|module| module.name == name)
}

/// Whether functions can `require` this without a package, with or without `node:` before it.
pub fn is_builtin_module(name: &str) -> bool {
    builtin_name(name).is_some()
}

/// The name of a module that needs no package, without the `node:` that may stand before it.
pub(crate) fn builtin_name(specifier: &str) -> Option<&'static str> {
    find(specifier.strip_prefix("node:").unwrap_or(specifier)).map(|module| module.name)
}

/// Adds the scripts of the modules that the sources or the packages name, and of what those need in
/// turn. They come into the image; all of them would make it larger than most applications do.
pub(crate) fn add<'s>(
    sources: impl Iterator<Item = &'s str> + Clone,
    of_packages: &BTreeSet<String>,
    scripts: &mut Vec<Code>,
) -> HashMap<String, usize> {
    let takes_all = sources.clone().any(names_at_run_time);
    let is_wanted = |module: &&Module| {
        takes_all
            || of_packages.contains(module.name)
            || sources.clone().any(|source| names(source, module.name))
    };
    let mut wanted: Vec<_> = ALL.iter().filter(is_wanted).map(|module| module.name).collect();
    let mut added = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if added.insert(name) {
            wanted.extend(find(name).map_or(&[][..], |module| module.needs));
        }
    }
    let mut indices = HashMap::with_capacity(added.len());
    for module in added.into_iter().filter_map(find) {
        indices.insert(module.name.to_owned(), scripts.len());
        scripts.push(Code::Compiled(Bytecode::from_bytes(module.bytecode)));
    }
    indices
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
pub(crate) fn names_at_run_time(source: &str) -> bool {
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
            let added = add([source].into_iter(), &BTreeSet::new(), &mut scripts);
            let mut names: Vec<_> = added.keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names.join(" "), expected, "{source}");
            assert_eq!(scripts.len(), added.len());
            for (name, index) in &added {
                let Code::Compiled(bytecode) = &scripts[*index] else { panic!("compiled") };
                assert_eq!(bytecode.bytes(), find(name).unwrap().bytecode);
            }
        }
    }

    #[test]
    fn everything_is_compiled_where_a_name_is_made_at_run_time() {
        let sources = ["require('o' + 's')", "require(name)", "const r = require", "import(name)"];
        for source in sources {
            let added = add([source].into_iter(), &BTreeSet::new(), &mut Vec::new());
            assert_eq!(added.len(), ALL.len(), "{source}");
        }
        assert!(ALL.len() > 10);
    }

    #[test]
    fn builtin_modules_are_told_from_packages() {
        for name in ["crypto", "node:crypto", "path", "string_decoder", "fs/promises"] {
            assert!(is_builtin_module(name), "{name}");
        }
        for name in ["axios", "wasi", "crypto/x", "", "node:", "Crypto"] {
            assert!(!is_builtin_module(name), "{name}");
        }
    }
}
