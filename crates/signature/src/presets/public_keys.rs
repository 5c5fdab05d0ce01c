//! Schemes whose secret is the public key of the provider.

use super::parts::{list_part, plain, seconds, way};
use crate::{
    Encoding::{Base64, Hex},
    KeyAlgorithm::{EcdsaP256, Ed25519},
    KeyDecoding, Place, Proof, Scheme,
    Token::{Body, Header, Literal, Timestamp as Time},
};

/// Discord, interactions.
pub(super) static DISCORD: Scheme = Scheme {
    key: KeyDecoding::Ed25519Hex,
    ..plain(
        "discord",
        &[way(
            Place::Header { name: "X-Signature-Ed25519", prefix: "" },
            Proof::PublicKey { algorithm: Ed25519, signed: &[Time, Body], encoding: Hex },
        )
        .at(seconds("X-Signature-Timestamp"))],
    )
};

/// SendGrid, events.
pub(super) static SENDGRID: Scheme = Scheme {
    key: KeyDecoding::P256Base64,
    ..plain(
        "sendgrid",
        &[way(
            Place::Header { name: "X-Twilio-Email-Event-Webhook-Signature", prefix: "" },
            Proof::PublicKey { algorithm: EcdsaP256, signed: &[Time, Body], encoding: Base64 },
        )
        .at(seconds("X-Twilio-Email-Event-Webhook-Timestamp"))],
    )
};

/// Standard Webhooks, asymmetric.
pub(super) static STANDARD_WEBHOOKS_V1A: Scheme = Scheme {
    key: KeyDecoding::Ed25519StandardWebhooks,
    ..plain(
        "standard-webhooks-v1a",
        &[way(
            list_part("webhook-signature", [' ', ','], "v1a"),
            Proof::PublicKey {
                algorithm: Ed25519,
                signed: &[Header("webhook-id"), Literal("."), Time, Literal("."), Body],
                encoding: Base64,
            },
        )
        .at(seconds("webhook-timestamp"))],
    )
};
