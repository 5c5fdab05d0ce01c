//! The cases of `tests/cases`, which hold the tables of docs/behaviour/conditions.md#operators.

use std::{collections::BTreeSet, fs, path::Path};

use hookstead_rules::{Condition, Documents, Scope, Subject};
use serde_json::Value as Json;

use crate::world::World;

/// Every case, with the name of its file.
fn cases() -> Vec<(String, Json)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|one| one.unwrap().path()).collect();
    files.sort();
    let read = |file: std::path::PathBuf| {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let cases: Vec<Json> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        cases.into_iter().map(move |case| (name.clone(), case))
    };
    files.into_iter().flat_map(read).collect()
}

fn subject(case: &Json) -> Subject {
    if case.get("root").is_some() || case.get("prevRoot").is_some() {
        Subject::Document
    } else if case.get("args").is_some() {
        Subject::Action
    } else {
        Subject::Call
    }
}

/// True, false, or null for no value.
async fn value(condition: &Condition, scope: &Scope<'_>) -> Json {
    condition.evaluate(scope).await.map_or(Json::Null, Json::Bool)
}

#[tokio::test]
async fn every_case_has_the_value_that_it_says() {
    for (file, case) in cases() {
        let world = World::new(&case);
        let scope = world.scope();
        let condition = Condition::parse(&case["condition"], subject(&case));
        assert_eq!(condition.problems(), [], "{file}: {case}");
        assert_eq!(value(&condition, &scope).await, case["value"], "{file}: {case}");
        let unbound = Scope { documents: Documents::default(), ..scope };
        let bound = condition.bind(&unbound).await;
        assert_eq!(value(&bound, &scope).await, case["value"], "bound, {file}: {case}");
        // Whatever a condition is, its contrary has the other value or none.
        let not = serde_json::json!({"%not": case["condition"]});
        let not = value(&Condition::parse(&not, subject(&case)), &scope).await;
        let contrary = case["value"].as_bool().map_or(Json::Null, |value| Json::Bool(!value));
        assert_eq!(not, contrary, "not, {file}: {case}");
    }
}

/// The names in the first cells of the tables of a page.
fn documented() -> BTreeSet<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/behaviour/conditions.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_row_of_the_tables_has_cases_for_both_values() {
    let cases = cases();
    let rows = documented();
    assert!(rows.len() > 40, "{rows:?}");
    for row in &rows {
        for value in [true, false] {
            let holds =
                |(_, case): &(String, Json)| case["row"] == row.as_str() && case["value"] == value;
            assert!(cases.iter().any(holds), "{row} has no case that is {value}");
        }
    }
    for (file, case) in &cases {
        if let Some(row) = case.get("row") {
            assert!(rows.contains(row.as_str().unwrap()), "{file}: no row {row} in the tables");
        }
    }
}
