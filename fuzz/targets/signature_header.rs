//! Signature headers: no text but the right one is let in, by any preset.

#![no_main]

use hookstead_signature::{RequestParts, presets, verify};
use libfuzzer_sys::fuzz_target;

/// The headers of the presets; two texts take turns in them.
const HEADERS: [&str; 24] = [
    "X-Hook-Signature",
    "Endpoint-Signature",
    "X-Hub-Signature-256",
    "X-Hub-Signature",
    "Stripe-Signature",
    "X-Slack-Request-Timestamp",
    "X-Slack-Signature",
    "X-Shopify-Hmac-Sha256",
    "webhook-timestamp",
    "webhook-signature",
    "svix-timestamp",
    "svix-signature",
    "Content-Type",
    "X-Twilio-Signature",
    "X-Signature-Ed25519",
    "X-Signature-Timestamp",
    "X-Twilio-Email-Event-Webhook-Signature",
    "X-Twilio-Email-Event-Webhook-Timestamp",
    "Twitch-Eventsub-Message-Id",
    "Twitch-Eventsub-Message-Timestamp",
    "Twitch-Eventsub-Message-Signature",
    "X-Zendesk-Webhook-Signature",
    "X-Zendesk-Webhook-Signature-Timestamp",
    "Authorization",
];
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let body = parts.next().unwrap_or_default();
    for scheme in presets::ALL {
        let headers: Vec<(&str, &[u8])> =
            HEADERS.into_iter().zip([first, second].into_iter().cycle()).collect();
        let Ok(key) = scheme.key(SECRET) else { continue };
        let request = RequestParts {
            method: "POST",
            url: "https://h.example/",
            headers: &headers,
            query: &[],
            body,
            certificate: None,
        };
        assert!(verify(scheme, &[key], &request, 1_700_000_000).is_err(), "{headers:?}");
    }
});
