//! docs/check.md explains every code of a problem, and no other one.

use std::{fs, path::Path};

use hookstead_app::ProblemCode;

/// The crates whose sources make problems.
const CRATES: [&str; 5] = ["app", "functions", "site", "server", "hookstead"];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The texts of the files of Rust in a folder and below it, except the list of codes.
fn sources(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, texts);
        } else if path.extension().is_some_and(|one| one == "rs") && !path.ends_with("codes.rs") {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
}

fn all_sources() -> Vec<String> {
    let mut texts = Vec::new();
    for name in CRATES {
        sources(&root().join("crates").join(name).join("src"), &mut texts);
    }
    texts
}

/// The codes of the table in docs/check.md, each in the first column of its row.
fn documented() -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/check.md")).unwrap();
    let (_, section) = text.split_once("\n## Codes\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|row| {
        let columns: Vec<&str> = row.split(" | ").collect();
        assert_eq!(columns.len(), 4, "code, severity, meaning, remedy: {row}");
        assert!(columns.iter().all(|column| !column.trim_matches(['|', ' ']).is_empty()), "{row}");
        columns[0].trim_end_matches('`').to_owned()
    });
    rows.collect()
}

#[test]
fn every_code_has_a_row_and_every_row_has_a_code() {
    let codes: Vec<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    assert!(codes.is_sorted(), "the codes are in the order of the alphabet");
    assert_eq!(documented(), codes, "docs/check.md (left) and crates/app/src/codes.rs (right)");
}

#[test]
fn the_sources_have_every_code_and_spell_none() {
    /// What `crates/functions` finds in sources has its texts there, where the app is not known.
    const OF_FUNCTIONS: &str = "source-";
    let texts = all_sources();
    for code in ProblemCode::ALL {
        let is_spelt = texts.iter().any(|text| text.contains(&format!("\"{code}\"")));
        assert_eq!(is_spelt, code.as_str().starts_with(OF_FUNCTIONS), "{code}");
        let name = format!("ProblemCode::{code:?}");
        let is_used = texts.iter().any(|text| text.contains(&name));
        assert!(is_used || is_spelt, "nothing has the code {code}");
    }
    for text in &texts {
        let ends = text.split("\"source-").skip(1).filter_map(|rest| rest.split('"').next());
        for end in ends.filter(|end| !end.is_empty()) {
            let text = format!("source-{end}");
            assert!(ProblemCode::named(&text).is_some(), "{text} is missing in codes.rs");
        }
    }
}
