//! The schemes that ship, one row of data each (docs/behaviour/signatures.md#schemes).
//!
//! A time window that a provider does not document is 300 seconds, our choice.

use crate::{
    Encoding::{Base64, Hex},
    Hash::{Sha1, Sha256, Sha512},
    KeyDecoding, Place, Proof, Scheme, Several, TimeUnit, Timestamp, TimestampSource,
    Token::{Body, Form, Header, Literal, Method, Timestamp as Time, Url},
    UrlForms, Way,
};

mod certificates;
mod in_body;
mod parts;
mod public_keys;

use self::parts::{
    body_hmac, hmac, hubspot, list, list_part, plain, rfc3339, seconds, standard_webhooks, timed,
    token, way,
};

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
pub static APP_SERVICES_SECRET: Scheme =
    plain("app-services-secret", &[way(Place::Query { name: "secret" }, Proof::Secret)]);

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

/// Shopify: webhooks, and events under a newer name.
pub static SHOPIFY: Scheme = plain(
    "shopify",
    &[
        body_hmac("X-Shopify-Hmac-Sha256", "", Sha256, Base64),
        body_hmac("Shopify-Hmac-Sha256", "", Sha256, Base64),
    ],
);

/// Standard Webhooks, symmetric: GitLab 19, Clerk, Resend, OpenAI, Replicate and others.
pub static STANDARD_WEBHOOKS: Scheme = Scheme {
    key: KeyDecoding::StandardWebhooks,
    ..plain("standard-webhooks", &[STANDARD_WEBHOOKS_WAY])
};

/// Svix, under its own header names and under those of Standard Webhooks.
pub static SVIX: Scheme = svix("svix");

/// A provider that sends through Svix, or as Standard Webhooks asks for.
const fn svix(name: &'static str) -> Scheme {
    Scheme { key: KeyDecoding::StandardWebhooks, ..plain(name, SVIX_WAYS) }
}

const SVIX_WAYS: &[Way] = &[
    standard_webhooks(
        "svix-signature",
        "svix-timestamp",
        &[Header("svix-id"), Literal("."), Time, Literal("."), Body],
    ),
    STANDARD_WEBHOOKS_WAY,
];

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
    &certificates::AWS_SNS,
    &certificates::PAYPAL,
    &in_body::ADYEN,
    &in_body::LINEAR,
    &in_body::MAILGUN,
    &public_keys::DISCORD,
    &public_keys::SENDGRID,
    &public_keys::STANDARD_WEBHOOKS_V1A,
    &plain("api-key-header", &[token("X-Api-Key")]),
    &plain("atlassian", &[body_hmac("X-Hub-Signature", "sha256=", Sha256, Hex)]),
    &plain("asana", &[body_hmac("X-Hook-Signature", "", Sha256, Hex)]),
    &plain(
        "basic",
        &[way(Place::Header { name: "Authorization", prefix: "Basic " }, Proof::EncodedSecret)],
    ),
    &svix("bigcommerce"),
    &svix("brex"),
    &plain(
        "calendly",
        &[list("Calendly-Webhook-Signature", [',', '='], ["t", "v1"], &[Time, Literal("."), Body])
            .within(180)],
    ),
    &svix("clerk"),
    &plain(
        "customer-io",
        &[timed("X-CIO-Signature", "", &[Literal("v0:"), Time, Literal(":"), Body], Hex)
            .at(seconds("X-CIO-Timestamp"))],
    ),
    &plain("dropbox", &[body_hmac("X-Dropbox-Signature", "", Sha256, Hex)]),
    &plain(
        "elevenlabs",
        &[list("ElevenLabs-Signature", [',', '='], ["t", "v0"], &[Time, Literal("."), Body])
            .within(1800)],
    ),
    &plain("forgejo", &[body_hmac("X-Forgejo-Signature", "", Sha256, Hex)]),
    &plain("gitea", &[body_hmac("X-Gitea-Signature", "", Sha256, Hex)]),
    &svix("gitlab"),
    &plain("gitlab-token", &[token("X-Gitlab-Token")]),
    &plain("hubspot-v1", &[hubspot(&[Body], "v1")]),
    &Scheme {
        urls: UrlForms::Decoded,
        ..plain("hubspot-v2", &[hubspot(&[Method, Url, Body], "v2")])
    },
    &Scheme {
        urls: UrlForms::Decoded,
        ..plain(
            "hubspot-v3",
            &[timed("X-HubSpot-Signature-v3", "", &[Method, Url, Body, Time], Base64).at(
                Timestamp {
                    unit: TimeUnit::Milliseconds,
                    ..seconds("X-HubSpot-Request-Timestamp")
                },
            )],
        )
    },
    &svix("incident-io"),
    &plain("intercom", &[body_hmac("X-Hub-Signature", "sha1=", Sha1, Hex)]),
    &plain("lemon-squeezy", &[body_hmac("X-Signature", "", Sha256, Hex)]),
    &plain("line", &[body_hmac("x-line-signature", "", Sha256, Base64)]),
    &svix("loops"),
    &plain("meta", &[body_hmac("X-Hub-Signature-256", "sha256=", Sha256, Hex)]),
    &plain("mux", &[list("Mux-Signature", [',', '='], ["t", "v1"], &[Time, Literal("."), Body])]),
    &plain("notion", &[body_hmac("X-Notion-Signature", "sha256=", Sha256, Hex)]),
    &plain("okta", &[token("Authorization")]),
    &svix("openai"),
    &plain(
        "paddle",
        &[list("Paddle-Signature", [';', '='], ["ts", "h1"], &[Time, Literal(":"), Body])],
    ),
    &plain(
        "pagerduty",
        &[way(list_part("X-PagerDuty-Signature", [',', '='], "v1"), hmac(Sha256, &[Body], Hex))],
    ),
    &plain("paystack", &[body_hmac("x-paystack-signature", "", Sha512, Hex)]),
    &plain("razorpay", &[body_hmac("X-Razorpay-Signature", "", Sha256, Hex)]),
    &svix("render"),
    &svix("replicate"),
    &svix("resend"),
    &plain("segment", &[body_hmac("X-Signature", "", Sha1, Hex)]),
    &plain("sentry", &[body_hmac("Sentry-Hook-Signature", "", Sha256, Hex)]),
    &plain("square", &[timed("x-square-hmacsha256-signature", "", &[Url, Body], Base64)]),
    &plain("telegram", &[token("X-Telegram-Bot-Api-Secret-Token")]),
    &Scheme {
        urls: UrlForms::Ports,
        ..plain(
            "twilio",
            &[way(
                Place::Header { name: "X-Twilio-Signature", prefix: "" },
                hmac(Sha1, &[Url, Form], Base64),
            )],
        )
    },
    &plain(
        "twitch",
        &[timed(
            "Twitch-Eventsub-Message-Signature",
            "sha256=",
            &[Header("Twitch-Eventsub-Message-Id"), Time, Body],
            Hex,
        )
        .at(rfc3339("Twitch-Eventsub-Message-Timestamp"))
        .within(600)],
    ),
    &plain("typeform", &[body_hmac("Typeform-Signature", "sha256=", Sha256, Base64)]),
    &plain("vercel", &[body_hmac("x-vercel-signature", "", Sha1, Hex)]),
    &plain("woocommerce", &[body_hmac("X-WC-Webhook-Signature", "", Sha256, Base64)]),
    &plain(
        "workos",
        &[list("WorkOS-Signature", [',', '='], ["t", "v1"], &[Time, Literal("."), Body]).at(
            Timestamp {
                source: TimestampSource::ListPart("t"),
                unit: TimeUnit::Milliseconds,
                tolerance_s: 180,
            },
        )],
    ),
    &plain("xero", &[body_hmac("x-xero-signature", "", Sha256, Base64)]),
    &plain(
        "zendesk",
        &[timed("X-Zendesk-Webhook-Signature", "", &[Time, Body], Base64)
            .at(rfc3339("X-Zendesk-Webhook-Signature-Timestamp"))],
    ),
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
