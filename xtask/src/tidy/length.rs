//! What is too long to be read at one glance.

use anyhow::Context as _;
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn, visit::Visit};

use super::Finding;
use crate::repo::Repo;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_COLUMNS_MAX: usize = 100;

/// Markdown is not here: it has one sentence per line, however long.
const EXTENSIONS: [&str; 5] = ["rs", "js", "mjs", "sh", "py"];

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    for extension in EXTENSIONS {
        for file in repo.files_with(extension) {
            let text = repo.read(file)?;
            check_lines(file, &text, findings);
            if extension == "rs" {
                check_functions(file, &text, findings)?;
            }
        }
    }
    Ok(())
}

fn check_lines(file: &str, text: &str, findings: &mut Vec<Finding>) {
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        let message = format!("{lines} lines; a file has at most {FILE_LINES_MAX}");
        findings.push(Finding::new(file, 0, message));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let columns = line.chars().count();
        if columns > LINE_COLUMNS_MAX {
            let message = format!("{columns} columns; a line has at most {LINE_COLUMNS_MAX}");
            findings.push(Finding::new(file, number, message));
        }
    }
}

fn check_functions(file: &str, text: &str, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let source = syn::parse_file(text).with_context(|| format!("{file} is no Rust"))?;
    Functions { file, findings }.visit_file(&source);
    Ok(())
}

struct Functions<'a> {
    file: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl Functions<'_> {
    fn check(&mut self, signature: &Signature, block: &Block) {
        let first = signature.fn_token.span.start().line;
        let lines = block.brace_token.span.close().end().line + 1 - first;
        if lines > FUNCTION_LINES_MAX {
            let name = &signature.ident;
            let message =
                format!("{name} has {lines} lines; a function has at most {FUNCTION_LINES_MAX}");
            self.findings.push(Finding::new(self.file, first, message));
        }
    }
}

impl Visit<'_> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &ItemFn) {
        self.check(&item.sig, &item.block);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &ImplItemFn) {
        self.check(&item.sig, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &TraitItemFn) {
        if let Some(block) = &item.default {
            self.check(&item.sig, block);
        }
        syn::visit::visit_trait_item_fn(self, item);
    }
}
