//! Makes the signature of a request, for trying an endpoint by hand and for tests.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::{
    Encoding, FieldPath, Hash, Key, Place, Proof, Refusal, RequestParts, Scheme, Source,
    TimestampSource, Way,
    fields::{BODY, ELEMENT},
    reading::Reading,
    template::Pieces,
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
    /// The body to send in place of the given one, where the signature is in the body.
    pub body: Option<Vec<u8>>,
}

/// Signs a request as the scheme's provider would, at the given time.
///
/// What the scheme signs besides, such as an id in a header, must already be in the request.
///
/// # Errors
/// The request lacks something that is signed, the secret is the proof and is not UTF-8, or the
/// provider signs with a key that nobody else has.
pub fn sign(
    scheme: &Scheme,
    key: &Key,
    request: &RequestParts<'_>,
    now_unix: i64,
) -> Result<Signed, Refusal> {
    let way = scheme.ways.first().ok_or(Refusal::Missing { name: "signature" })?;
    let timestamp = way.timestamp.map(|timestamp| timestamp.write(now_unix)).unwrap_or_default();
    let mut signed = Signed::default();
    write_time(way, &timestamp, request, &mut signed)?;
    let body = signed.body.as_deref().unwrap_or(request.body);
    let reading = Reading::new(scheme, &RequestParts { body, ..*request })?;
    let urls = scheme.urls.of(request.url);
    let url = urls.first().map_or("", |url| url);
    let pieces = Pieces { reading: &reading, timestamp: &timestamp, url, key };
    let encoded = |encoding, bytes: &[u8]| match encoding {
        Encoding::Hex => hex::encode(bytes),
        Encoding::Base64 => STANDARD.encode(bytes),
    };
    let proof = match way.proof {
        Proof::Secret => {
            String::from_utf8(key.bytes().to_vec()).map_err(|_| Refusal::MalformedSecret)?
        }
        Proof::EncodedSecret => STANDARD.encode(key.bytes()),
        Proof::Hmac { hash, signed, encoding } => {
            encoded(encoding, pieces.hmac(hash, signed)?.as_ref())
        }
        Proof::SecretHash { signed, encoding } => {
            encoded(encoding, pieces.digest(Hash::Sha256, key.bytes(), signed)?.as_ref())
        }
        Proof::PublicKey { .. } | Proof::Certificate { .. } => return Err(Refusal::PrivateKey),
    };
    let body = body.to_vec();
    place(way, &timestamp, &proof, &body, &mut signed)?;
    Ok(signed)
}

/// Writes the time of signing, and the version of the signature.
fn write_time(
    way: &Way,
    timestamp: &str,
    request: &RequestParts<'_>,
    signed: &mut Signed,
) -> Result<(), Refusal> {
    if let Some(when) = way.when
        && let Source::Header(name) = when.source
    {
        signed.headers.push((name, when.value.to_owned()));
    }
    match way.timestamp.map(|timestamp| timestamp.source) {
        Some(TimestampSource::Header(name)) => signed.headers.push((name, timestamp.to_owned())),
        Some(TimestampSource::Field(path)) => {
            // A number of milliseconds is a number in JSON; other times are texts.
            let is_number = way.timestamp.is_some_and(|time| time.unit.is_number_in_json());
            let value = timestamp.parse().ok().filter(|_| is_number);
            let value = value.map_or_else(|| json!(timestamp), |number: i64| json!(number));
            signed.body = Some(with_field(request.body, path, value)?);
        }
        Some(TimestampSource::ListPart(_)) | None => {}
    }
    Ok(())
}

fn place(
    way: &Way,
    timestamp: &str,
    proof: &str,
    body: &[u8],
    signed: &mut Signed,
) -> Result<(), Refusal> {
    match way.place {
        Place::Header { name, prefix } => signed.headers.push((name, format!("{prefix}{proof}"))),
        Place::ListPart { name, separator, assignment, part } => {
            let mut list = String::new();
            let source = way.timestamp.map(|timestamp| timestamp.source);
            if let Some(TimestampSource::ListPart(time)) = source {
                // Writing into a string cannot fail.
                let _ = write!(list, "{time}{assignment}{timestamp}{separator}");
            }
            let _ = write!(list, "{part}{assignment}{proof}");
            signed.headers.push((name, list));
        }
        Place::Query { name } => signed.query.push((name, proof.to_owned())),
        Place::Field { path } => signed.body = Some(with_field(body, path, json!(proof))?),
    }
    Ok(())
}

/// The body with this value in this field.
fn with_field(body: &[u8], path: FieldPath, value: Value) -> Result<Vec<u8>, Refusal> {
    let malformed = Refusal::Malformed { name: BODY };
    let mut document: Value = serde_json::from_slice(body).map_err(|_| malformed.clone())?;
    let mut at = &mut document;
    for step in path {
        at = if *step == ELEMENT {
            at.get_mut(0).ok_or(malformed.clone())?
        } else {
            let object = at.as_object_mut().ok_or(malformed.clone())?;
            object.entry(*step).or_insert_with(|| Value::Object(Map::new()))
        };
    }
    *at = value;
    serde_json::to_vec(&document).map_err(|_| malformed)
}
