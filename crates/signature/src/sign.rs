//! Makes the signature of a request, for trying an endpoint by hand and for tests.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Encoding, Key, Place, Proof, Refusal, RequestParts, Scheme, TimestampSource, Way, template,
};

/// What a signed request carries besides its own headers and query.
///
/// It cannot be printed whole: where the proof is the secret itself, the secret is in it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Signed {
    /// Headers to add.
    pub headers: Vec<(&'static str, String)>,
    /// Parameters to add, not yet percent-encoded.
    pub query: Vec<(&'static str, String)>,
}

/// Signs a request as the scheme's provider would, at the given time.
///
/// A header that the scheme signs, such as an id, must already be in the request.
///
/// # Errors
/// The request lacks a header that is signed, or the secret is the proof and is not UTF-8.
pub fn sign(
    scheme: &Scheme,
    key: &Key,
    request: &RequestParts<'_>,
    now_unix: i64,
) -> Result<Signed, Refusal> {
    let way = scheme.ways.first().ok_or(Refusal::Missing { name: "signature" })?;
    let timestamp = way.timestamp.map(|timestamp| timestamp.write(now_unix)).unwrap_or_default();
    let proof = match way.proof {
        Proof::Secret => {
            String::from_utf8(key.bytes().to_vec()).map_err(|_| Refusal::MalformedSecret)?
        }
        Proof::Hmac { hash, signed, encoding } => {
            let tag = template::tag(hash, key, signed, request, &timestamp)?;
            match encoding {
                Encoding::Hex => hex::encode(tag),
                Encoding::Base64 => STANDARD.encode(tag),
            }
        }
    };
    Ok(place(way, &timestamp, &proof))
}

fn place(way: &Way, timestamp: &str, proof: &str) -> Signed {
    let mut signed = Signed::default();
    let source = way.timestamp.map(|timestamp| timestamp.source);
    if let Some(TimestampSource::Header(name)) = source {
        signed.headers.push((name, timestamp.to_owned()));
    }
    match way.place {
        Place::Header { name, prefix } => signed.headers.push((name, format!("{prefix}{proof}"))),
        Place::ListPart { name, separator, assignment, part } => {
            let mut list = String::new();
            if let Some(TimestampSource::ListPart(time)) = source {
                // Writing into a string cannot fail.
                let _ = write!(list, "{time}{assignment}{timestamp}{separator}");
            }
            let _ = write!(list, "{part}{assignment}{proof}");
            signed.headers.push((name, list));
        }
        Place::Query { name } => signed.query.push((name, proof.to_owned())),
    }
    signed
}
