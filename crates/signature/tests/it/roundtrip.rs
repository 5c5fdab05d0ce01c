//! What is signed here is accepted here.

use std::borrow::Cow;

use hookstead_signature::{RequestParts, Scheme, presets, sign, verify};

const NOW_UNIX: i64 = 1_700_000_000;
const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Signs a request, sends it with `body_sent`, and says whether it was let in.
fn accepted(scheme: &Scheme, body_signed: &[u8], body_sent: &[u8]) -> bool {
    let key = scheme.key(SECRET).unwrap();
    let ids: [(&str, &[u8]); 2] = [("webhook-id", b"msg_1"), ("svix-id", b"msg_1")];
    let unsigned = RequestParts {
        method: "POST",
        url: "https://hooks.example.com/in",
        headers: &ids,
        query: &[],
        body: body_signed,
    };
    let signed = sign(scheme, &key, &unsigned, NOW_UNIX).unwrap();
    let mut headers = ids.to_vec();
    headers.extend(signed.headers.iter().map(|(name, value)| (*name, value.as_bytes())));
    let query: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        signed.query.iter().map(|(name, value)| ((*name).into(), value.into())).collect();
    let sent = RequestParts { headers: &headers, query: &query, body: body_sent, ..unsigned };
    verify(scheme, &[key], &sent, NOW_UNIX).is_ok()
}

#[test]
fn every_preset_accepts_what_it_signed() {
    for scheme in presets::ALL {
        for body in [&b"{\"ok\":true}"[..], b"", b"\xff\x00\x80"] {
            assert!(accepted(scheme, body, body), "{}", scheme.name);
        }
    }
}

#[test]
fn every_preset_that_signs_refuses_another_body() {
    let tokens = ["app-services-secret", "gitlab-token", "telegram"];
    for scheme in presets::ALL.iter().filter(|scheme| !tokens.contains(&scheme.name)) {
        assert!(!accepted(scheme, b"{\"ok\":true}", b"{\"ok\":false}"), "{}", scheme.name);
    }
}
