//! docs/check.md explains every code of a problem, and no other one.

use std::{collections::BTreeSet, fs, path::Path};

use hookstead_app::codes::CODES;

/// The crates whose sources make problems.
const CRATES: [&str; 5] = ["app", "functions", "server", "site", "hookstead"];

/// What stands before the code of a problem in the sources.
const BEFORE: [&str; 6] = ["code: ", ".error(", ".warn(", ".doubt(", ".oddity(", ".oddity_with("];

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

/// A word such as `json-syntax`.
fn is_code(word: &str) -> bool {
    word.contains('-') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[test]
fn every_code_has_a_row_and_every_row_has_a_code() {
    assert!(CODES.is_sorted(), "the codes are in the order of the alphabet");
    let documented = documented();
    assert_eq!(documented, CODES, "docs/check.md (left) and crates/app/src/codes.rs (right)");
}

#[test]
fn the_list_of_codes_holds_those_of_the_sources_and_no_other_one() {
    let texts = all_sources();
    for code in CODES {
        let literal = format!("\"{code}\"");
        assert!(texts.iter().any(|text| text.contains(&literal)), "nothing has the code {code}");
    }
    let mut unlisted = BTreeSet::new();
    for text in &texts {
        for before in BEFORE {
            for rest in text.split(before).skip(1) {
                let word =
                    rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                unlisted.extend(word.filter(|word| is_code(word) && !CODES.contains(word)));
            }
        }
    }
    assert_eq!(unlisted, BTreeSet::new(), "codes that crates/app/src/codes.rs lacks");
}
