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
}

/// One place for a signature, and what must be there.
pub struct Way {
    /// Where it is.
    pub place: Place,
    /// What it must be.
    pub proof: Proof,
    /// The time of signing, where the scheme has one.
    pub timestamp: Option<Timestamp>,
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
    /// The secret itself.
    Secret,
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
    /// What it counts since 1970.
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
}

/// What a time of signing counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TimeUnit {
    Seconds,
    Milliseconds,
}

/// How the text of a secret becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDecoding {
    /// The bytes of the text, whatever it looks like.
    Utf8,
    /// Base64 behind `whsec_`, which may be left out.
    StandardWebhooks,
}
