//! A JSON file of an export, parsed, with its templates replaced.

use std::{collections::BTreeSet, mem, ops::Bound, sync::Arc};

use serde_json::{Map, Value as Json, error::Category};

use crate::{
    Environment, Place, ProblemCode,
    json_scan::{Scan, scan},
    lines::FileLines,
    report::{Report, Spot},
    templates,
};

/// A parsed file.
pub(crate) struct JsonFile {
    /// Relative to the folder of the app.
    pub(crate) path: String,
    pub(crate) value: Json,
    scan: Scan,
    lines: FileLines,
    /// Fields that hold a template which could not be replaced.
    unresolved: BTreeSet<String>,
}

impl JsonFile {
    /// Parses a text. Trailing commas are taken, with a warning; anything else wrong is an error.
    pub(crate) fn parse(path: &str, text: &str, report: &mut Report) -> Option<Self> {
        let mut scan = scan(text);
        let lines = Arc::new(mem::take(&mut scan.lines));
        let mut bytes = text.as_bytes().to_vec();
        for &(at, line) in &scan.trailing_commas {
            bytes[at] = b' ';
            report.warn(
                ProblemCode::JsonTrailingComma,
                Spot { file: path.to_owned(), line: Some(line), field: None },
                "a comma stands before a closing bracket".to_owned(),
                "remove the comma",
            );
        }
        match serde_json::from_slice(&bytes) {
            Ok(value) => {
                let (path, unresolved) = (path.to_owned(), BTreeSet::new());
                Some(Self { path, value, scan, lines, unresolved })
            }
            Err(error) => {
                let line = (error.line() > 0).then_some(error.line());
                report.error(
                    ProblemCode::JsonSyntax,
                    Spot { file: path.to_owned(), line, field: None },
                    format!("the file is not JSON: {}", what_is_wrong(&error)),
                    remedy(&error, text),
                );
                None
            }
        }
    }

    /// Replaces the templates in every string.
    pub(crate) fn expand(&mut self, environment: &Environment, report: &mut Report) {
        let failed = templates::expand(&mut self.value, environment);
        for (field, template) in failed {
            report.error(
                ProblemCode::TemplateUnresolved,
                self.spot(&field),
                format!("`{template}` names nothing in the environment `{}`", environment.tag),
                "add the value to the file of the environment in `environments/`, or choose \
                 another environment with `--environment`",
            );
            self.unresolved.insert(field);
        }
    }

    /// The object that the file must hold.
    pub(crate) fn object(&self, report: &mut Report) -> Option<&Map<String, Json>> {
        let object = self.value.as_object();
        if object.is_none() {
            self.wrong_shape("an object", report);
        }
        object
    }

    /// The array that the file must hold.
    pub(crate) fn array(&self, report: &mut Report) -> Option<&[Json]> {
        let array = self.value.as_array();
        if array.is_none() {
            self.wrong_shape("an array", report);
        }
        array.map(Vec::as_slice)
    }

    /// Where a field is, for problems.
    pub(crate) fn spot(&self, field: &str) -> Spot {
        let line = self.lines.get(field).copied();
        let field = (!field.is_empty()).then(|| field.to_owned());
        Spot { file: self.path.clone(), line, field }
    }

    /// Where a field is, for the model.
    pub(crate) fn place(&self, field: &str) -> Place {
        Place { file: self.path.clone(), field: field.to_owned() }
    }

    /// The lines of its fields.
    pub(crate) fn lines(&self) -> &FileLines {
        &self.lines
    }

    /// The keys given twice at or below a field.
    pub(crate) fn duplicates_in(&self, field: &str) -> impl Iterator<Item = &str> {
        below(&self.scan.duplicates, field)
    }

    /// Whether a field is given twice, or holds a template that could not be replaced.
    pub(crate) fn is_ambiguous(&self, field: &str) -> bool {
        self.duplicates_in(field).next().is_some() || self.unresolved_in(field).next().is_some()
    }

    /// The templates that could not be replaced, at or below a field.
    pub(crate) fn unresolved_in(&self, field: &str) -> impl Iterator<Item = &str> {
        below(&self.unresolved, field)
    }

    fn wrong_shape(&self, wanted: &str, report: &mut Report) {
        report.error(
            ProblemCode::JsonShape,
            self.spot(""),
            format!("the file does not hold {wanted}"),
            &format!("put what it holds into {wanted}, as exports of this version have it"),
        );
    }
}

/// What the parser says, with the place in front. A file that ends too early ends at its last line.
fn what_is_wrong(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = text.strip_suffix(&place).unwrap_or(&text);
    let what = match what.strip_prefix("EOF while parsing ") {
        Some("a value") => "the file ends where a value should be".to_owned(),
        Some(inner) => format!("the file ends within {inner}"),
        None => what.to_owned(),
    };
    format!("line {}, column {}: {what}", error.line(), error.column())
}

/// How far a file is looked through for the marks that Git leaves.
const LINES_SEARCHED_MAX: usize = 100_000;

fn remedy(error: &serde_json::Error, text: &str) -> &'static str {
    if text.lines().take(LINES_SEARCHED_MAX).any(|line| line.starts_with("<<<<<<< ")) {
        return "Git has left both sides of a conflict in the file: keep one of them";
    }
    match error.classify() {
        Category::Eof if text.trim().is_empty() => "the file is empty: take it from the export",
        Category::Eof => {
            "a part of the file is lost, or a bracket or quote is not closed: add it, or take the \
             file from the export"
        }
        _ => {
            "correct that place; JSON has double quotes around texts and keys, commas between \
             entries and no comments"
        }
    }
}

/// The paths at or below a field. Those that begin alike stand together.
fn below<'a>(paths: &'a BTreeSet<String>, field: &str) -> impl Iterator<Item = &'a str> {
    let from = (Bound::Included(field), Bound::Unbounded);
    let from = paths.range::<str, _>(from).map(String::as_str);
    from.take_while(move |path| path.starts_with(field)).filter(move |path| is_in(path, field))
}

/// Whether a path is that of a field or of something in it.
fn is_in(path: &str, field: &str) -> bool {
    let rest = path.strip_prefix(field);
    field.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
