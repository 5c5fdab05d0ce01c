//! The bytes that are signed, piece by piece, without gluing the body to anything.

use std::borrow::Cow;

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest, hmac};

use crate::{Hash, Key, Refusal, Token, crc32::crc32, fields, key, reading::Reading};

/// What a template takes its pieces from.
#[derive(Clone, Copy)]
pub(crate) struct Pieces<'a> {
    pub(crate) reading: &'a Reading<'a>,
    /// The time of signing, as received.
    pub(crate) timestamp: &'a str,
    /// The spelling of the URL that is tried.
    pub(crate) url: &'a str,
    pub(crate) key: &'a Key,
}

impl Pieces<'_> {
    /// Computes the HMAC of what a template describes.
    pub(crate) fn hmac(&self, hash: Hash, signed: &[Token]) -> Result<hmac::Tag, Refusal> {
        let mut context = hmac::Context::with_key(&self.key.hmac(hash));
        self.feed(signed, &mut |bytes| context.update(bytes))?;
        Ok(context.sign())
    }

    /// Computes the hash of what a template describes, behind some bytes.
    pub(crate) fn digest(
        &self,
        hash: Hash,
        before: &[u8],
        signed: &[Token],
    ) -> Result<digest::Digest, Refusal> {
        let mut context = digest::Context::new(key::digest_algorithm(hash));
        context.update(before);
        self.feed(signed, &mut |bytes| context.update(bytes))?;
        Ok(context.finish())
    }

    /// What a template describes, in one piece.
    pub(crate) fn bytes(&self, signed: &[Token]) -> Result<Vec<u8>, Refusal> {
        let mut all = Vec::with_capacity(self.reading.parts.body.len() + 64);
        self.feed(signed, &mut |bytes| all.extend_from_slice(bytes))?;
        Ok(all)
    }

    fn feed(&self, signed: &[Token], take: &mut dyn FnMut(&[u8])) -> Result<(), Refusal> {
        let reading = self.reading;
        for (index, token) in signed.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| signed.get(before));
            let around = [before, signed.get(index + 1)];
            match *token {
                Token::Literal(text) => take(text.as_bytes()),
                Token::Body => take(reading.parts.body),
                Token::Timestamp => take(self.timestamp.as_bytes()),
                Token::Header(name) => {
                    take(unseparated(reading.parts.header(name)?, name, around)?.as_bytes());
                }
                Token::Method => take(reading.parts.method.as_bytes()),
                Token::Url => take(self.url.as_bytes()),
                Token::Secret => take(self.key.bytes()),
                Token::Crc32 => take(crc32(reading.parts.body).to_string().as_bytes()),
                Token::Field(path) => {
                    let value = reading.field(path)?;
                    take(unseparated(value, fields::name(path), around)?.as_bytes());
                }
                Token::FreeField(path) => take(reading.field(path)?.as_bytes()),
                Token::OptionalField(path) => {
                    let value = reading.optional_field(path).unwrap_or_default();
                    take(unseparated(value, fields::name(path), around)?.as_bytes());
                }
                Token::Line(path) => {
                    line(fields::name(path), reading.field(path)?, index, take)?;
                }
                Token::OptionalLine(path) => {
                    if let Some(value) = reading.optional_field(path) {
                        line(fields::name(path), value, index, take)?;
                    }
                }
                Token::SecretLine(path) => {
                    let value = reading.field(path)?;
                    verify_slices_are_equal(value.as_bytes(), self.key.bytes())
                        .map_err(|_| Refusal::Mismatch)?;
                    line(fields::name(path), value, index, take)?;
                }
                Token::Form => {
                    reading.form()?.iter().for_each(|piece| take(piece));
                }
            }
        }
        Ok(())
    }
}

/// A value that is signed. It may not hold a separator that stands beside it: else one signature
/// would cover several readings of the same bytes.
fn unseparated<'a>(
    value: &'a str,
    name: &'static str,
    around: [Option<&Token>; 2],
) -> Result<&'a str, Refusal> {
    let is_in = |token: &Token| matches!(token, Token::Literal(text) if value.contains(text));
    if around.into_iter().flatten().any(is_in) {
        return Err(Refusal::Malformed { name });
    }
    Ok(value)
}

/// A line of what is signed. Only the value of the first one may hold line breaks, for the same
/// reason: where it ends is told by the lines behind it.
fn line(
    name: &'static str,
    value: &str,
    index: usize,
    take: &mut dyn FnMut(&[u8]),
) -> Result<(), Refusal> {
    if index > 0 && value.contains('\n') {
        return Err(Refusal::Malformed { name });
    }
    for piece in [name, "\n", value, "\n"] {
        take(piece.as_bytes());
    }
    Ok(())
}

/// The spellings of a URL that may have been signed; the first is the URL itself.
pub(crate) type Urls<'a> = Vec<Cow<'a, str>>;
