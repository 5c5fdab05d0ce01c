//! The spellings of a public URL that a provider may have signed.

use std::borrow::Cow;

use crate::{UrlForms, form::hex_byte, template::Urls};

impl UrlForms {
    /// The spellings of a URL to try, the URL itself first.
    pub(crate) fn of<'a>(self, url: &'a str) -> Urls<'a> {
        let mut urls = vec![Cow::Borrowed(url)];
        match self {
            Self::Verbatim => {}
            Self::Decoded => urls.push(decoded(url).into()),
            Self::Ports => {
                urls.extend(other_ports(url).into_iter().flatten().map(Cow::Owned));
                let encoded: Vec<_> = urls.iter().filter_map(|url| encoded_query(url)).collect();
                urls.extend(encoded.into_iter().map(Cow::Owned));
            }
        }
        urls.dedup();
        urls
    }
}

/// The URL without a port and with the usual one.
fn other_ports(url: &str) -> Option<[String; 2]> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    // The colons of user information and of an IPv6 address begin no port.
    let host_start = authority.rfind('@').map_or(0, |at| at + 1);
    let host_end = authority.rfind(']').map_or(host_start, |at| at + 1);
    let port_start = authority.get(host_end..)?.find(':').map(|at| host_end + at);
    let host = authority.get(..port_start.unwrap_or(authority.len()))?;
    let usual = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    Some([format!("{scheme}://{host}{tail}"), format!("{scheme}://{host}:{usual}{tail}")])
}

/// The URL with the apostrophes of its query encoded; `None` where there are none.
fn encoded_query(url: &str) -> Option<String> {
    let (path, query) = url.split_once('?')?;
    query.contains('\'').then(|| format!("{path}?{}", query.replace('\'', "%27")))
}

/// The characters that HubSpot decodes.
const DECODED: &[u8] = b":/?@!$'()*,;";

fn decoded(url: &str) -> String {
    let mut decoded = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let byte = match after.as_bytes() {
            [high, low, ..] => hex_byte(*high, *low).filter(|byte| DECODED.contains(byte)),
            _ => None,
        };
        rest = after;
        match byte {
            Some(byte) => {
                decoded.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
            }
            None => decoded.push('%'),
        }
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_come_and_go() {
        let cases = [
            ("https://a.b/c", ["https://a.b/c", "https://a.b:443/c"]),
            ("http://a.b:99?c:1", ["http://a.b?c:1", "http://a.b:80?c:1"]),
            ("https://u:p@a.b:1", ["https://u:p@a.b", "https://u:p@a.b:443"]),
            ("https://[::1]:1/x", ["https://[::1]/x", "https://[::1]:443/x"]),
        ];
        for (url, others) in cases {
            assert_eq!(other_ports(url).unwrap(), others, "{url}");
        }
        assert_eq!(other_ports("no URL"), None);
    }

    #[test]
    fn some_characters_are_decoded_and_no_others() {
        assert_eq!(decoded("https://a/%3a%2F%20%41?%2"), "https://a/:/%20%41?%2");
    }
}
