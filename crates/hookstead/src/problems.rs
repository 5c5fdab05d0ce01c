//! The problems of an export that a person is shown: the first few of each kind in each file.

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
};

use hookstead_app::{Problem, ProblemCode, Severity};

use crate::terminal;

/// How many problems with one code are shown of one file. A file that is wrong from its begin to
/// its end would fill the screen and the log, and hide the problems of the others.
const SHOWN_MAX: usize = 20;

/// Tells what is wrong with an export.
pub(crate) fn tell(problems: &[Problem]) {
    shown(problems).for_each(|one| terminal::tell_problem(&one));
}

/// The problems in their order, without those of a code that exceed the limit for one file. A last
/// problem for each such code and file says how many are left out.
pub(crate) fn shown<'p>(
    problems: impl IntoIterator<Item = &'p Problem>,
) -> impl Iterator<Item = Cow<'p, Problem>> {
    let mut counts: BTreeMap<(&str, ProblemCode, Severity), usize> = BTreeMap::new();
    let mut shown = Vec::new();
    let mut exceeding = Vec::new();
    for one in problems {
        match counts.entry((&one.file, one.code, one.severity)) {
            Entry::Vacant(entry) => {
                entry.insert(1);
                shown.push(Cow::Borrowed(one));
            }
            Entry::Occupied(mut entry) => {
                *entry.get_mut() += 1;
                match *entry.get() {
                    count if count <= SHOWN_MAX => shown.push(Cow::Borrowed(one)),
                    count if count == SHOWN_MAX + 1 => exceeding.push(one),
                    _ => {}
                }
            }
        }
    }
    let rest = exceeding.into_iter().map(move |one| {
        let count = counts.get(&(one.file.as_str(), one.code, one.severity)).unwrap_or(&0);
        Cow::Owned(left_out(one, count.saturating_sub(SHOWN_MAX)))
    });
    shown.into_iter().chain(rest)
}

fn left_out(example: &Problem, count: usize) -> Problem {
    let (noun, verb) = if count == 1 { ("problem", "is") } else { ("problems", "are") };
    Problem {
        line: None,
        column: None,
        excerpt: None,
        field: None,
        message: format!("{count} more {noun} of this kind in this file {verb} not shown"),
        remedy: "`hookstead check --json` lists them all".to_owned(),
        ..example.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(file: &str, line: usize) -> Problem {
        Problem {
            severity: Severity::Error,
            code: ProblemCode::JsonSyntax,
            file: file.to_owned(),
            line: Some(line),
            column: None,
            excerpt: None,
            field: None,
            message: format!("problem of line {line}"),
            remedy: "mend it".to_owned(),
        }
    }

    fn told(problems: &[Problem]) -> Vec<String> {
        shown(problems).map(|one| format!("{}: {}", one.file, one.message)).collect()
    }

    #[test]
    fn a_file_shows_as_many_of_a_kind_as_the_limit_and_tells_how_many_more_there_are() {
        for (count, last) in [
            (0, None),
            (1, Some("a.json: problem of line 0")),
            (SHOWN_MAX, Some("a.json: problem of line 19")),
            (SHOWN_MAX + 1, Some("a.json: 1 more problem of this kind in this file is not shown")),
            (600_000, Some("a.json: 599980 more problems of this kind in this file are not shown")),
        ] {
            let problems: Vec<Problem> = (0..count).map(|line| problem("a.json", line)).collect();
            let told = told(&problems);
            assert_eq!(told.len(), count.min(SHOWN_MAX + 1), "{count} problems");
            assert_eq!(told.last().map(String::as_str), last, "{count} problems");
        }
    }

    #[test]
    fn the_problems_of_another_file_are_shown_beside_a_file_with_many() {
        let mut problems: Vec<Problem> = (0..100).map(|line| problem("a.json", line)).collect();
        problems.push(problem("b.json", 7));
        let told = told(&problems);
        assert_eq!(told.len(), SHOWN_MAX + 2);
        assert_eq!(told[SHOWN_MAX], "b.json: problem of line 7");
    }
}
