//! Checks a proof, and words its refusal.

use std::{
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use hookstead_app::schemes;
use hookstead_signature::{Certificate, Clock, RequestParts, Scheme, method_name, presets};
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

/// Checks the proof of a request with this body, and the certificate that the request names.
pub(super) fn verify(
    signed: &Signed,
    asked: &Asked<'_>,
    body: &[u8],
    certificate: Option<&Certificate>,
) -> Result<(), Refusal> {
    let checked = with_parts(signed, asked, body, |request| {
        let request = RequestParts { certificate, ..*request };
        hookstead_signature::verify(signed.scheme, &signed.secrets, &request, clock(signed, asked))
    });
    checked.map_err(|refusal| refuse_as(signed, asked, &refusal))
}

/// When a request arrived, and how far from then it may have been signed.
pub(super) fn clock(signed: &Signed, asked: &Asked<'_>) -> Clock {
    let since_1970 = asked.arrived.duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_unix = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
    Clock { now_unix, tolerance_s: signed.tolerance_s }
}

/// Words a refusal for a caller and for the journal.
pub(super) fn refuse_as(
    signed: &Signed,
    asked: &Asked<'_>,
    refusal: &hookstead_signature::Refusal,
) -> Refusal {
    refuse(asked.kind, signed, refusal, asked.parts)
}

/// Hands on the parts of a request that a scheme looks at.
pub(super) fn with_parts<T>(
    signed: &Signed,
    asked: &Asked<'_>,
    body: &[u8],
    use_parts: impl FnOnce(&RequestParts<'_>) -> T,
) -> T {
    let parts = asked.parts;
    let mut headers = Vec::with_capacity(signed.proofs.len() + signed.others.len());
    for (name, known) in signed.proofs.iter().chain(&signed.others) {
        // A scheme may name a header twice.
        if headers.iter().any(|(other, _)| other == name) {
            continue;
        }
        let values = parts.headers.get_all(known).iter();
        headers.extend(values.map(|value| (*name, value.as_bytes())));
    }
    let query: Vec<_> = match (signed.scheme.parameters().next(), parts.uri.query()) {
        (Some(_), Some(query)) => pairs(query.as_bytes()).collect(),
        _ => Vec::new(),
    };
    // The caller's `Host` could be anything, and is no part of it.
    let url = signed.scheme.covers_url().then(|| {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{}{path}", asked.base_url)
    });
    use_parts(&RequestParts {
        method: parts.method.as_str(),
        url: url.as_deref().unwrap_or_default(),
        headers: &headers,
        query: &query,
        body,
        certificate: None,
    })
}

/// How many proofs of other schemes the journal names.
const OTHERS_TOLD_MAX: usize = 4;

/// Schemes whose headers say nothing of who sends them.
const OF_NOBODY: [&str; 3] = ["api-key-header", "basic", "okta"];

/// The headers in which the known schemes put their signatures, each with the first such scheme.
static SIGNATURE_HEADERS: LazyLock<Vec<(&'static str, HeaderName, &'static Scheme)>> =
    LazyLock::new(|| {
        let mut known: Vec<(&str, HeaderName, &Scheme)> = Vec::new();
        let schemes = presets::ALL.iter().filter(|scheme| !OF_NOBODY.contains(&scheme.name));
        for scheme in schemes {
            for (name, header) in proof_headers(scheme) {
                if !known.iter().any(|(_, other, _)| *other == header) {
                    known.push((name, header, scheme));
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
        .map(|(name, _, scheme)| {
            format!("{name} (as {} signs: the method {})", scheme.name, method_of(scheme))
        });
    let reads_query = signed.scheme.has_secret_in_query();
    let query = parts.uri.query().filter(|_| !reads_query).unwrap_or_default();
    let parameter = pairs(query.as_bytes()).any(|(name, _)| name == SECRET_PARAMETER);
    let parameter = parameter.then(|| format!("the query parameter {SECRET_PARAMETER}"));
    headers.chain(parameter).take(OTHERS_TOLD_MAX).collect()
}

/// The value of `validation_method` for a scheme.
fn method_of(scheme: &Scheme) -> String {
    match scheme.name {
        schemes::ENDPOINT | schemes::WEBHOOK => "VERIFY_PAYLOAD".to_owned(),
        _ => method_name(scheme),
    }
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
    let is_of_header =
        |name: &str| signed.proofs.iter().chain(&signed.others).any(|(n, _)| *n == name);
    match refusal {
        // Whoever sends has done nothing wrong, and should try again.
        hookstead_signature::Refusal::NoCertificate => Refusal::internal(""),
        hookstead_signature::Refusal::Missing { name } if is_of_header(name) => {
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

    use hookstead_signature::{KeyDecoding, sign};
    use http::Request;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw";
    const BASE_URL: &str = "https://hooks.example.com";
    const SIGNED_AT: u64 = 1_800_000_000;
    /// With what some schemes read of a body.
    const BODY: &[u8] = br#"{"signature":{"token":"t"},"notificationItems":[{
        "NotificationRequestItem":{"pspReference":"p","merchantAccountCode":"m","eventCode":"e",
        "merchantReference":"r","amount":{"value":1,"currency":"EUR"},"success":"true",
        "additionalData":{}}}]}"#;
    /// Headers that some schemes cover.
    const IDS: [(&str, &[u8]); 4] = [
        ("svix-id", b"msg_1"),
        ("webhook-id", b"msg_1"),
        ("Twitch-Eventsub-Message-Id", b"msg_1"),
        ("Content-Type", b"application/x-www-form-urlencoded"),
    ];

    fn secret_of(scheme: &Scheme) -> &'static str {
        if scheme.key == KeyDecoding::Hex { "00ff" } else { SECRET }
    }

    fn signing() -> impl Iterator<Item = &'static Scheme> {
        presets::ALL.iter().copied().filter(|scheme| scheme.can_sign())
    }

    /// Whether a request that its provider has signed is let in.
    fn is_let_in(scheme: &'static Scheme, base_url: &str, arrived_s: u64, body: &[u8]) -> bool {
        let signed = Signed::new(scheme, [secret_of(scheme)], None).unwrap();
        let request = RequestParts {
            method: "POST",
            url: "https://hooks.example.com/app/a/endpoint/b",
            headers: &IDS,
            query: &[],
            body: BODY,
            certificate: None,
        };
        let proof = sign(scheme, &signed.secrets[0], &request, SIGNED_AT as i64).unwrap();
        let body = match &proof.body {
            Some(signed) if body == BODY => signed,
            _ => body,
        };
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
        verify(&signed, &asked, body, None).is_ok()
    }

    fn names(schemes: impl Fn(&'static Scheme) -> bool) -> Vec<&'static str> {
        signing().filter(|scheme| schemes(scheme)).map(|scheme| scheme.name).collect()
    }

    #[test]
    fn every_preset_can_protect_an_endpoint() {
        let refused = names(|scheme| !is_let_in(scheme, BASE_URL, SIGNED_AT, BODY));
        assert_eq!(refused, [""; 0]);
    }

    #[test]
    fn the_url_the_time_and_the_body_count_where_they_are_covered() {
        let other_url = names(|scheme| !is_let_in(scheme, "https://other", SIGNED_AT, BODY));
        assert_eq!(other_url, names(Scheme::covers_url));
        let too_late = names(|scheme| !is_let_in(scheme, BASE_URL, SIGNED_AT + 3600, BODY));
        assert_eq!(too_late, names(|one| one.tolerance_s().is_some()));
        let other_body = names(|scheme| !is_let_in(scheme, BASE_URL, SIGNED_AT, b"other"));
        // Adyen signs fields, none of which the other body has.
        assert_eq!(
            other_body,
            names(|one| one.covers_body() || one.name == "adyen" || one.name == "mailgun")
        );
    }
}
