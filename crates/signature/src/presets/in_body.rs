//! Schemes that read fields of the body (docs/behaviour/signatures.md#in-the-body).

use super::parts::{TOLERANCE_S, body_hmac, hmac, plain, way};
use crate::{
    Encoding::{Base64, Hex},
    FieldPath,
    Hash::Sha256,
    KeyDecoding, Place, Scheme, TimeUnit, Timestamp, TimestampSource,
    Token::{Field, FreeField, Literal, OptionalField, Timestamp as Time},
};

/// Adyen, payments. Only the reference of the merchant may hold the separator.
pub(super) static ADYEN: Scheme = Scheme {
    key: KeyDecoding::Hex,
    fields: &[SIGNATURE, PSP, ORIGINAL, ACCOUNT, REFERENCE, AMOUNT, CURRENCY, EVENT, SUCCESS],
    ..plain(
        "adyen",
        &[way(
            Place::Field { path: SIGNATURE },
            hmac(
                Sha256,
                &[
                    Field(PSP),
                    Literal(":"),
                    OptionalField(ORIGINAL),
                    Literal(":"),
                    Field(ACCOUNT),
                    Literal(":"),
                    FreeField(REFERENCE),
                    Literal(":"),
                    Field(AMOUNT),
                    Literal(":"),
                    Field(CURRENCY),
                    Literal(":"),
                    Field(EVENT),
                    Literal(":"),
                    Field(SUCCESS),
                ],
                Base64,
            ),
        )],
    )
};

const SIGNATURE: FieldPath = &["notificationItems", "[]", ITEM, "additionalData", "hmacSignature"];
const PSP: FieldPath = &["notificationItems", "[]", ITEM, "pspReference"];
const ORIGINAL: FieldPath = &["notificationItems", "[]", ITEM, "originalReference"];
const ACCOUNT: FieldPath = &["notificationItems", "[]", ITEM, "merchantAccountCode"];
const REFERENCE: FieldPath = &["notificationItems", "[]", ITEM, "merchantReference"];
const AMOUNT: FieldPath = &["notificationItems", "[]", ITEM, "amount", "value"];
const CURRENCY: FieldPath = &["notificationItems", "[]", ITEM, "amount", "currency"];
const EVENT: FieldPath = &["notificationItems", "[]", ITEM, "eventCode"];
const SUCCESS: FieldPath = &["notificationItems", "[]", ITEM, "success"];
const ITEM: &str = "NotificationRequestItem";

/// Linear, whose time of signing is in the body that is signed.
pub(super) static LINEAR: Scheme = Scheme {
    fields: &[LINEAR_TIME],
    ..plain(
        "linear",
        &[body_hmac("Linear-Signature", "", Sha256, Hex).at(Timestamp {
            source: TimestampSource::Field(LINEAR_TIME),
            unit: TimeUnit::Milliseconds,
            tolerance_s: 60,
        })],
    )
};

const LINEAR_TIME: FieldPath = &["webhookTimestamp"];

/// Mailgun, which signs a time and a token, and nothing of the event.
pub(super) static MAILGUN: Scheme = Scheme {
    fields: &[MAILGUN_SIGNATURE, MAILGUN_TIME, MAILGUN_TOKEN],
    ..plain(
        "mailgun",
        &[way(
            Place::Field { path: MAILGUN_SIGNATURE },
            hmac(Sha256, &[Time, Field(MAILGUN_TOKEN)], Hex),
        )
        .at(Timestamp {
            source: TimestampSource::Field(MAILGUN_TIME),
            unit: TimeUnit::Seconds,
            tolerance_s: TOLERANCE_S,
        })],
    )
};

const MAILGUN_SIGNATURE: FieldPath = &["signature", "signature"];
const MAILGUN_TIME: FieldPath = &["signature", "timestamp"];
const MAILGUN_TOKEN: FieldPath = &["signature", "token"];
