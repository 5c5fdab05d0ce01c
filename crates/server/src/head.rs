//! What must hold for the head of a request before anything is made of it: what hyper lets pass
//! although a proxy in front may read it in another way, and what hyper counts in one version only.

use http::{HeaderMap, Version, header, request::Parts};

use crate::{config::ServerLimits, refusal::Refusal};

/// Checks the head of a request.
pub(crate) fn check(parts: &Parts, limits: &ServerLimits) -> Result<(), Refusal> {
    if parts.version < Version::HTTP_11 {
        return Err(Refusal::http_version());
    }
    // HTTP/2 is read without a limit to their number.
    if parts.headers.len() > limits.headers_max {
        return Err(Refusal::too_many_headers(limits.headers_max));
    }
    let hosts = parts.headers.get_all(header::HOST).iter().count();
    // HTTP/2 has `:authority` for it.
    if hosts > 1 || (hosts == 0 && parts.version == Version::HTTP_11) {
        return Err(Refusal::malformed("a request must name one host"));
    }
    if !has_plain_framing(&parts.headers) {
        return Err(Refusal::malformed("the only transfer encoding is chunked, once"));
    }
    Ok(())
}

/// Whether nobody on the way can doubt where the body ends.
fn has_plain_framing(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => true,
        (Some(encoding), None) => encoding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
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
        check(&parts, &ServerLimits { headers_max: 3, ..ServerLimits::default() }).is_ok()
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
}
