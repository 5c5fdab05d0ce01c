//! What a signature can cover.

use std::borrow::Cow;

use crate::{Certificate, Refusal};

/// The parts of a request that a signature can cover, borrowed from whoever received it.
#[derive(Clone, Copy)]
pub struct RequestParts<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The public URL, from configuration: a caller can set `Host` to anything.
    pub url: &'a str,
    /// Every header field in the order received; names in any case, values as received.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The pairs of the query, decoded.
    pub query: &'a [(Cow<'a, str>, Cow<'a, str>)],
    /// The body, byte for byte.
    pub body: &'a [u8],
    /// The certificate at [`Scheme::certificate_url`](crate::Scheme::certificate_url), where the
    /// scheme needs one.
    pub certificate: Option<&'a Certificate>,
}

impl<'a> RequestParts<'a> {
    /// Whether there is such a header at all.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.header_values(name).next().is_some()
    }

    /// The value of a header that must be there, once, and hold text.
    pub(crate) fn header(&self, name: &'static str) -> Result<&'a str, Refusal> {
        let mut values = self.header_values(name);
        let value = values.next().ok_or(Refusal::Missing { name })?;
        if values.next().is_some() {
            return Err(Refusal::Duplicate { name });
        }
        let text = std::str::from_utf8(value).map_err(|_| Refusal::Malformed { name })?;
        match text.trim_ascii() {
            "" => Err(Refusal::Missing { name }),
            text => Ok(text),
        }
    }

    /// The value of a parameter that must be there; repeated, it must repeat itself.
    pub(crate) fn parameter(&self, name: &'static str) -> Result<&'a str, Refusal> {
        let mut values = self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let value = values.next().ok_or(Refusal::Missing { name })?;
        if values.any(|other| other != value) {
            return Err(Refusal::Duplicate { name });
        }
        if value.is_empty() { Err(Refusal::Missing { name }) } else { Ok(value) }
    }

    /// Whether there is such a parameter at all.
    pub(crate) fn has_parameter(&self, name: &str) -> bool {
        self.query.iter().any(|(key, _)| key == name)
    }

    fn header_values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |(key, value): &(&'a str, &'a [u8])| {
            key.eq_ignore_ascii_case(name).then_some(*value)
        };
        self.headers.iter().filter_map(named)
    }
}
