//! What will become of the calls of a route.

use std::collections::HashSet;

use serde::Serialize;

use super::missing::Missing;
use crate::listing::Listing;

/// What will become of the calls of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
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
///
/// What a refused function would fail for is told with it: whoever mends the one wants to know.
pub(super) fn judge(route: &Listing, broken: Option<&str>, missing: &[Missing]) -> Judgement {
    let faults = missing.iter().filter(|one| one.is_fatal).map(|one| one.message.clone());
    let (verdict, first) = if route.declaration.disabled {
        (Verdict::Disabled, Some("the export says that it is disabled".to_owned()))
    } else if route.declaration.file.is_none() || broken.is_some() {
        (Verdict::Fails, broken.map(str::to_owned))
    } else if let Some(refused) = &route.refused {
        (Verdict::Refused, Some(refused.clone()))
    } else if missing.iter().any(|one| one.is_fatal) {
        (Verdict::Fails, None)
    } else {
        (Verdict::Runs, None)
    };
    let mut told = HashSet::new();
    let reasons = first.into_iter().chain(faults).filter(|one| told.insert(one.clone())).collect();
    Judgement { verdict, reasons }
}
