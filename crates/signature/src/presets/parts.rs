//! Parts that rows are put together of.

use crate::{
    Encoding::{self, Base64, Hex},
    Hash::{self, Sha256},
    KeyDecoding, Place, Proof, Scheme, Several, Source, TimeUnit, Timestamp, TimestampSource,
    Token::{self, Body},
    UrlForms, Way, When,
};

/// How far from now most providers let a signature be.
pub(super) const TOLERANCE_S: u64 = 300;

pub(super) const fn plain(name: &'static str, ways: &'static [Way]) -> Scheme {
    Scheme {
        name,
        ways,
        several: Several::FirstPresent,
        key: KeyDecoding::Utf8,
        urls: UrlForms::Verbatim,
        fields: &[],
    }
}

pub(super) const fn way(place: Place, proof: Proof) -> Way {
    Way { place, proof, timestamp: None, when: None }
}

pub(super) const fn body_hmac(
    name: &'static str,
    prefix: &'static str,
    hash: Hash,
    encoding: Encoding,
) -> Way {
    way(Place::Header { name, prefix }, hmac(hash, &[Body], encoding))
}

/// An HMAC-SHA256 of more than the body, in a header of its own.
pub(super) const fn timed(
    name: &'static str,
    prefix: &'static str,
    signed: &'static [Token],
    encoding: Encoding,
) -> Way {
    way(Place::Header { name, prefix }, hmac(Sha256, signed, encoding))
}

/// A list that holds both the time and any number of signatures.
pub(super) const fn list(
    name: &'static str,
    separators: [char; 2],
    [time, part]: [&'static str; 2],
    signed: &'static [Token],
) -> Way {
    way(list_part(name, separators, part), hmac(Sha256, signed, Hex)).at(Timestamp {
        source: TimestampSource::ListPart(time),
        unit: TimeUnit::Seconds,
        tolerance_s: TOLERANCE_S,
    })
}

pub(super) const fn standard_webhooks(
    name: &'static str,
    timestamp: &'static str,
    signed: &'static [Token],
) -> Way {
    way(list_part(name, [' ', ','], "v1"), hmac(Sha256, signed, Base64)).at(seconds(timestamp))
}

pub(super) const fn token(name: &'static str) -> Way {
    way(Place::Header { name, prefix: "" }, Proof::Secret)
}

pub(super) const fn hmac(hash: Hash, signed: &'static [Token], encoding: Encoding) -> Proof {
    Proof::Hmac { hash, signed, encoding }
}

pub(super) const fn list_part(
    name: &'static str,
    [separator, assignment]: [char; 2],
    part: &'static str,
) -> Place {
    Place::ListPart { name, separator, assignment, part }
}

pub(super) const fn seconds(header: &'static str) -> Timestamp {
    Timestamp {
        source: TimestampSource::Header(header),
        unit: TimeUnit::Seconds,
        tolerance_s: TOLERANCE_S,
    }
}

pub(super) const fn rfc3339(header: &'static str) -> Timestamp {
    Timestamp { unit: TimeUnit::Rfc3339, ..seconds(header) }
}

/// A signature of HubSpot before its third version: a hash that begins with the secret.
pub(super) const fn hubspot(signed: &'static [Token], version: &'static str) -> Way {
    way(
        Place::Header { name: "X-HubSpot-Signature", prefix: "" },
        Proof::SecretHash { signed, encoding: Hex },
    )
    .when(Source::Header("X-HubSpot-Signature-Version"), version)
}

impl Way {
    /// The same with another window of time.
    pub(super) const fn within(self, tolerance_s: u64) -> Self {
        match self.timestamp {
            Some(timestamp) => self.at(Timestamp { tolerance_s, ..timestamp }),
            None => self,
        }
    }

    pub(super) const fn at(self, timestamp: Timestamp) -> Self {
        Self { timestamp: Some(timestamp), ..self }
    }

    pub(super) const fn when(self, source: Source, value: &'static str) -> Self {
        Self { when: Some(When { source, value }), ..self }
    }
}
