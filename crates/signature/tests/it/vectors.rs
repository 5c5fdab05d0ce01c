//! Runs every case of `vectors.json`.

use std::{borrow::Cow, collections::BTreeSet};

use hookstead_signature::{Certificate, Clock, Refusal, RequestParts, presets, verify};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    scheme: String,
    secrets: Vec<String>,
    #[serde(default)]
    method: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    query: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    body_hex: String,
    /// A certificate as PEM, for schemes that need one.
    #[serde(default)]
    certificate: String,
    #[serde(default)]
    now_unix: i64,
    expect: String,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../vectors.json")).unwrap()
}

/// What the verifier says to a case: `accepted`, or the code of the refusal.
fn outcome(case: &Case) -> Result<(), Refusal> {
    let scheme = presets::by_name(&case.scheme).unwrap();
    let keys =
        case.secrets.iter().map(|secret| scheme.key(secret)).collect::<Result<Vec<_>, _>>()?;
    let headers: Vec<_> =
        case.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let query: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        case.query.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let body = if case.body_hex.is_empty() {
        case.body.clone().into_bytes()
    } else {
        hex::decode(&case.body_hex).unwrap()
    };
    let certificate = Certificate::from_pem(case.certificate.as_bytes());
    let request = RequestParts {
        method: &case.method,
        url: &case.url,
        headers: &headers,
        query: &query,
        body: &body,
        certificate: certificate.as_ref(),
    };
    if scheme.needs_certificate() {
        // How old they are is told after the certificate.
        let clock = Clock { now_unix: case.now_unix, tolerance_s: Some(u64::MAX) };
        scheme.certificate_url(&keys, &request, clock)?;
    }
    verify(scheme, &keys, &request, case.now_unix)
}

#[test]
fn every_vector_has_its_outcome() {
    let mut wrong = Vec::new();
    for case in cases() {
        let outcome = outcome(&case).as_ref().map_or_else(Refusal::code, |()| "accepted");
        if outcome != case.expect {
            wrong.push(format!("{}: {outcome}, not {}", case.name, case.expect));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_preset_has_a_vector_that_is_accepted() {
    let accepted: BTreeSet<_> =
        cases().into_iter().filter(|case| case.expect == "accepted").map(|c| c.scheme).collect();
    for scheme in presets::ALL {
        assert!(accepted.contains(scheme.name), "{}", scheme.name);
    }
}
