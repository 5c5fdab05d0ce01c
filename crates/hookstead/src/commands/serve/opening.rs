//! What a change opens that was closed, which waits until the change is surely complete.
//!
//! Editors and version control take a file away before they write it anew. An endpoint that only
//! this file protects would be open meanwhile, so what opens is read once more after a while.

use std::collections::{BTreeMap, BTreeSet};

use hookstead_site::{Listing, ProtectionKind};

/// A kind of request: its path and its method.
type Way = (String, &'static str);

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
const ANY: &str = "*";

/// What was closed while this program served it.
#[derive(Default)]
pub(super) struct Closed(BTreeSet<Way>);

impl Closed {
    /// Notes what an app that is now served closes, and forgets what it opens.
    pub(super) fn note(&mut self, served: &[Listing]) {
        for (way, is_open) in ways(served) {
            if is_open {
                self.0.remove(&way);
            } else {
                self.0.insert(way);
            }
        }
    }

    /// The paths that an app opens and that were closed before.
    pub(super) fn opened_by(&self, new: &[Listing]) -> BTreeSet<String> {
        let opened =
            ways(new).into_iter().filter(|(way, is_open)| *is_open && self.0.contains(way));
        opened.map(|((path, _), _)| path).collect()
    }
}

/// Whether a listing lets everybody in.
fn is_open(listing: &Listing) -> bool {
    listing.protection == ProtectionKind::None && listing.refused.is_none()
}

/// Every kind of request that is answered, and whether everybody may send it.
fn ways(listings: &[Listing]) -> BTreeMap<Way, bool> {
    let mut ways = BTreeMap::new();
    // A method of its own takes the place of any method.
    for of_any in [true, false] {
        for listing in listings.iter().filter(|one| (one.method == ANY) == of_any) {
            let own = METHODS.into_iter().filter(|method| of_any || listing.method == *method);
            ways.extend(own.map(|method| ((listing.path.clone(), method), is_open(listing))));
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use hookstead_app::{Method, Place, Protection, RunAs};
    use hookstead_site::{Declaration, Kind};

    use super::*;

    fn listing(method: &str, path: &str, protection: ProtectionKind, refused: bool) -> Listing {
        Listing {
            kind: Kind::Endpoint,
            method: method.to_owned(),
            path: path.to_owned(),
            protection,
            function: String::new(),
            refused: refused.then(|| "it is disabled".to_owned()),
            declaration: Declaration {
                place: Place { file: String::new(), field: String::new() },
                method: Method::Any,
                protection: Protection::None,
                run_as: RunAs::System,
                disabled: refused,
                file: None,
                webhook: None,
            },
        }
    }

    /// Apps that are served one after the other, and whether the last one opens `/a`.
    #[test]
    fn what_was_closed_once_is_opened_by_what_lets_everybody_in() {
        use ProtectionKind::{None, Secret};
        let open = |method| vec![listing(method, "/a", None, false)];
        let secret = |method| vec![listing(method, "/a", Secret, false)];
        let disabled = |method| vec![listing(method, "/a", None, true)];
        let cases = [
            (vec![open("GET")], open("GET"), false),
            (vec![secret("GET")], open("GET"), true),
            (vec![disabled("GET")], open("GET"), true),
            (vec![secret("GET")], secret("GET"), false),
            (vec![secret("GET")], open("POST"), false),
            (vec![secret("GET")], open("*"), true),
            (vec![secret("*")], open("GET"), true),
            // An app that lost the file in between.
            (vec![secret("GET"), vec![]], open("GET"), true),
            (vec![secret("GET"), open("GET")], open("GET"), false),
            (vec![vec![]], open("GET"), false),
        ];
        for (case, (served, new, opens)) in cases.into_iter().enumerate() {
            let mut closed = Closed::default();
            served.iter().for_each(|one| closed.note(one));
            assert_eq!(!closed.opened_by(&new).is_empty(), opens, "case {case}");
        }
    }
}
