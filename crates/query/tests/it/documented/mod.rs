//! The tables of `docs/databases/operators.md`, held to the parsers and to the cases.
//!
//! A row that says "yes" has a case that uses the operator and does not fail, in the place that
//! the table is about. A row that says "refused" is refused with the remedy. And whatever name
//! stands in the parsers is known nowhere without a row.

mod probe;
mod uses;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use probe::{Verdict, probe};
use uses::uses;

const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/databases/operators.md");
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// Stages that no case has, because a case looks at what comes out of a pipeline: whole stores are
/// asked in `crates/data/tests/it/embedded/aggregates.rs`.
const WRITING: [&str; 2] = ["$merge", "$out"];

/// Where an operator may stand. Each place is a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Query,
    Projection,
    Update,
    Modifier,
    Position,
    Stage,
    Expression,
    Accumulator,
    Window,
    Variable,
}

/// The tables by their headings.
const PLACES: [(&str, Place); 10] = [
    ("Query operators", Place::Query),
    ("Projection operators", Place::Projection),
    ("Update operators", Place::Update),
    ("Modifiers of updates of arrays", Place::Modifier),
    ("Positions in paths of updates", Place::Position),
    ("Stages", Place::Stage),
    ("Expression operators", Place::Expression),
    ("Accumulators", Place::Accumulator),
    ("Window functions", Place::Window),
    ("Variables", Place::Variable),
];

/// What the column of the embedded store says, by place and name.
type Rows = BTreeMap<(Place, String), String>;

/// Names by where they are used.
type Uses = BTreeSet<(Place, String)>;

#[test]
fn the_tables_of_operators_say_what_the_embedded_store_does() {
    let (rows, mut faults) = read_tables(&fs::read_to_string(TABLES).unwrap());
    let uses = uses();
    for ((place, name), says) in &rows {
        let verdict = probe(*place, name);
        let is_written = *place == Place::Stage && WRITING.contains(&name.as_str());
        let is_used = is_written || uses.contains(&(*place, name.clone()));
        let fault = match (says.split([':', ',']).next(), verdict) {
            (Some("yes"), Verdict::Known) if is_used => continue,
            (Some("refused"), Verdict::Refused) => continue,
            (Some("yes"), Verdict::Known) => "no case uses it with success",
            (Some("yes"), Verdict::Refused) => "it is refused",
            (Some("refused"), Verdict::Known) => "it is not refused",
            (Some("yes" | "refused"), Verdict::Unknown) => "the parser does not know it",
            _ => "the last column begins with neither 'yes' nor 'refused'",
        };
        faults.push(format!("{place:?} {name}: {fault}"));
    }
    let mut names = names_in(Path::new(SOURCES));
    names.extend(rows.keys().map(|(_, name)| name.clone()));
    for place in PLACES.map(|(_, place)| place) {
        for name in &names {
            let has_row = rows.contains_key(&(place, name.clone()));
            if !has_row && probe::knows_all(place) && probe(place, name) != Verdict::Unknown {
                faults.push(format!("{place:?} {name}: there is no row"));
            }
        }
    }
    assert!(rows.len() > 250, "{} rows", rows.len());
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// The rows of all tables, and what is wrong with the tables themselves.
fn read_tables(text: &str) -> (Rows, Vec<String>) {
    let (mut rows, mut faults) = (Rows::new(), Vec::new());
    let mut place = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            place = PLACES.iter().find(|(known, _)| *known == heading).map(|(_, place)| *place);
            continue;
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, mongodb, embedded] = cells[..] else { continue };
        let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) else {
            continue;
        };
        let Some(place) = place else {
            faults.push(format!("{name}: its heading is not that of a table"));
            continue;
        };
        if !mongodb.starts_with("yes") {
            faults.push(format!("{place:?} {name}: MongoDB has it"));
        }
        if rows.insert((place, name.to_owned()), embedded.to_owned()).is_some() {
            faults.push(format!("{place:?} {name}: there are two rows"));
        }
    }
    for (heading, place) in PLACES {
        if !rows.keys().any(|(known, _)| *known == place) {
            faults.push(format!("there is no table '{heading}'"));
        }
    }
    (rows, faults)
}

/// Every text of the sources that looks like the name of an operator.
fn names_in(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.append(&mut names_in(&path));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        names.extend(text.split('"').filter(|part| is_name(part)).map(str::to_owned));
    }
    names
}

/// Names with an underscore are for MongoDB's own use.
fn is_name(text: &str) -> bool {
    let rest = text.strip_prefix('$').unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_lowercase()) && rest.chars().all(char::is_alphanumeric)
}
