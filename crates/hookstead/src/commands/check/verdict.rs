//! What will become of the calls of a route.

use serde::Serialize;

use super::uses::Missing;
use crate::routes::Route;

/// What will become of the calls of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// The function runs.
    Runs,
    /// Every call is refused before the function.
    Refused,
    /// The function cannot do its work.
    Fails,
    /// Somebody switched it off.
    Disabled,
}

/// A verdict with its grounds, each a sentence without a full stop.
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) reasons: Vec<String>,
}

/// Judges a route. Whether it is refused is for the server to say, which does the refusing.
pub(super) fn judge(route: &Route<'_>, broken: Option<&str>, missing: &[Missing]) -> Judgement {
    let of = |verdict, reasons| Judgement { verdict, reasons };
    if route.disabled {
        return of(Verdict::Disabled, vec!["the export says that it is disabled".to_owned()]);
    }
    let mut faults: Vec<String> = broken.map(str::to_owned).into_iter().collect();
    faults.extend(missing.iter().map(|one| format!("{} {} is missing", one.kind, one.name)));
    match (&route.listing.refused, faults.is_empty()) {
        (None, true) => of(Verdict::Runs, faults),
        (Some(reason), true) => of(Verdict::Refused, vec![reason.clone()]),
        (_, false) => of(Verdict::Fails, faults),
    }
}
