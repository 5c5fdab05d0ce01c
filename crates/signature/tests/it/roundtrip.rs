//! What is signed here is accepted here.

use std::borrow::Cow;

use hookstead_signature::{KeyDecoding, RequestParts, Scheme, presets, sign, verify};

const NOW_UNIX: i64 = 1_700_000_000;
const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// With what some schemes read of a body.
const BODY: &[u8] = br#"{"signature":{"token":"t"},"notificationItems":[{
    "NotificationRequestItem":{"pspReference":"p","merchantAccountCode":"m","eventCode":"e",
    "merchantReference":"r","amount":{"value":1,"currency":"EUR"},"success":"true",
    "additionalData":{}}}]}"#;

/// The schemes that whoever holds the secret can sign with.
fn signing() -> impl Iterator<Item = &'static Scheme> {
    presets::ALL.iter().copied().filter(|scheme| scheme.can_sign())
}

/// Signs a request, sends it with `body_sent`, and says whether it was let in.
fn accepted(scheme: &Scheme, body_signed: &[u8], body_sent: &[u8]) -> bool {
    let is_hex = scheme.key == KeyDecoding::Hex;
    let key = scheme.key(if is_hex { "00ff" } else { SECRET }).unwrap();
    let ids: [(&str, &[u8]); 4] = [
        ("webhook-id", b"msg_1"),
        ("svix-id", b"msg_1"),
        ("Twitch-Eventsub-Message-Id", b"msg_1"),
        ("Content-Type", b"application/x-www-form-urlencoded"),
    ];
    let unsigned = RequestParts {
        method: "POST",
        url: "https://hooks.example.com/in",
        headers: &ids,
        query: &[],
        body: body_signed,
        certificate: None,
    };
    let signed = sign(scheme, &key, &unsigned, NOW_UNIX).unwrap();
    let mut headers = ids.to_vec();
    headers.extend(signed.headers.iter().map(|(name, value)| (*name, value.as_bytes())));
    let query: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        signed.query.iter().map(|(name, value)| ((*name).into(), value.into())).collect();
    let body_sent = match &signed.body {
        Some(signed) if body_sent == body_signed => signed,
        _ => body_sent,
    };
    let sent = RequestParts { headers: &headers, query: &query, body: body_sent, ..unsigned };
    verify(scheme, &[key], &sent, NOW_UNIX).is_ok()
}

#[test]
fn every_preset_accepts_what_it_signed() {
    for scheme in signing() {
        assert!(accepted(scheme, BODY, BODY), "{}", scheme.name);
        let others = [&b"{\"ok\":true}"[..], b"", b"\xff\x00\x80"];
        for body in others.into_iter().filter(|_| scheme.fields.is_empty()) {
            assert!(accepted(scheme, body, body), "{}", scheme.name);
        }
    }
}

#[test]
fn every_preset_that_signs_refuses_another_body() {
    for scheme in signing().filter(|scheme| scheme.covers_body()) {
        assert!(!accepted(scheme, BODY, b"{\"ok\":false}"), "{}", scheme.name);
    }
}

#[test]
fn what_only_the_provider_can_sign_is_not_signed() {
    let names: Vec<_> = presets::ALL.iter().filter(|scheme| !scheme.can_sign()).collect();
    let names: Vec<_> = names.iter().map(|scheme| scheme.name).collect();
    assert_eq!(names, ["aws-sns", "paypal", "discord", "sendgrid", "standard-webhooks-v1a"]);
}
