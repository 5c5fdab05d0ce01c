//! Words of Rust that belong into one crate, or into none.
//!
//! Tokens, not text: a comment or a string may say what the code must not.

use anyhow::anyhow;
use proc_macro2::{TokenStream, TokenTree};

use super::Finding;
use crate::repo::Repo;

/// Identifiers with the folder that may use them, and what to say elsewhere.
const OWNED: [(&str, &str, &str); 5] = [
    ("unsafe", "crates/isolate/", "only crates/isolate may be unsafe"),
    ("TcpListener", "crates/server/", LISTEN),
    ("UdpSocket", "crates/server/", LISTEN),
    ("UnixListener", "crates/server/", LISTEN),
    ("TcpSocket", "crates/server/", LISTEN),
];

const LISTEN: &str = "only crates/server opens sockets that listen";

/// Identifiers that nothing may use.
const BANNED: [(&str, &str); 4] = [
    ("ignore", "a test that does not run is no test; assert what happens today"),
    ("should_panic", "assert the error instead"),
    ("todo", "write it, or refuse with an error that says so"),
    ("unimplemented", "write it, or refuse with an error that says so"),
];

/// The function that makes a number of MongoDB's, and what to say where a literal is put into it.
const CODE: (&str, &str) =
    ("from_server", "a number of MongoDB's is a constant of MongoCode, in crates/query/src/code");

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    for file in repo.files_with("rs") {
        let tokens: TokenStream =
            repo.read(file)?.parse().map_err(|error| anyhow!("{file} is no Rust: {error}"))?;
        walk(file, tokens, &mut Vec::new(), findings);
    }
    Ok(())
}

fn walk(file: &str, tokens: TokenStream, before: &mut Vec<char>, findings: &mut Vec<Finding>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                before.push('[');
                walk(file, group.stream(), before, findings);
            }
            TokenTree::Ident(ident) => {
                let next = tokens.peek().and_then(punctuation);
                let word = ident.to_string();
                let message = owned(file, &word)
                    .or_else(|| banned(&word, before, next))
                    .or_else(|| literal_code(file, &word, tokens.peek()));
                if let Some(message) = message {
                    findings.push(Finding::new(file, ident.span().start().line, message));
                }
                before.clear();
            }
            TokenTree::Punct(punctuation) => before.push(punctuation.as_char()),
            TokenTree::Literal(_) => before.clear(),
        }
    }
    before.clear();
}

fn punctuation(token: &TokenTree) -> Option<char> {
    match token {
        TokenTree::Punct(punctuation) => Some(punctuation.as_char()),
        _ => None,
    }
}

fn owned(file: &str, word: &str) -> Option<String> {
    let (_, home, message) = OWNED.iter().find(|(owned, ..)| *owned == word)?;
    let is_test = file.contains("/tests/") || file.ends_with("/tests.rs");
    let allowed = file.starts_with(home) || (is_test && word != "unsafe");
    (!allowed).then(|| (*message).to_owned())
}

/// `from_server` of a literal, outside the table and tests.
fn literal_code(file: &str, word: &str, next: Option<&TokenTree>) -> Option<String> {
    let Some(TokenTree::Group(arguments)) = next.filter(|_| word == CODE.0) else { return None };
    let first = arguments.stream().into_iter().next();
    let is_literal = matches!(first, Some(TokenTree::Literal(_)));
    (is_literal && !file.contains("/tests/")).then(|| CODE.1.to_owned())
}

/// `ignore` and `should_panic` only as attributes, `todo` only as a macro.
fn banned(word: &str, before: &[char], next: Option<char>) -> Option<String> {
    let (_, message) = BANNED.iter().find(|(banned, _)| *banned == word)?;
    let is_attribute = before.ends_with(&['#', '[']);
    let is_macro = next == Some('!');
    (is_attribute || is_macro).then(|| format!("{word}: {message}"))
}

#[cfg(test)]
mod tests {
    use super::{Finding, walk};

    fn lines(file: &str, source: &str) -> Vec<usize> {
        let mut findings: Vec<Finding> = Vec::new();
        walk(file, source.parse().unwrap(), &mut Vec::new(), &mut findings);
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn what_belongs_elsewhere_is_found_and_words_in_strings_are_not() {
        let source = "// unsafe\nconst A: &str = \"todo!() unsafe\";\nfn a() { unsafe { b() } }\n";
        assert_eq!(lines("crates/app/src/a.rs", source), [3]);
        assert_eq!(lines("crates/isolate/src/a.rs", source), [0; 0]);
    }

    #[test]
    fn attributes_and_macros_that_are_banned_are_found() {
        let source = "#[test]\n#[ignore]\n#[should_panic]\nfn a() {\n todo!()\n}\n";
        assert_eq!(lines("crates/app/src/a.rs", source), [2, 3, 5]);
        assert_eq!(lines("crates/app/src/a.rs", "fn ignore() { let todo = 1; }"), [0; 0]);
    }

    #[test]
    fn numbers_of_mongodb_are_constants() {
        let source = "fn a() {\n MongoCode::from_server(40400);\n MongoCode::from_server(b);\n}\n";
        assert_eq!(lines("crates/data/src/a.rs", source), [2]);
        assert_eq!(lines("crates/data/tests/a.rs", source), [0; 0]);
    }

    #[test]
    fn tests_may_listen() {
        let source = "use std::net::TcpListener;";
        assert_eq!(lines("crates/functions/src/a.rs", source), [1]);
        assert_eq!(lines("crates/functions/tests/a.rs", source), [0; 0]);
    }
}
