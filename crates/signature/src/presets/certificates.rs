//! Schemes whose signatures a certificate of the provider confirms
//! (docs/behaviour/signatures.md#certificates).

use super::parts::{plain, rfc3339, way};
use crate::{
    CertificateHosts, FieldPath,
    Hash::{self, Sha1, Sha256},
    Place, Proof, Scheme, Source, TimeUnit, Timestamp, TimestampSource,
    Token::{
        self, Crc32, Header, Line, Literal, OptionalLine, Secret, SecretLine, Timestamp as Time,
    },
    Way,
};

/// Amazon SNS, whose secret is the ARN of the topic: anybody can have a topic of their own, and
/// Amazon signs what it sends.
pub(super) static AWS_SNS: Scheme = Scheme {
    fields: &[
        SIGNATURE,
        VERSION,
        URL,
        MESSAGE,
        ID,
        SUBJECT,
        SUBSCRIBE_URL,
        TIME,
        TOKEN,
        TOPIC,
        TYPE,
    ],
    ..plain("aws-sns", &[sns(Sha256, "2"), sns(Sha1, "1")])
};

const fn sns(hash: Hash, version: &'static str) -> Way {
    way(
        Place::Field { path: SIGNATURE },
        Proof::Certificate { hash, signed: SNS_LINES, url: Source::Field(URL), hosts: &SNS_HOSTS },
    )
    .when(Source::Field(VERSION), version)
    .at(Timestamp {
        source: TimestampSource::Field(TIME),
        unit: TimeUnit::Rfc3339,
        // SNS retries for an hour with the time of the first attempt.
        tolerance_s: 3600,
    })
}

/// Of all types of messages: which lines there are is told by which fields there are.
const SNS_LINES: &[Token] = &[
    Line(MESSAGE),
    Line(ID),
    OptionalLine(SUBJECT),
    OptionalLine(SUBSCRIBE_URL),
    Line(TIME),
    OptionalLine(TOKEN),
    SecretLine(TOPIC),
    Line(TYPE),
];

static SNS_HOSTS: CertificateHosts = CertificateHosts {
    prefix: "sns.",
    dots: false,
    suffixes: &[".amazonaws.com", ".amazonaws.com.cn"],
    path_start: "",
    path_end: ".pem",
};

const SIGNATURE: FieldPath = &["Signature"];
const VERSION: FieldPath = &["SignatureVersion"];
const URL: FieldPath = &["SigningCertURL"];
const MESSAGE: FieldPath = &["Message"];
const ID: FieldPath = &["MessageId"];
const SUBJECT: FieldPath = &["Subject"];
const SUBSCRIBE_URL: FieldPath = &["SubscribeURL"];
const TIME: FieldPath = &["Timestamp"];
const TOKEN: FieldPath = &["Token"];
const TOPIC: FieldPath = &["TopicArn"];
const TYPE: FieldPath = &["Type"];

/// PayPal, whose secret is the id of the webhook.
pub(super) static PAYPAL: Scheme = plain(
    "paypal",
    &[way(
        Place::Header { name: "PAYPAL-TRANSMISSION-SIG", prefix: "" },
        Proof::Certificate {
            hash: Sha256,
            signed: &[
                Header("PAYPAL-TRANSMISSION-ID"),
                Literal("|"),
                Time,
                Literal("|"),
                Secret,
                Literal("|"),
                Crc32,
            ],
            url: Source::Header("PAYPAL-CERT-URL"),
            hosts: &PAYPAL_HOSTS,
        },
    )
    .when(Source::Header("PAYPAL-AUTH-ALGO"), "SHA256withRSA")
    .at(rfc3339("PAYPAL-TRANSMISSION-TIME"))],
);

static PAYPAL_HOSTS: CertificateHosts = CertificateHosts {
    prefix: "",
    dots: true,
    suffixes: &[".paypal.com"],
    path_start: "v1/notifications/certs/",
    path_end: "",
};
