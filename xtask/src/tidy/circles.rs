//! Circles of files: those of a crate that all know each other, directly or through others.
//!
//! What cannot be read without the rest is one file in pieces, so only a few may be that.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::UseTree;

use super::Finding;
use crate::repo::Repo;

/// How many files may be in a circle.
const FILES_MAX: usize = 3;

/// The names on the way to a module or to what is in it, from the root of the crate on.
type Path = Vec<String>;

/// A file of a crate: what it calls by a name of its own, and what it mentions.
#[derive(Default)]
struct Source {
    imports: Vec<Import>,
    mentions: Vec<Path>,
}

struct Import {
    name: String,
    path: Path,
    /// Whether it is there for others: such a one alone is no use of anything.
    is_public: bool,
}

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let mut crates: BTreeMap<&str, BTreeMap<Path, (&str, Source)>> = BTreeMap::new();
    for file in repo.files_with("rs") {
        let Some((name, module)) = module_of(file) else { continue };
        let source = read(&module, &repo.read(file)?).map_err(|e| anyhow!("{file}: {e}"))?;
        crates.entry(name).or_default().insert(module, (file, source));
    }
    for sources in crates.values() {
        for circle in circles(sources).into_iter().filter(|circle| circle.len() > FILES_MAX) {
            let message = format!("a circle of {} files: {}", circle.len(), circle.join(", "));
            findings.push(Finding::new(circle[0], 0, message));
        }
    }
    Ok(())
}

/// The crate of a source file, and its module.
fn module_of(file: &str) -> Option<(&str, Path)> {
    let (name, path) = file.strip_prefix("crates/")?.split_once("/src/")?;
    let path = path.strip_suffix(".rs")?;
    let mut module: Path = path.split('/').map(str::to_owned).collect();
    if module.iter().any(|name| name == "tests") {
        return None;
    }
    if matches!(path, "lib" | "main") || module.last().is_some_and(|name| name == "mod") {
        module.pop();
    }
    Some((name, module))
}

fn read(module: &Path, text: &str) -> anyhow::Result<Source> {
    let tokens: TokenStream = text.parse().map_err(|error| anyhow!("no Rust: {error}"))?;
    let mut source = Source::default();
    walk(module, &mut tokens.into_iter().collect::<Vec<_>>().as_slice(), &mut source)?;
    Ok(source)
}

fn walk(module: &Path, tokens: &mut &[TokenTree], source: &mut Source) -> anyhow::Result<()> {
    let mut is_public = false;
    while let Some((token, rest)) = tokens.split_first() {
        *tokens = rest;
        match token {
            TokenTree::Punct(hash) if hash.as_char() == '#' && is_for_tests(rest) => {
                skip_item(tokens);
            }
            // A field or a method.
            TokenTree::Punct(dot) if dot.as_char() == '.' => {
                let is_range = dot.spacing() == Spacing::Joint;
                if is_range || matches!(rest.first(), Some(TokenTree::Ident(_))) {
                    *tokens = rest.get(1..).unwrap_or_default();
                }
            }
            TokenTree::Ident(word) if word == "pub" => {
                is_public = true;
                if let Some((TokenTree::Group(_), rest)) = rest.split_first() {
                    *tokens = rest;
                }
                continue;
            }
            TokenTree::Ident(word) if word == "use" && !starts_with(rest, '<') => {
                let end = rest.iter().position(|token| is_punct(token, ';')).unwrap_or(rest.len());
                let tree = syn::parse2(rest[..end].iter().cloned().collect())?;
                import(module, &mut Path::new(), &tree, is_public, source);
                *tokens = &rest[end..];
            }
            TokenTree::Ident(word) if word == "mod" => match rest {
                [TokenTree::Ident(name), TokenTree::Group(body), rest @ ..] => {
                    let inner = module.iter().cloned().chain([name.to_string()]).collect();
                    let body: Vec<TokenTree> = body.stream().into_iter().collect();
                    walk(&inner, &mut body.as_slice(), source)?;
                    *tokens = rest;
                }
                rest => *tokens = rest.get(1..).unwrap_or_default(),
            },
            TokenTree::Ident(first) => {
                let path = path(first.to_string(), tokens);
                source.mentions.push(from_root(module, path));
            }
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                walk(module, &mut inner.as_slice(), source)?;
            }
            _ => {}
        }
        is_public = false;
    }
    Ok(())
}

fn starts_with(tokens: &[TokenTree], wanted: char) -> bool {
    tokens.first().is_some_and(|token| is_punct(token, wanted))
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// Whether an attribute says `cfg(test)`.
fn is_for_tests(after_hash: &[TokenTree]) -> bool {
    after_hash.first().is_some_and(|token| token.to_string().replace(' ', "") == "[cfg(test)]")
}

/// Skips tokens to the end of an item.
fn skip_item(tokens: &mut &[TokenTree]) {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(token, ';'),
    };
    let end = tokens.iter().position(is_end).map_or(tokens.len(), |end| end + 1);
    *tokens = &tokens[end..];
}

/// The rest of a path whose first name has been read.
fn path(first: String, tokens: &mut &[TokenTree]) -> Path {
    let mut path = vec![first];
    while let [a, b, TokenTree::Ident(name), rest @ ..] = *tokens
        && is_punct(a, ':')
        && is_punct(b, ':')
    {
        path.push(name.to_string());
        *tokens = rest;
    }
    path
}

/// A path without `self` and `super`, for which `crate` and the module's own path stand.
fn from_root(module: &[String], path: Path) -> Path {
    let supers = path.iter().take_while(|name| *name == "super").count();
    let skipped = if path[0] == "self" { 1 } else { supers };
    if skipped == 0 {
        return path;
    }
    let above = &module[..module.len().saturating_sub(supers)];
    [&["crate".to_owned()], above, &path[skipped..]].concat()
}

fn import(module: &Path, above: &mut Path, tree: &UseTree, is_public: bool, source: &mut Source) {
    let (name, last) = match tree {
        UseTree::Path(path) => {
            above.push(path.ident.to_string());
            import(module, above, &path.tree, is_public, source);
            above.pop();
            return;
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| import(module, above, tree, is_public, source));
            return;
        }
        UseTree::Name(one) => (one.ident.to_string(), one.ident.to_string()),
        UseTree::Rename(one) => (one.rename.to_string(), one.ident.to_string()),
        UseTree::Glob(_) => ("*".to_owned(), "self".to_owned()),
    };
    let mut path = above.clone();
    if last != "self" {
        path.push(last);
    }
    let name = if name == "self" { path.last().cloned().unwrap_or_default() } else { name };
    source.imports.push(Import { name, path: from_root(module, path), is_public });
}

type Sources<'f> = BTreeMap<Path, (&'f str, Source)>;

/// The files that reach each other, where these are at least two.
fn circles<'f>(sources: &Sources<'f>) -> Vec<Vec<&'f str>> {
    let known: BTreeMap<&Path, BTreeSet<&Path>> = sources
        .iter()
        .map(|(module, (_, source))| (module, uses(sources, module, source)))
        .collect();
    let reached: BTreeMap<&Path, BTreeSet<&Path>> =
        known.keys().map(|module| (*module, reach(&known, module))).collect();
    let mut circles = BTreeSet::new();
    for (module, others) in &reached {
        let circle: Vec<&str> = others
            .iter()
            .filter(|other| reached[*other].contains(module))
            .map(|other| sources[*other].0)
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reach<'m>(known: &BTreeMap<&'m Path, BTreeSet<&'m Path>>, from: &'m Path) -> BTreeSet<&'m Path> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        let new = known[module].iter().filter(|other| reached.insert(**other));
        open.extend(new);
    }
    reached
}

/// The modules whose files a file uses.
fn uses<'s>(sources: &'s Sources<'_>, module: &'s Path, source: &Source) -> BTreeSet<&'s Path> {
    let mut found = BTreeSet::new();
    for import in source.imports.iter().filter(|import| !import.is_public) {
        let path = absolute(sources, module, &import.path);
        // What is used of a module that is imported by its name shows where it is mentioned.
        let path = path.filter(|path| import.name == "*" || !sources.contains_key(path));
        found.extend(path.and_then(|path| home(sources, path, 0)));
    }
    for path in &source.mentions {
        let import = source.imports.iter().find(|import| import.name == path[0]);
        let whole = match import {
            Some(import) => absolute(sources, module, &[&import.path, &path[1..]].concat()),
            None => absolute(sources, module, path),
        };
        let whole = whole.filter(|whole| path.len() > 1 || !sources.contains_key(whole));
        found.extend(whole.and_then(|whole| home(sources, whole, 0)));
    }
    found.remove(module);
    found
}

/// A path from the root of the crate on, unless it leads to another crate.
fn absolute(sources: &Sources<'_>, module: &[String], path: &[String]) -> Option<Path> {
    if path[0] == "crate" {
        return Some(path[1..].to_vec());
    }
    let child = [module, &path[..1]].concat();
    sources.contains_key(&child).then(|| [module, path].concat())
}

/// The module of the file in which something stands; what is only handed on stands elsewhere.
fn home<'s>(sources: &'s Sources<'_>, path: Path, hops: usize) -> Option<&'s Path> {
    let length = (0..=path.len()).rev().find(|length| sources.contains_key(&path[..*length]))?;
    let (module, (_, source)) = sources.get_key_value(&path[..length])?;
    let Some(name) = path.get(length) else { return Some(module) };
    let Some(import) = source.imports.iter().find(|import| import.name == *name) else {
        return Some(module);
    };
    let whole = absolute(sources, module, &[&import.path, &path[length + 1..]].concat())?;
    if hops < 8 { home(sources, whole, hops + 1) } else { Some(module) }
}

#[cfg(test)]
mod tests {
    use super::{Sources, circles, module_of, read};

    /// The circles of files of a crate.
    fn found(files: &[(&'static str, &str)]) -> Vec<Vec<&'static str>> {
        let mut sources = Sources::new();
        for (file, text) in files {
            let (_, module) = module_of(file).unwrap();
            let source = read(&module, text).unwrap();
            sources.insert(module, (*file, source));
        }
        circles(&sources)
    }

    const A: &str = "crates/c/src/a.rs";
    const B: &str = "crates/c/src/b.rs";
    const ROOT: &str = "crates/c/src/lib.rs";

    #[test]
    fn files_that_use_each_other_are_a_circle() {
        for (a, b) in [
            ("use crate::b::B;", "use crate::a::A;"),
            ("use super::{b::{self, B}};", "fn b() { crate::a::a() }"),
            ("use crate::b; fn a() { vec![b::b()] }", "use super::a; type T = a::A;"),
            ("mod inner { use super::super::b::B; }", "use super::a::*;"),
            ("use crate::B;", "use crate::A as Other;"),
        ] {
            let root = "mod a; mod b; pub use a::A; pub(crate) use b::B;";
            assert_eq!(found(&[(A, a), (B, b), (ROOT, root)]), [[A, B]], "{a} {b}");
        }
    }

    #[test]
    fn a_parent_that_only_lists_its_children_is_in_no_circle() {
        let root = "mod a; mod b; pub use a::A; pub struct Root;";
        let b = "use crate::{A, Root};";
        assert_eq!(found(&[(A, "use crate::Root;"), (B, b), (ROOT, root)]), [[""; 0]; 0]);
        let root = format!("{root} struct Other(A);");
        assert_eq!(found(&[(A, "use crate::Root;"), (B, b), (ROOT, &root)]), [[ROOT, A]]);
    }

    #[test]
    fn tests_fields_and_other_crates_count_for_nothing() {
        let a = "use std::b; #[cfg(test)] mod tests { use crate::b::B; } fn a() { self.b.b() }";
        let b = "use crate::a::A; use a::A;";
        assert_eq!(found(&[(A, a), (B, b), (ROOT, "mod a; mod b;")]), [[""; 0]; 0]);
    }
}
