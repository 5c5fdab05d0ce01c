//! What must hold for the head of a request before anything is made of it: what hyper lets pass
//! although a proxy in front may read it in another way, and what hyper counts in one version only.

use http::{HeaderMap, HeaderName, HeaderValue, Version, header, request::Parts};

use super::{Passed, Stop, capacity::Capacity};
use crate::{config::ServerLimits, parse::Authority, refusal::Refusal};

/// The step is passed.
pub(crate) struct Head;

/// Refuses a request whose head others could read in another way, or that has too many headers.
pub(super) fn check(request: Passed<'_, Capacity>) -> Result<Passed<'_, Head>, Stop> {
    check_parts(request.parts, request.limits())?;
    Ok(request.then(|Capacity| Head))
}

pub(crate) fn check_parts(parts: &Parts, limits: &ServerLimits) -> Result<(), Refusal> {
    if parts.version < Version::HTTP_11 {
        return Err(Refusal::http_version());
    }
    // HTTP/2 is read without a limit to their number.
    if parts.headers.len() > limits.headers_max {
        return Err(Refusal::too_many_headers(limits.headers_max));
    }
    check_host(parts)?;
    check_framing(&parts.headers)?;
    let is_known = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if !parts.headers.get_all(header::EXPECT).iter().all(is_known) {
        return Err(Refusal::unknown_expectation());
    }
    Ok(())
}

/// About as many bytes as the head of a request takes in memory.
pub(crate) fn bytes(parts: &Parts) -> usize {
    /// What the table of headers has for each, besides its name and its value.
    const ENTRY_BYTES: usize = 128;
    let path = parts.uri.path_and_query().map_or(0, |path| path.as_str().len());
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len() + ENTRY_BYTES
    };
    path + parts.headers.iter().map(header).sum::<usize>()
}

/// Checks that a request names one host, in the form that hosts have. Two different ones, or one
/// that everybody reads in another way, could be routed here and meant for somebody else.
fn check_host(parts: &Parts) -> Result<(), Refusal> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(authority(host.as_bytes())?),
        // HTTP/2 has `:authority` for it.
        (None, None) if parts.version > Version::HTTP_11 => None,
        _ => return Err(Refusal::malformed("a request must name one host")),
    };
    let scheme = parts.uri.scheme_str();
    if scheme.is_some_and(|scheme| !["http", "https"].contains(&scheme)) {
        return Err(Refusal::malformed("the scheme of the request's URL must be http or https"));
    }
    let Some(named) = parts.uri.authority() else { return Ok(()) };
    let named = authority(named.as_str().as_bytes())?;
    if host.is_some_and(|host| !host.is_same(&named, scheme)) {
        return Err(Refusal::malformed("the host header and the request's URL name two hosts"));
    }
    Ok(())
}

fn authority(bytes: &[u8]) -> Result<Authority<'_>, Refusal> {
    let message = "the host must be a name or an address, with an optional port";
    Authority::parse(bytes).ok_or_else(|| Refusal::malformed(message))
}

/// Checks that nobody on the way can doubt where the body ends. In HTTP/1.1 the lines themselves
/// have been checked before, because the library leaves some of these headers out.
fn check_framing(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_plain = match (encodings.next(), encodings.next()) {
        (None, _) => true,
        (Some(encoding), None) => encoding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    };
    if !is_plain {
        return Err(Refusal::malformed("the only transfer encoding is chunked, once"));
    }
    if headers.get_all(header::CONTENT_LENGTH).iter().nth(1).is_some() {
        return Err(Refusal::malformed("a request must have one content length"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn is_taken(version: Version, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check_parts(&parts, &ServerLimits { headers_max: 3, ..ServerLimits::default() }).is_ok()
    }

    #[test]
    fn a_request_names_one_host() {
        let host = ("host", "x");
        assert!(is_taken(Version::HTTP_11, &[host]));
        assert!(!is_taken(Version::HTTP_11, &[]));
        assert!(!is_taken(Version::HTTP_11, &[host, host]));
        assert!(is_taken(Version::HTTP_2, &[]) && is_taken(Version::HTTP_2, &[host]));
        assert!(!is_taken(Version::HTTP_2, &[host, host]));
        assert!(!is_taken(Version::HTTP_10, &[host]));
    }

    /// Whether a request to this URI with these hosts is accepted.
    fn names_one_host(version: Version, uri: &str, hosts: &[&str]) -> bool {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check_parts(&parts, &ServerLimits::default()).is_ok()
    }

    #[test]
    fn hosts_have_the_form_of_hosts() {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            for host in ["x", "x:80", "my_app", "127.0.0.1:7080", "[::1]:7080", "x:"] {
                assert!(names_one_host(version, "/", &[host]), "{version:?} {host}");
            }
            for host in ["", "a b/@:x", "u@x", "x/", "x:y", "[::1", "x y", "x,y z", ":80"] {
                assert!(!names_one_host(version, "/", &[host]), "{version:?} {host}");
            }
        }
    }

    #[test]
    fn a_url_and_a_host_header_name_the_same_host() {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            for (uri, host, taken) in [
                ("http://x/", "x", true),
                ("http://X:80/", "x", true),
                ("https://x/", "x:443", true),
                ("http://x:81/", "x", false),
                ("http://x/", "y", false),
                ("http://u:p@x/", "x", false),
                ("http://u@x/", "u@x", false),
                ("http://[::1]:80/", "[::1]", true),
                ("HTTP://x/", "x", true),
                ("ftp://x/", "x", false),
                ("httpss://x/", "x", false),
            ] {
                assert_eq!(names_one_host(version, uri, &[host]), taken, "{uri} {host}");
            }
        }
        assert!(!names_one_host(Version::HTTP_11, "http://x/", &[]));
        assert!(names_one_host(Version::HTTP_2, "http://x/", &[]));
        assert!(!names_one_host(Version::HTTP_2, "http://u@x/", &[]));
    }

    #[test]
    fn headers_are_counted_in_every_version() {
        let many = [("host", "x"), ("a", "1"), ("a", "2"), ("b", "3")];
        for version in [Version::HTTP_11, Version::HTTP_2] {
            assert!(is_taken(version, &many[..3]));
            assert!(!is_taken(version, &many));
        }
    }

    #[test]
    fn bodies_are_framed_in_one_way_only() {
        let taken = |encodings: &[&str]| {
            let encodings = encodings.iter().map(|encoding| ("transfer-encoding", *encoding));
            let headers: Vec<_> = [("host", "x")].into_iter().chain(encodings).collect();
            is_taken(Version::HTTP_11, &headers)
        };
        assert!(taken(&[]) && taken(&["chunked"]) && taken(&["Chunked"]));
        for encodings in
            [&["chunked, chunked"][..], &["gzip, chunked"], &["chunked", "chunked"], &[""]]
        {
            assert!(!taken(encodings), "{encodings:?}");
        }
    }

    #[test]
    fn the_only_expectation_is_to_go_on() {
        let taken = |version, values: &[&str]| {
            let values = values.iter().map(|value| ("expect", *value));
            let headers: Vec<_> = [("host", "x")].into_iter().chain(values).collect();
            is_taken(version, &headers)
        };
        for version in [Version::HTTP_11, Version::HTTP_2] {
            assert!(taken(version, &["100-continue"]) && taken(version, &["100-Continue"]));
            for values in [&["200-ok"][..], &[""], &["100-continue, x"], &["100-continue", "x"]] {
                assert!(!taken(version, values), "{values:?}");
            }
        }
    }

    #[test]
    fn a_request_has_one_content_length() {
        let length = ("content-length", "0");
        assert!(is_taken(Version::HTTP_2, &[length]));
        assert!(!is_taken(Version::HTTP_2, &[length, length]));
    }
}
