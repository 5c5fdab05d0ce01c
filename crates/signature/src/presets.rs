//! The schemes that ship, one row of data each (docs/behaviour/signatures.md#schemes).
//!
//! A time window that a provider does not document is 300 seconds, our choice.

use crate::{
    Encoding::{self, Base64, Hex},
    Hash::{self, Sha1, Sha256, Sha512},
    KeyDecoding, Place, Proof, Scheme, Several, TimeUnit, Timestamp, TimestampSource,
    Token::{self, Body, Header, Literal, Method, Timestamp as Time, Url},
    Way,
};

/// How far from now most providers let a signature be.
const TOLERANCE_S: u64 = 300;

/// An HTTPS endpoint of App Services with `VERIFY_PAYLOAD`.
///
/// Both header names are taken on both surfaces: endpoints converted from webhooks keep their
/// old callers, and the hosted service's own examples mixed them up.
pub static APP_SERVICES_ENDPOINT: Scheme = Scheme {
    several: Several::MustAgree,
    ..plain(
        "app-services-endpoint",
        &[
            body_hmac("Endpoint-Signature", "sha256=", Sha256, Hex),
            body_hmac("X-Hook-Signature", "sha256=", Sha256, Hex),
        ],
    )
};

/// A webhook of an App Services service with `VERIFY_PAYLOAD`.
pub static APP_SERVICES_WEBHOOK: Scheme = Scheme {
    several: Several::MustAgree,
    ..plain(
        "app-services-webhook",
        &[
            body_hmac("X-Hook-Signature", "sha256=", Sha256, Hex),
            body_hmac("Endpoint-Signature", "sha256=", Sha256, Hex),
        ],
    )
};

/// An endpoint or webhook of App Services with `SECRET_AS_QUERY_PARAM`.
pub static APP_SERVICES_SECRET: Scheme = plain(
    "app-services-secret",
    &[Way { place: Place::Query { name: "secret" }, proof: Proof::Secret, timestamp: None }],
);

/// GitHub. SHA-1 counts only where GitHub sent nothing better.
pub static GITHUB: Scheme = plain(
    "github",
    &[
        body_hmac("X-Hub-Signature-256", "sha256=", Sha256, Hex),
        body_hmac("X-Hub-Signature", "sha1=", Sha1, Hex),
    ],
);

/// Stripe, whose key is the whole text of the secret, `whsec_` included.
pub static STRIPE: Scheme = plain(
    "stripe",
    &[list("Stripe-Signature", [',', '='], ["t", "v1"], &[Time, Literal("."), Body])],
);

/// Slack.
pub static SLACK: Scheme = plain(
    "slack",
    &[timed("X-Slack-Signature", "v0=", &[Literal("v0:"), Time, Literal(":"), Body], Hex)
        .at(seconds("X-Slack-Request-Timestamp"))],
);

/// Shopify.
pub static SHOPIFY: Scheme =
    plain("shopify", &[body_hmac("X-Shopify-Hmac-Sha256", "", Sha256, Base64)]);

/// Standard Webhooks, symmetric: GitLab 19, Clerk, Resend, OpenAI, Replicate and others.
pub static STANDARD_WEBHOOKS: Scheme = Scheme {
    key: KeyDecoding::StandardWebhooks,
    ..plain("standard-webhooks", &[STANDARD_WEBHOOKS_WAY])
};

/// Svix, under its own header names and under those of Standard Webhooks.
pub static SVIX: Scheme = Scheme {
    key: KeyDecoding::StandardWebhooks,
    ..plain(
        "svix",
        &[
            standard_webhooks(
                "svix-signature",
                "svix-timestamp",
                &[Header("svix-id"), Literal("."), Time, Literal("."), Body],
            ),
            STANDARD_WEBHOOKS_WAY,
        ],
    )
};

const STANDARD_WEBHOOKS_WAY: Way = standard_webhooks(
    "webhook-signature",
    "webhook-timestamp",
    &[Header("webhook-id"), Literal("."), Time, Literal("."), Body],
);

/// Every scheme that ships.
pub static ALL: &[&Scheme] = &[
    &APP_SERVICES_ENDPOINT,
    &APP_SERVICES_WEBHOOK,
    &APP_SERVICES_SECRET,
    &GITHUB,
    &STRIPE,
    &SLACK,
    &SHOPIFY,
    &STANDARD_WEBHOOKS,
    &SVIX,
    &plain("atlassian", &[body_hmac("X-Hub-Signature", "sha256=", Sha256, Hex)]),
    &plain("asana", &[body_hmac("X-Hook-Signature", "", Sha256, Hex)]),
    &plain(
        "calendly",
        &[list("Calendly-Webhook-Signature", [',', '='], ["t", "v1"], &[Time, Literal("."), Body])],
    ),
    &plain(
        "customer-io",
        &[timed("X-CIO-Signature", "", &[Literal("v0:"), Time, Literal(":"), Body], Hex)
            .at(seconds("X-CIO-Timestamp"))],
    ),
    &plain("dropbox", &[body_hmac("X-Dropbox-Signature", "", Sha256, Hex)]),
    &plain(
        "elevenlabs",
        &[list("ElevenLabs-Signature", [',', '='], ["t", "v0"], &[Time, Literal("."), Body])],
    ),
    &plain("forgejo", &[body_hmac("X-Forgejo-Signature", "", Sha256, Hex)]),
    &plain("gitea", &[body_hmac("X-Gitea-Signature", "", Sha256, Hex)]),
    &plain("gitlab-token", &[token("X-Gitlab-Token")]),
    &plain(
        "hubspot-v3",
        &[timed("X-HubSpot-Signature-v3", "", &[Method, Url, Body, Time], Base64).at(Timestamp {
            unit: TimeUnit::Milliseconds,
            ..seconds("X-HubSpot-Request-Timestamp")
        })],
    ),
    &plain("intercom", &[body_hmac("X-Hub-Signature", "sha1=", Sha1, Hex)]),
    &plain("lemon-squeezy", &[body_hmac("X-Signature", "", Sha256, Hex)]),
    &plain("line", &[body_hmac("x-line-signature", "", Sha256, Base64)]),
    &plain("meta", &[body_hmac("X-Hub-Signature-256", "sha256=", Sha256, Hex)]),
    &plain("mux", &[list("Mux-Signature", [',', '='], ["t", "v1"], &[Time, Literal("."), Body])]),
    &plain("notion", &[body_hmac("X-Notion-Signature", "sha256=", Sha256, Hex)]),
    &plain(
        "paddle",
        &[list("Paddle-Signature", [';', '='], ["ts", "h1"], &[Time, Literal(":"), Body])],
    ),
    &plain(
        "pagerduty",
        &[Way {
            place: list_part("X-PagerDuty-Signature", [',', '='], "v1"),
            proof: hmac(Sha256, &[Body], Hex),
            timestamp: None,
        }],
    ),
    &plain("paystack", &[body_hmac("x-paystack-signature", "", Sha512, Hex)]),
    &plain("razorpay", &[body_hmac("X-Razorpay-Signature", "", Sha256, Hex)]),
    &plain("segment", &[body_hmac("X-Signature", "", Sha1, Hex)]),
    &plain("sentry", &[body_hmac("Sentry-Hook-Signature", "", Sha256, Hex)]),
    &plain("square", &[timed("x-square-hmacsha256-signature", "", &[Url, Body], Base64)]),
    &plain("telegram", &[token("X-Telegram-Bot-Api-Secret-Token")]),
    &plain("typeform", &[body_hmac("Typeform-Signature", "sha256=", Sha256, Base64)]),
    &plain("vercel", &[body_hmac("x-vercel-signature", "", Sha1, Hex)]),
    &plain("woocommerce", &[body_hmac("X-WC-Webhook-Signature", "", Sha256, Base64)]),
    &plain(
        "workos",
        &[list("WorkOS-Signature", [',', '='], ["t", "v1"], &[Time, Literal("."), Body]).at(
            Timestamp {
                source: TimestampSource::ListPart("t"),
                unit: TimeUnit::Milliseconds,
                tolerance_s: TOLERANCE_S,
            },
        )],
    ),
    &plain("xero", &[body_hmac("x-xero-signature", "", Sha256, Base64)]),
    &plain(
        "zoom",
        &[timed("x-zm-signature", "v0=", &[Literal("v0:"), Time, Literal(":"), Body], Hex)
            .at(seconds("x-zm-request-timestamp"))],
    ),
];

/// The scheme of this name.
pub fn by_name(name: &str) -> Option<&'static Scheme> {
    ALL.iter().copied().find(|scheme| scheme.name == name)
}

const fn plain(name: &'static str, ways: &'static [Way]) -> Scheme {
    Scheme { name, ways, several: Several::FirstPresent, key: KeyDecoding::Utf8 }
}

const fn body_hmac(
    name: &'static str,
    prefix: &'static str,
    hash: Hash,
    encoding: Encoding,
) -> Way {
    Way {
        place: Place::Header { name, prefix },
        proof: hmac(hash, &[Body], encoding),
        timestamp: None,
    }
}

/// An HMAC-SHA256 of more than the body, in a header of its own.
const fn timed(
    name: &'static str,
    prefix: &'static str,
    signed: &'static [Token],
    encoding: Encoding,
) -> Way {
    Way {
        place: Place::Header { name, prefix },
        proof: hmac(Sha256, signed, encoding),
        timestamp: None,
    }
}

/// A list that holds both the time and any number of signatures.
const fn list(
    name: &'static str,
    separators: [char; 2],
    [time, part]: [&'static str; 2],
    signed: &'static [Token],
) -> Way {
    Way {
        place: list_part(name, separators, part),
        proof: hmac(Sha256, signed, Hex),
        timestamp: Some(Timestamp {
            source: TimestampSource::ListPart(time),
            unit: TimeUnit::Seconds,
            tolerance_s: TOLERANCE_S,
        }),
    }
}

const fn standard_webhooks(
    name: &'static str,
    timestamp: &'static str,
    signed: &'static [Token],
) -> Way {
    Way {
        place: list_part(name, [' ', ','], "v1"),
        proof: hmac(Sha256, signed, Base64),
        timestamp: Some(seconds(timestamp)),
    }
}

const fn token(name: &'static str) -> Way {
    Way { place: Place::Header { name, prefix: "" }, proof: Proof::Secret, timestamp: None }
}

const fn hmac(hash: Hash, signed: &'static [Token], encoding: Encoding) -> Proof {
    Proof::Hmac { hash, signed, encoding }
}

const fn list_part(
    name: &'static str,
    [separator, assignment]: [char; 2],
    part: &'static str,
) -> Place {
    Place::ListPart { name, separator, assignment, part }
}

const fn seconds(header: &'static str) -> Timestamp {
    Timestamp {
        source: TimestampSource::Header(header),
        unit: TimeUnit::Seconds,
        tolerance_s: TOLERANCE_S,
    }
}

impl Way {
    const fn at(self, timestamp: Timestamp) -> Self {
        Self { timestamp: Some(timestamp), ..self }
    }
}
