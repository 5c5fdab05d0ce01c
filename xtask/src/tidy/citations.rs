//! Pages that sources cite: each is there, with the heading that is named.
//!
//! A citation is the path of a page, with the anchor of a heading, as links of Markdown have it. It
//! holds no blanks, so that no line break splits it.

use super::{Finding, docs::resolve, headings};
use crate::repo::Repo;

const EXTENSIONS: [&str; 8] = ["rs", "js", "mjs", "toml", "py", "sh", "yml", "service"];

/// Pages of facts are cited by the heading.
const BEHAVIOUR: &str = "docs/behaviour/";

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    for file in EXTENSIONS.into_iter().flat_map(|extension| repo.files_with(extension)) {
        let text = repo.read(file)?;
        for (number, line) in (1..).zip(text.lines()) {
            for page in citations(file, line) {
                if let Some(message) = fault(repo, file, page) {
                    findings.push(Finding::new(file, number, message));
                }
            }
        }
    }
    Ok(())
}

fn fault(repo: &Repo, file: &str, page: &str) -> Option<String> {
    let (path, anchor) = page.split_once('#').unwrap_or((page, ""));
    let from_root = resolve("", path);
    let beside = resolve(file, path);
    let path = if repo.has(&from_root) { from_root } else { beside };
    if path.starts_with(BEHAVIOUR) && anchor.is_empty() {
        return Some(format!("name the heading, as in {path}#anchor"));
    }
    headings::missing(repo, &path, anchor).then(|| format!("there is no {page}"))
}

/// The pages that a line cites: all in comments, and those of `docs/` in code as well, for messages
/// name them.
fn citations<'a>(file: &str, line: &'a str) -> impl Iterator<Item = &'a str> {
    let comment = start_of_comment(file, line).unwrap_or(line.len());
    let ends = line.match_indices(".md").map(|(dot, _)| dot + ".md".len());
    ends.filter_map(move |end| {
        let is_of_path = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
        let before = line[..end].trim_end_matches(is_of_path).len();
        let page = &line[before..anchor_end(line, end)?];
        let is_url = page.starts_with("//");
        let is_meant = before >= comment || page.starts_with("docs/");
        (is_meant && !is_url && page.len() > ".md".len()).then_some(page)
    })
}

/// Where a citation ends whose path ends here; `None` where the name goes on, as in `.mdb`.
fn anchor_end(line: &str, end: usize) -> Option<usize> {
    let is_of_name = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let rest = &line[end..];
    if rest.starts_with(is_of_name) {
        return None;
    }
    let anchor = rest.strip_prefix('#').unwrap_or_default();
    let length = anchor.len() - anchor.trim_start_matches(is_of_name).len();
    Some(if length == 0 { end } else { end + 1 + length })
}

fn start_of_comment(file: &str, line: &str) -> Option<usize> {
    if ![".rs", ".js", ".mjs"].iter().any(|ending| file.ends_with(ending)) {
        return line.find('#');
    }
    let code = line.trim_start();
    if code.starts_with("/*") || code.starts_with('*') {
        return Some(0);
    }
    line.match_indices("//").map(|(at, _)| at).find(|at| !line[..*at].ends_with(':'))
}

#[cfg(test)]
mod tests {
    use super::{citations, fault};
    use crate::repo::Repo;

    #[test]
    fn citations_are_found_in_comments_and_those_of_docs_in_code() {
        let cases = [
            (
                "a.rs",
                "/// Why (docs/check.md#codes), see README.md.",
                &["docs/check.md#codes", "README.md"][..],
            ),
            ("a.rs", "let a = \"x/readme.md\"; // https://host/a.md", &[]),
            ("a.rs", "let a = \"see docs/check.md\";", &["docs/check.md"]),
            ("a.js", "  * as `docs/check.md#json`", &["docs/check.md#json"]),
            ("a.toml", "b = \"c.md\" # docs/check.md#", &["docs/check.md"]),
            ("a.rs", "// `.mdb/meta.json`, `*.md` and `.md`", &[]),
        ];
        for (file, line, expected) in cases {
            assert_eq!(citations(file, line).collect::<Vec<_>>(), expected, "{line}");
        }
    }

    #[test]
    fn a_citation_names_a_page_and_a_heading_that_exist() {
        let repo = Repo::open().unwrap();
        let fault = |page: &str| fault(&repo, "bench/compare", page);
        for page in ["docs/check.md", "docs/check.md#codes", "README.md", "../README.md"] {
            assert_eq!(fault(page), None, "{page}");
        }
        // Put together here, so that this file does not cite them.
        let page = concat!("docs/", "behaviour/routes.md");
        assert_eq!(fault(&format!("{page}#methods")), None);
        for page in [page, &format!("{page}#none"), "docs/none", concat!("none", ".md")] {
            assert!(fault(page).is_some(), "{page}");
        }
    }
}
