//! Whether the origin of a browser's request is allowed, and what browsers are told.

use hookstead_site::{Address as Path, Origins};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Passed, Stop, address::Address, passed::Verdict};
use crate::{client::CALLBACK, error_code::ErrorCode, refusal::Refusal};

/// The longest origin: a scheme, a name of 255 bytes and a port. It is repeated in the response.
const ORIGIN_BYTES_MAX: usize = 300;

/// The step is passed.
pub(crate) struct Origin<'a> {
    pub(super) path: Path<'a>,
}

/// Refuses a request of a browser whose page is of an origin that the app does not allow.
pub(super) fn check<'a>(request: Passed<'a, Address<'a>>) -> Result<Passed<'a, Origin<'a>>, Stop> {
    // A page of Google or Apple sends the browser there; the log-in itself knows its browser.
    if matches!(request.step.path, Path::Session { call: CALLBACK }) {
        return Ok(request.then(|Address { path }| Origin { path }));
    }
    request.known.origin = judge(request.site.origins(), &request.parts.headers);
    if request.known.origin == Verdict::Refused {
        let message = "requests from this origin are not allowed";
        return Err(Refusal::forbidden(ErrorCode::DomainNotAllowed, message).into());
    }
    Ok(request.then(|Address { path }| Origin { path }))
}

/// Judges the `Origin` of a request. Two of them are two lies.
fn judge(allowed: &Origins, headers: &HeaderMap) -> Verdict {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Verdict::NotABrowser };
    if allowed.allow_all() {
        return Verdict::Allowed(HeaderValue::from_static("*"));
    }
    let text = origin.to_str().ok().filter(|text| text.len() <= ORIGIN_BYTES_MAX);
    match text {
        Some(text) if origins.next().is_none() && allowed.name(text) => {
            Verdict::Allowed(origin.clone())
        }
        _ => Verdict::Refused,
    }
}

/// Adds to the answer to a preflight what browsers may send.
pub(super) fn preflight(allowed: &Origins, headers: &mut HeaderMap) {
    /// Every method an endpoint can have. Naming those of the route would tell strangers which
    /// there are, and save no browser a request.
    const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, HEAD");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    if let Some(allow_headers) = allowed.allow_headers() {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allow_headers.clone());
    }
}

/// Lets a page of an origin that the app lists receive the cookie of a log-in. There is no other
/// cookie, and none that proves anything by itself.
pub(crate) fn allow_cookie(verdict: &Verdict, headers: &mut HeaderMap) {
    const TRUE: HeaderValue = HeaderValue::from_static("true");
    if matches!(verdict, Verdict::Allowed(origin) if origin != "*") {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
    }
}

/// Adds what every response has, where the function did not set it itself.
pub(crate) fn complete(headers: &mut HeaderMap, verdict: &Verdict) {
    let varies = |value: &HeaderValue| {
        let names = |value: &str| {
            value.split(',').map(str::trim).any(|n| n == "*" || n.eq_ignore_ascii_case("origin"))
        };
        value.to_str().is_ok_and(names)
    };
    if !headers.get_all(header::VARY).iter().any(varies) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    if let Verdict::Allowed(origin) = verdict {
        add(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    add(headers, header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
}

/// Adds a header unless it is there.
pub(crate) fn add(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use hookstead_site::Cors;

    use super::*;

    fn judge(allowed: &[&str], origins: &[&str]) -> Verdict {
        let allowed: Vec<_> = allowed.iter().map(|&origin| origin.to_owned()).collect();
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        super::judge(&Origins::new(&allowed, &Cors::default()), &headers)
    }

    #[test]
    fn origins_are_judged() {
        let allowed = |origin| Verdict::Allowed(HeaderValue::from_static(origin));
        let list = ["https://Example.com/", "http://localhost:3000", "https://a.test:443"];
        assert_eq!(judge(&list, &[]), Verdict::NotABrowser);
        assert_eq!(judge(&[], &["https://evil.test"]), allowed("*"));
        for origin in ["https://example.com", "http://localhost:3000", "https://a.test"] {
            assert_eq!(judge(&list, &[origin]), allowed(origin));
        }
        for origin in
            ["https://evil.test", "null", "", "http://example.com", "https://example.com.evil.test"]
        {
            assert_eq!(judge(&list, &[origin]), Verdict::Refused, "{origin}");
        }
        assert_eq!(judge(&list, &["https://example.com", "https://x.test"]), Verdict::Refused);
        // A response does not repeat 60 kB of slashes.
        let long = format!("https://example.com{}", "/".repeat(60_000));
        assert_eq!(judge(&list, &[&long]), Verdict::Refused);
    }

    #[test]
    fn what_a_function_sets_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(header::VARY, HeaderValue::from_static("Accept, origin"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
        let own = HeaderValue::from_static("https://own.test");
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, own.clone());
        let before = headers.clone();
        complete(&mut headers, &Verdict::Allowed(HeaderValue::from_static("*")));
        assert_eq!(headers, before);

        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        complete(&mut headers, &Verdict::NotABrowser);
        let vary: Vec<_> = headers.get_all(header::VARY).iter().collect();
        assert_eq!(vary, ["Accept", "Origin"]);
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], own);
    }
}
