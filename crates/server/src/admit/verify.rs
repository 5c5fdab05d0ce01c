//! Checks a proof, and words its refusal.

use std::{
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use hookstead_signature::{RequestParts, presets};
use hookstead_site::{Kind, Signed, proof_headers};
use http::{HeaderName, request::Parts};

use crate::{error_code::ErrorCode, parse::pairs, refusal::Refusal};

/// What a proof can cover beside the body.
pub(super) struct Asked<'a> {
    pub(super) kind: Kind,
    pub(super) parts: &'a Parts,
    /// What the public URL starts with.
    pub(super) base_url: &'a str,
    /// When the request arrived.
    pub(super) arrived: SystemTime,
}

/// Checks the proof of a request with this body.
pub(super) fn verify(signed: &Signed, asked: &Asked<'_>, body: &[u8]) -> Result<(), Refusal> {
    let parts = asked.parts;
    let mut headers = Vec::with_capacity(signed.proofs.len() + signed.others.len());
    for (name, known) in signed.proofs.iter().chain(&signed.others) {
        let values = parts.headers.get_all(known).iter();
        headers.extend(values.map(|value| (*name, value.as_bytes())));
    }
    let query: Vec<_> = match (signed.reads_query(), parts.uri.query()) {
        (true, Some(query)) => pairs(query.as_bytes()).collect(),
        _ => Vec::new(),
    };
    // The caller's `Host` could be anything, and is no part of it.
    let url = signed.covers_url().then(|| {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{}{path}", asked.base_url)
    });
    let request = RequestParts {
        method: parts.method.as_str(),
        url: url.as_deref().unwrap_or_default(),
        headers: &headers,
        query: &query,
        body,
    };
    let since_1970 = asked.arrived.duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_unix = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
    hookstead_signature::verify(signed.scheme, &signed.secret, &request, now_unix)
        .map_err(|refusal| refuse(asked.kind, signed, &refusal, parts))
}

/// How many proofs of other schemes the journal names.
const OTHERS_TOLD_MAX: usize = 4;

/// The headers in which the known schemes put their signatures, each with the first such scheme.
static SIGNATURE_HEADERS: LazyLock<Vec<(&'static str, HeaderName, &'static str)>> =
    LazyLock::new(|| {
        let mut known: Vec<(&str, HeaderName, &str)> = Vec::new();
        for scheme in presets::ALL {
            for (name, header) in proof_headers(scheme) {
                if !known.iter().any(|(_, other, _)| *other == header) {
                    known.push((name, header, scheme.name));
                }
            }
        }
        known
    });

/// What a request carries that another scheme would look at: its sender is set up for that one.
fn proofs_of_others(signed: &Signed, parts: &Parts) -> Vec<String> {
    let is_own = |header: &HeaderName| signed.proofs.iter().any(|(_, name)| name == header);
    let headers = SIGNATURE_HEADERS
        .iter()
        .filter(|(_, header, _)| parts.headers.contains_key(header) && !is_own(header))
        .map(|(name, _, scheme)| format!("{name} (as {scheme} signs)"));
    let query = parts.uri.query().filter(|_| !signed.reads_query()).unwrap_or_default();
    let parameter = pairs(query.as_bytes()).any(|(name, _)| name == SECRET_PARAMETER);
    let parameter = parameter.then(|| format!("the query parameter {SECRET_PARAMETER}"));
    headers.chain(parameter).take(OTHERS_TOLD_MAX).collect()
}

/// The parameter of `SECRET_AS_QUERY_PARAM`.
const SECRET_PARAMETER: &str = "secret";

/// A caller learns that a header is missing, as on the hosted service, and nothing else: not
/// whether the secret was wrong or absent, nor what was wrong with a signature.
fn refuse(
    kind: Kind,
    signed: &Signed,
    refusal: &hookstead_signature::Refusal,
    parts: &Parts,
) -> Refusal {
    let mut detail = format!("{refusal} ({}, {})", refusal.code(), signed.scheme.name);
    if matches!(refusal, hookstead_signature::Refusal::Missing { .. }) {
        let others = proofs_of_others(signed, parts);
        if !others.is_empty() {
            detail.push_str("; the request carries ");
            detail.push_str(&others.join(", "));
            detail.push_str(", which this protection does not look at");
        }
    }
    match refusal {
        hookstead_signature::Refusal::Missing { name } if !signed.reads_query() => {
            let message = format!("expected to find {name} in header");
            Refusal::bad_request(ErrorCode::InvalidParameter, message)
        }
        _ => {
            let code = match kind {
                Kind::Endpoint => ErrorCode::AuthError,
                Kind::Webhook => ErrorCode::IncomingWebhookAuthFailed,
            };
            Refusal::unauthorized(code, "the request could not be verified")
        }
    }
    .with_detail(detail)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hookstead_signature::{Scheme, sign};
    use http::Request;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw";
    const BASE_URL: &str = "https://hooks.example.com";
    const SIGNED_AT: u64 = 1_800_000_000;
    const BODY: &[u8] = b"{\"a\":1}";
    /// Headers that some schemes cover.
    const IDS: [(&str, &[u8]); 2] = [("svix-id", b"msg_1"), ("webhook-id", b"msg_1")];

    /// Whether a request that its provider has signed is let in.
    fn is_let_in(scheme: &'static Scheme, base_url: &str, arrived_s: u64, body: &[u8]) -> bool {
        let signed = Signed::new(scheme, SECRET).unwrap();
        let request = RequestParts {
            method: "POST",
            url: "https://hooks.example.com/app/a/endpoint/b",
            headers: &IDS,
            query: &[],
            body: BODY,
        };
        let [key] = &signed.secret;
        let proof = sign(scheme, key, &request, SIGNED_AT as i64).unwrap();
        let pairs = proof.query.iter().map(|(name, value)| format!("{name}={value}"));
        let query: Vec<String> = pairs.collect();
        let uri = format!("/app/a/endpoint/b?{}", query.join("&"));
        let mut request = Request::post(uri.trim_end_matches('?'));
        for (name, value) in IDS {
            request = request.header(name, value);
        }
        for (name, value) in &proof.headers {
            request = request.header(*name, value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let arrived = UNIX_EPOCH + Duration::from_secs(arrived_s);
        let asked = Asked { kind: Kind::Endpoint, parts: &parts, base_url, arrived };
        verify(&signed, &asked, body).is_ok()
    }

    fn names(schemes: impl Fn(&'static Scheme) -> bool) -> Vec<&'static str> {
        let all = presets::ALL.iter().copied();
        all.filter(|scheme| schemes(scheme)).map(|scheme| scheme.name).collect()
    }

    #[test]
    fn every_preset_can_protect_an_endpoint() {
        let refused = names(|scheme| !is_let_in(scheme, BASE_URL, SIGNED_AT, BODY));
        assert_eq!(refused, [""; 0]);
    }

    #[test]
    fn the_url_the_time_and_the_body_count_where_they_are_covered() {
        let other_url = names(|scheme| !is_let_in(scheme, "https://other", SIGNED_AT, BODY));
        assert_eq!(other_url, ["hubspot-v3", "square"]);
        let too_late = names(|scheme| !is_let_in(scheme, BASE_URL, SIGNED_AT + 3600, BODY));
        assert_eq!(too_late, names(|one| one.ways.iter().any(|way| way.timestamp.is_some())));
        let other_body = names(|scheme| !is_let_in(scheme, BASE_URL, SIGNED_AT, b"other"));
        let is_hmac = |proof| matches!(proof, hookstead_signature::Proof::Hmac { .. });
        assert_eq!(other_body, names(|one| one.ways.iter().any(|way| is_hmac(way.proof))));
    }
}
