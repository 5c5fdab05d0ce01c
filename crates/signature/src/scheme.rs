//! The shape of a scheme: what a provider's documentation says about signing, as data.
//!
//! A scheme holds one or several *ways*: places where a signature may be, each with the proof
//! expected there. What cannot be combined cannot be written down: a shared token, for one, has
//! no template and no digest.

/// How one provider signs its requests.
pub struct Scheme {
    /// A stable, kebab-case name, such as `github`.
    pub name: &'static str,
    /// Where a signature may be, the usual place first. Signing uses the first.
    pub ways: &'static [Way],
    /// What several ways present in one request mean.
    pub several: Several,
    /// How the text of the secret becomes the key.
    pub key: KeyDecoding,
    /// The spellings of the public URL that may have been signed.
    pub urls: UrlForms,
    /// The fields of a JSON body that the scheme reads before anything is proven.
    pub fields: &'static [FieldPath],
}

/// Where a field is in a JSON body: the names that lead to it; `[]` stands for the only element of
/// a list.
pub type FieldPath = &'static [&'static str];

/// One place for a signature, and what must be there.
pub struct Way {
    /// Where it is.
    pub place: Place,
    /// What it must be.
    pub proof: Proof,
    /// The time of signing, where the scheme has one.
    pub timestamp: Option<Timestamp>,
    /// What else the request must say for this way to count.
    pub when: Option<When>,
}

/// What a request must say for a way to count, such as the version of its signature.
#[derive(Debug, Clone, Copy)]
pub struct When {
    /// Where it says so.
    pub source: Source,
    /// What it must say, exactly.
    pub value: &'static str,
}

/// Where a text is in a request.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// In this header.
    Header(&'static str),
    /// In this field of the body.
    Field(FieldPath),
}

/// What it means when a request uses more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Several {
    /// The first one present counts, so that a weaker one behind it cannot stand in for it.
    FirstPresent,
    /// Two names for one thing: their values must be the same.
    MustAgree,
}

/// Where a signature is.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// A header of its own, behind a prefix such as `sha256=`; bare where the prefix is empty.
    Header {
        /// The header, in any case.
        name: &'static str,
        /// What stands before the digest, exactly.
        prefix: &'static str,
    },
    /// A part of a list such as `t=1,v1=ab,v1=cd`. Several parts of that name: any may match.
    ListPart {
        /// The header, in any case.
        name: &'static str,
        /// What separates the parts.
        separator: char,
        /// What separates name and value of a part.
        assignment: char,
        /// The name of the part.
        part: &'static str,
    },
    /// A parameter of the query.
    Query {
        /// The parameter.
        name: &'static str,
    },
    /// A field of the JSON body.
    Field {
        /// The field.
        path: FieldPath,
    },
}

/// What a signature must be.
#[derive(Debug, Clone, Copy)]
pub enum Proof {
    /// An HMAC under the secret.
    Hmac {
        /// Over which hash.
        hash: Hash,
        /// Of these bytes, one after another.
        signed: &'static [Token],
        /// How the digest is spelt.
        encoding: Encoding,
    },
    /// The SHA-256 of the secret with these bytes behind it.
    SecretHash {
        /// What stands behind the secret.
        signed: &'static [Token],
        /// How the digest is spelt.
        encoding: Encoding,
    },
    /// A signature that the key of the provider, which is public, confirms.
    PublicKey {
        /// The kind of the key.
        algorithm: KeyAlgorithm,
        /// Of these bytes, one after another.
        signed: &'static [Token],
        /// How the signature is spelt.
        encoding: Encoding,
    },
    /// A signature that a certificate of the provider confirms (RSA, PKCS #1), in base64. The
    /// secret is what tells the requests that are meant for this receiver from others that the
    /// provider signs as well.
    Certificate {
        /// Over which hash: SHA-1 or SHA-256.
        hash: Hash,
        /// Of these bytes, one after another.
        signed: &'static [Token],
        /// Where the request names the certificate.
        url: Source,
        /// Where certificates of the provider are.
        hosts: &'static CertificateHosts,
    },
    /// The secret itself.
    Secret,
    /// The secret itself, in base64.
    EncodedSecret,
}

/// The kind of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Ed25519.
    Ed25519,
    /// ECDSA over P-256 with SHA-256; signatures are DER.
    EcdsaP256,
}

/// The URLs that certificates of a provider have; all of them are `https`.
///
/// A host is the prefix, three or more of `a-z`, `0-9`, `-` (and `.`), and a suffix.
#[derive(Debug)]
pub struct CertificateHosts {
    /// What the host begins with.
    pub prefix: &'static str,
    /// Whether the middle of the host may have dots.
    pub dots: bool,
    /// What the host ends with: one of these.
    pub suffixes: &'static [&'static str],
    /// What the path begins with.
    pub path_start: &'static str,
    /// What the path ends with.
    pub path_end: &'static str,
}

/// A hash below an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the standards'")]
pub enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// A piece of what is signed.
#[derive(Debug, Clone, Copy)]
pub enum Token {
    /// These very characters.
    Literal(&'static str),
    /// The body, byte for byte.
    Body,
    /// The time of signing, as received.
    Timestamp,
    /// The value of this header.
    Header(&'static str),
    /// The method, in upper case.
    Method,
    /// The public URL. The caller takes it from its configuration, never from the request.
    Url,
    /// The secret itself, which identifies the receiver and is no secret of the scheme.
    Secret,
    /// The CRC-32 of the body, as a decimal number.
    Crc32,
    /// The value of this field of the body, which must be there.
    Field(FieldPath),
    /// The same, where the value may hold the separator that follows.
    FreeField(FieldPath),
    /// The value of this field of the body; nothing where it is absent.
    OptionalField(FieldPath),
    /// The name of this field, a line break, its value, a line break.
    Line(FieldPath),
    /// The same; nothing where the field is absent.
    OptionalLine(FieldPath),
    /// The same as [`Token::Line`], for a field whose value must be the secret.
    SecretLine(FieldPath),
    /// The fields of a form, sorted and without repetitions, names and values one after another.
    /// Of a body that is no form, its SHA-256 must stand in the query as `bodySHA256`.
    Form,
}

/// The spellings of the public URL that a provider may have signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlForms {
    /// As it is.
    Verbatim,
    /// Without a port, with the usual one, or with the one that it has; an apostrophe in the query
    /// as it is or encoded (Twilio).
    Ports,
    /// As it is, or with some characters decoded (HubSpot).
    Decoded,
}

/// How a digest is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal; written in lower case, read in either.
    Hex,
    /// Standard base64 with padding.
    Base64,
}

/// The time of signing and how far it may be off.
#[derive(Debug, Clone, Copy)]
pub struct Timestamp {
    /// Where it is.
    pub source: TimestampSource,
    /// How it is spelt.
    pub unit: TimeUnit,
    /// How far from now it may be, into the past and into the future.
    pub tolerance_s: u64,
}

/// Where the time of signing is.
#[derive(Debug, Clone, Copy)]
pub enum TimestampSource {
    /// In a header of its own.
    Header(&'static str),
    /// In this part of the list that holds the signature.
    ListPart(&'static str),
    /// In this field of the body.
    Field(FieldPath),
}

/// How a time of signing is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// As RFC 3339 has it, such as `2026-01-31T12:00:00Z`.
    Rfc3339,
}

/// How the text of a secret becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDecoding {
    /// The bytes of the text, whatever it looks like.
    Utf8,
    /// Base64 behind `whsec_`, which may be left out.
    StandardWebhooks,
    /// Hexadecimal digits.
    Hex,
    /// A public key of Ed25519 in hexadecimal digits.
    Ed25519Hex,
    /// A public key of Ed25519 in base64 behind `whpk_`.
    Ed25519StandardWebhooks,
    /// A public key of P-256 in base64 (SubjectPublicKeyInfo), with or without PEM armour.
    P256Base64,
}
