//! The functions of the app that log-in calls.

use crate::{ProblemCode, endpoints, functions::Functions, reader::Reader, report::Spot};

/// What keeps a function from being called, and what to do about it; `None` where it can be.
pub(super) fn lack(
    reader: &mut Reader,
    functions: &Functions,
    name: &str,
) -> Option<(String, String)> {
    if functions.refused.contains(name) {
        let remedy = "see what is wrong with the function";
        return Some((format!("the function `{name}` is refused"), remedy.to_owned()));
    }
    if functions.kept.get(name).is_some_and(|function| function.file.is_some()) {
        return None;
    }
    let what = match name {
        "" => "no function is named".to_owned(),
        name => format!("the function `{name}` is not in the export"),
    };
    Some((what, endpoints::remedy_of_missing(reader, name, functions)))
}

/// Tells of a function that is not there, where the calls of it fail and nothing else does.
pub(super) fn report_lack(
    reader: &mut Reader,
    functions: &Functions,
    (spot, name): (Spot, &str),
    consequence: &str,
) {
    if let Some((what, remedy)) = lack(reader, functions, name) {
        let message = format!("{what}; {consequence}");
        reader.report.error(ProblemCode::AuthFunctionMissing, spot, message, &remedy);
    }
}
