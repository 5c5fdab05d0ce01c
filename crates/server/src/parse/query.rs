//! Queries and form bodies, as Go's `net/url` reads them (docs/behaviour/requests.md#query).

use std::{borrow::Cow, collections::HashSet};

use hookstead_site::percent::decode_component;

/// Pairs of a query or form that are looked at. The rest is ignored, so that a body of 18 MB
/// cannot become nine million strings.
pub const PAIRS_MAX: usize = 10_000;

/// The pairs of a query or of a form body, decoded and in order.
///
/// As in Go, a pair that holds `;` or a broken escape is dropped and the others stay.
pub fn pairs(text: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).take(PAIRS_MAX).filter_map(
        |pair| {
            if pair.contains(&b';') {
                return None;
            }
            let (name, value) = cut(pair);
            Some((decode_component(name)?, decode_component(value)?))
        },
    )
}

/// The first value of every name, in the order of their first occurrence.
pub fn first_values<'a>(
    pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
) -> Vec<(String, String)> {
    let mut seen = HashSet::new();
    let mut values = Vec::new();
    for (name, value) in pairs {
        if !seen.contains(&name) {
            seen.insert(name.clone());
            values.push((name.into_owned(), value.into_owned()));
        }
    }
    values
}

/// The parameters that let a caller in: the secret of an endpoint or a webhook, and the access
/// token of a client that cannot set headers.
const SECRETS: [&str; 3] = ["secret", "baas_at", "stitch_at"];

/// A query without the pairs that hold a secret, however their names are spelt.
pub fn without_secrets(query: &str) -> Cow<'_, str> {
    let is_secret = |pair: &str| {
        let (name, _) = cut(pair.as_bytes());
        decode_component(name).is_some_and(|name| SECRETS.contains(&name.as_ref()))
    };
    if !query.split('&').any(is_secret) {
        return Cow::Borrowed(query);
    }
    let kept: Vec<_> = query.split('&').filter(|pair| !is_secret(pair)).collect();
    Cow::Owned(kept.join("&"))
}

fn cut(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_go_reads_them() {
        let cases: [(&str, &[(&str, &str)]); 10] = [
            ("", &[]),
            ("&&", &[]),
            ("a=1&b=2", &[("a", "1"), ("b", "2")]),
            ("a", &[("a", "")]),
            ("=v", &[("", "v")]),
            ("a=b=c", &[("a", "b=c")]),
            ("a=1;b=2&c=3", &[("c", "3")]),
            ("a=%zz&b=1", &[("b", "1")]),
            ("a+b=c+d%26", &[("a b", "c d&")]),
            ("a=1&a=2", &[("a", "1"), ("a", "2")]),
        ];
        for (query, expected) in cases {
            let found: Vec<_> = pairs(query.as_bytes()).collect();
            let found: Vec<_> = found.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect();
            assert_eq!(found, expected, "{query}");
        }
    }

    #[test]
    fn the_first_value_of_a_name_counts() {
        let values = first_values(pairs(b"a=body&c=3").chain(pairs(b"a=url&b=2&b=3")));
        let expected = [("a", "body"), ("c", "3"), ("b", "2")];
        assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_flood_of_pairs_is_cut() {
        let flood = "a&".repeat(1_000_000);
        assert_eq!(pairs(flood.as_bytes()).count(), PAIRS_MAX);
    }

    #[test]
    fn secrets_leave_the_query_however_they_are_spelt() {
        let cases = [
            ("secret=hello&someParam=42", "someParam=42"),
            ("a=1&secret=x&b=2&secret=y", "a=1&b=2"),
            ("%73ecret=x&a=%20", "a=%20"),
            ("s%65cre%74=x", ""),
            ("secret", ""),
            ("secret=%zz&a", "a"),
            ("baas_at=t&a=1&stitch%5fat=t&%62aas_at", "a=1"),
            ("Secret=x&secrets=y&x=secret", "Secret=x&secrets=y&x=secret"),
            ("", ""),
        ];
        for (query, expected) in cases {
            assert_eq!(without_secrets(query), expected, "{query}");
        }
    }
}
