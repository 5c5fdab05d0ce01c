//! The caller proves what the protection of the endpoint asks for.

use std::sync::{Arc, LazyLock};

use hookstead_signature::{Place, RequestParts, Scheme, presets};
use hookstead_site::{Guard, Kind, Signed, Target, scheme_headers};
use http::{HeaderName, request::Parts};

use super::{Passed, Stop, body::Body};
use crate::{body::Held, parse::pairs, refusal::Refusal};

/// The step is passed.
pub(crate) struct Proof<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) body: Held,
}

/// Refuses a request that does not prove what its endpoint asks for, byte for byte.
pub(super) fn check<'a>(request: Passed<'a, Body<'a>>) -> Result<Passed<'a, Proof<'a>>, Stop> {
    let Body { target, body } = &request.step;
    match &target.guard {
        Guard::Open => {}
        Guard::Closed(reason) => return Err(Refusal::internal(reason.clone()).into()),
        Guard::Signed(signed) => verify(signed, target.kind, request.parts, &body.bytes)?,
    }
    Ok(request.then(|Body { target, body }| Proof { target, body }))
}

/// Checks the proof of a request with this body.
pub(super) fn verify(
    signed: &Signed,
    kind: Kind,
    parts: &Parts,
    body: &[u8],
) -> Result<(), Refusal> {
    let mut headers = Vec::with_capacity(signed.headers.len());
    for (name, known) in &signed.headers {
        let values = parts.headers.get_all(known).iter();
        headers.extend(values.map(|value| (*name, value.as_bytes())));
    }
    let query: Vec<_> = match (signed.reads_query(), parts.uri.query()) {
        (true, Some(query)) => pairs(query.as_bytes()).collect(),
        _ => Vec::new(),
    };
    let request = RequestParts {
        method: parts.method.as_str(),
        // No scheme of an export covers the URL.
        url: "",
        headers: &headers,
        query: &query,
        body,
    };
    // Nor does one cover the time.
    hookstead_signature::verify(signed.scheme, &signed.keys, &request, 0)
        .map_err(|refusal| refuse(kind, signed.scheme, &refusal, parts))
}

/// How many proofs of other schemes the journal names.
const OTHERS_TOLD_MAX: usize = 4;

/// The headers in which the known schemes put their signatures, each with the first such scheme.
static SIGNATURE_HEADERS: LazyLock<Vec<(&'static str, HeaderName, &'static str)>> =
    LazyLock::new(|| {
        let mut known: Vec<(&str, HeaderName, &str)> = Vec::new();
        for scheme in presets::ALL {
            for (name, header) in scheme_headers(scheme) {
                if !known.iter().any(|(_, other, _)| *other == header) {
                    known.push((name, header, scheme.name));
                }
            }
        }
        known
    });

/// What a request carries that another scheme would look at: its sender is set up for that one.
fn proofs_of_others(scheme: &Scheme, by_query: bool, parts: &Parts) -> Vec<String> {
    let own = scheme_headers(scheme);
    let is_own = |header: &HeaderName| own.iter().any(|(_, name)| name == header);
    let headers = SIGNATURE_HEADERS
        .iter()
        .filter(|(_, header, _)| parts.headers.contains_key(header) && !is_own(header))
        .map(|(name, _, scheme)| format!("{name} (as {scheme} signs)"));
    let query = parts.uri.query().filter(|_| !by_query).unwrap_or_default();
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
    scheme: &Scheme,
    refusal: &hookstead_signature::Refusal,
    parts: &Parts,
) -> Refusal {
    let mut detail = format!("{refusal} ({}, {})", refusal.code(), scheme.name);
    let by_query = scheme.ways.iter().any(|way| matches!(way.place, Place::Query { .. }));
    if matches!(refusal, hookstead_signature::Refusal::Missing { .. }) {
        let others = proofs_of_others(scheme, by_query, parts);
        if !others.is_empty() {
            detail.push_str("; the request carries ");
            detail.push_str(&others.join(", "));
            detail.push_str(", which this protection does not look at");
        }
    }
    match refusal {
        hookstead_signature::Refusal::Missing { name } if !by_query => {
            let message = format!("expected to find {name} in header");
            Refusal::bad_request("InvalidParameter", message)
        }
        _ => {
            let code = match kind {
                Kind::Endpoint => "AuthError",
                Kind::Webhook => "IncomingWebhookAuthFailed",
            };
            Refusal::unauthorized(code, "the request could not be verified")
        }
    }
    .with_detail(detail)
}
