//! The host and the port of a request (RFC 9110, 7.2; RFC 3986, 3.2.2).

use std::net::Ipv6Addr;

/// The longest name that DNS has, and more than any literal address takes.
const HOST_BYTES_MAX: usize = 255;

/// `uri-host [":" port]`, as in a `Host` header.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    /// A name or an address; a literal IPv6 address has its brackets.
    pub host: &'a str,
    /// The port, where there is one.
    pub port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads a host with an optional port. User information, an empty host and everything that
    /// the grammar does not have give `None`.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let end = match text.strip_prefix('[') {
            Some(rest) => rest.find(']')? + 2,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (host, rest) = text.split_at(end);
        let port = match rest.strip_prefix(':') {
            // An empty port is the default one.
            Some("") => None,
            Some(digits) => Some(port(digits)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        is_host(host).then_some(Self { host, port })
    }

    /// Whether both lead to the same place for requests of this scheme.
    pub fn is_same(&self, other: &Authority<'_>, scheme: Option<&str>) -> bool {
        let default_port = match scheme {
            Some("http") => Some(80),
            Some("https") => Some(443),
            _ => None,
        };
        self.host.eq_ignore_ascii_case(other.host)
            && self.port.or(default_port) == other.port.or(default_port)
    }
}

fn is_host(host: &str) -> bool {
    if host.is_empty() || host.len() > HOST_BYTES_MAX {
        return false;
    }
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok() || is_future_address(address),
        None => is_registered_name(host.as_bytes()),
    }
}

/// `IPvFuture`, such as `v1.a:b`.
fn is_future_address(address: &str) -> bool {
    let Some((version, rest)) = address.strip_prefix(['v', 'V']).and_then(|a| a.split_once('.'))
    else {
        return false;
    };
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_version && !rest.is_empty() && rest.bytes().all(|byte| is_name_byte(byte) || byte == b':')
}

/// `reg-name`, which an IPv4 address is as well.
fn is_registered_name(mut name: &[u8]) -> bool {
    while let Some((byte, rest)) = name.split_first() {
        name = match (byte, rest) {
            (b'%', [high, low, rest @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                rest
            }
            (byte, rest) if is_name_byte(*byte) => rest,
            _ => return false,
        };
    }
    true
}

/// `unreserved` or `sub-delims`.
fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES[usize::from(byte)]
}

/// Every request names a host, and most of its bytes are looked up here.
const NAME_BYTES: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut others: &[u8] = b"-._~!$&'()*+,;=";
    while let [other, rest @ ..] = others {
        table[*other as usize] = true;
        others = rest;
    }
    table
};

fn port(digits: &str) -> Option<u16> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_read() {
        let cases: &[(&str, &str, Option<u16>)] = &[
            ("x", "x", None),
            ("x:", "x", None),
            ("x:80", "x", Some(80)),
            ("x:00080", "x", Some(80)),
            ("my_app.internal:7080", "my_app.internal", Some(7080)),
            ("_dmarc.Example.COM.", "_dmarc.Example.COM.", None),
            ("127.0.0.1:7080", "127.0.0.1", Some(7080)),
            ("[::1]", "[::1]", None),
            ("[::1]:7080", "[::1]", Some(7080)),
            ("[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]", Some(1)),
            ("[v1.a:b]", "[v1.a:b]", None),
            ("xn--gre-6ka8l.example", "xn--gre-6ka8l.example", None),
            ("a%20b", "a%20b", None),
            ("a!$&'()*+,;=~b", "a!$&'()*+,;=~b", None),
        ];
        for (text, host, port) in cases {
            let authority = Authority::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((authority.host, authority.port), (*host, *port), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long = "a".repeat(HOST_BYTES_MAX + 1);
        let cases: &[&[u8]] = &[
            b"",
            b":80",
            b":",
            b"a b/@:x",
            b"a b",
            b" a",
            b"a ",
            b"a\t",
            b"a/b",
            b"a?b",
            b"a#b",
            b"a\\b",
            b"u@a",
            b"u:p@a",
            b"@",
            b"a:x",
            b"a:80:80",
            b"a:+80",
            b"a:-1",
            b"a:65536",
            b"a:99999999999999999999",
            b"a: 80",
            b"::1",
            b"[::1",
            b"::1]",
            b"[]",
            b"[::1]x",
            b"[::1]80",
            b"[::1%25eth0]",
            b"[1.2.3.4]",
            b"[v.a]",
            b"[v1.]",
            b"[[::1]]",
            b"a[b]",
            b"a%2",
            b"a%zz",
            b"a%",
            b"<a>",
            b"\"a\"",
            b"a|b",
            b"a^b",
            b"a`b",
            b"{a}",
            b"a\x00b",
            b"a\x7f",
            "größe".as_bytes(),
            b"\xff",
            long.as_bytes(),
        ];
        for text in cases {
            assert!(Authority::parse(text).is_none(), "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn default_ports_and_letter_case_make_no_difference() {
        let cases = [
            ("x", "X", Some("http"), true),
            ("x", "x:80", Some("http"), true),
            ("x", "x:443", Some("https"), true),
            ("x", "x:443", Some("http"), false),
            ("x", "x:80", None, false),
            ("x:", "x", None, true),
            ("x", "y", Some("http"), false),
            ("x:1", "x:2", Some("http"), false),
            ("[::1]", "[::1]:80", Some("http"), true),
        ];
        for (one, other, scheme, same) in cases {
            let [left, right] = [one, other].map(|text| Authority::parse(text.as_bytes()).unwrap());
            assert_eq!(left.is_same(&right, scheme), same, "{one} {other} {scheme:?}");
            assert_eq!(right.is_same(&left, scheme), same, "{other} {one} {scheme:?}");
        }
    }
}
