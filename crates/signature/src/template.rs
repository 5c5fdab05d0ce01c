//! The bytes that are signed, piece by piece, without gluing the body to anything.

use aws_lc_rs::hmac;

use crate::{Hash, Key, Refusal, RequestParts, Token};

/// Computes the HMAC of what a template describes.
pub(crate) fn tag(
    hash: Hash,
    key: &Key,
    signed: &[Token],
    request: &RequestParts<'_>,
    timestamp: &str,
) -> Result<hmac::Tag, Refusal> {
    let mut context = hmac::Context::with_key(&key.hmac(hash));
    for (index, token) in signed.iter().enumerate() {
        context.update(match *token {
            Token::Literal(text) => text.as_bytes(),
            Token::Body => request.body,
            Token::Timestamp => timestamp.as_bytes(),
            Token::Header(name) => header(name, signed.get(index + 1), request)?.as_bytes(),
            Token::Method => request.method.as_bytes(),
            Token::Url => request.url.as_bytes(),
        });
    }
    Ok(context.sign())
}

/// A header that is signed. It may not hold the separator that follows it: else one signature
/// would cover several readings of the same bytes.
fn header<'a>(
    name: &'static str,
    next: Option<&Token>,
    request: &RequestParts<'a>,
) -> Result<&'a str, Refusal> {
    let value = request.header(name)?;
    match next {
        Some(Token::Literal(separator)) if value.contains(separator) => {
            Err(Refusal::Malformed { name })
        }
        _ => Ok(value),
    }
}
