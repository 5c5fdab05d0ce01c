//! `[outbound.redirect]`: calls to one origin go to another, such as a stub.

use std::collections::{BTreeMap, HashMap};

use url::{Origin, Url};

use crate::{error::OutboundError, guard::Rule};

/// Which origins' calls go elsewhere.
pub(crate) struct Detours {
    targets: HashMap<Origin, Url>,
}

impl Detours {
    pub(crate) fn new(redirect: &BTreeMap<String, String>) -> Result<Self, OutboundError> {
        let mut targets = HashMap::new();
        for (from, to) in redirect {
            let source = parse_origin(from)
                .ok_or_else(|| OutboundError::RedirectSource { from: from.clone() })?;
            let target = parse_origin(to).ok_or_else(|| OutboundError::RedirectTarget {
                from: from.clone(),
                to: to.clone(),
            })?;
            if targets.insert(source.origin(), target).is_some() {
                return Err(OutboundError::RedirectTwice { from: from.clone() });
            }
        }
        Ok(Self { targets })
    }

    /// What permits the targets to the calls that go there by a redirect, and to no others.
    pub(crate) fn rules(&self) -> impl Iterator<Item = Rule> {
        self.targets.values().filter_map(|target| {
            let host = target.host()?.to_owned();
            Some(Rule::of_host(&host, target.port_or_known_default()?))
        })
    }

    /// Where a call to a URL really goes, when that is elsewhere. Path and query stay.
    pub(crate) fn of(&self, url: &Url) -> Option<Url> {
        let mut target = self.targets.get(&url.origin())?.clone();
        target.set_path(url.path());
        target.set_query(url.query());
        Some(target)
    }
}

/// Scheme, host and perhaps a port; nothing that a function's URL could not keep.
fn parse_origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    (is_web && is_bare && is_anonymous).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detours(pairs: &[(&str, &str)]) -> Result<Detours, OutboundError> {
        let redirect =
            pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        Detours::new(&redirect)
    }

    #[test]
    fn path_and_query_are_kept() {
        let detours = detours(&[("https://api.example.com", "http://127.0.0.1:9000")]).unwrap();
        let of = |url: &str| detours.of(&Url::parse(url).unwrap()).map(String::from);
        assert_eq!(
            of("https://api.example.com/v1/x%20y?a=1&a=%26").as_deref(),
            Some("http://127.0.0.1:9000/v1/x%20y?a=1&a=%26")
        );
        assert!(of("https://user:secret@api.example.com:443/?q#f").is_some());
        assert_eq!(of("http://api.example.com/"), None);
        assert_eq!(of("https://api.example.com:444/"), None);
        assert_eq!(of("https://example.com/"), None);
    }

    #[test]
    fn a_bad_setting_is_named() {
        let message = |pairs: &[(&str, &str)]| detours(pairs).err().unwrap().to_string();
        for from in ["api.example.com", "ftp://a.example", "https://a.example/v1", "http://u@a/"] {
            let text = message(&[(from, "http://127.0.0.1:9000")]);
            assert!(text.starts_with(&format!("[outbound.redirect] {from:?}")), "{text}");
        }
        let text = message(&[("https://a.example", "127.0.0.1:9000")]);
        assert!(text.starts_with("[outbound.redirect] \"https://a.example\" = "), "{text}");
        let stub = "http://127.0.0.1:9000";
        let text = message(&[("https://a.example", stub), ("https://a.example:443/", stub)]);
        assert!(text.contains("more than once"), "{text}");
    }
}
