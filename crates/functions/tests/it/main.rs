//! What functions see, one folder a case.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod case;
mod data;
mod fetch;
mod globals;
mod hostile;
mod limits;
mod natives;
mod packages;
mod patches;

use case::check;

#[test]
fn every_case_behaves_as_it_says() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("a case").path())
        .collect();
    cases.sort();
    let failures: Vec<String> = cases.iter().flat_map(|case| check(case)).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}
