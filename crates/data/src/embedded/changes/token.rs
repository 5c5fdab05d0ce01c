//! Resume tokens of the embedded store.

use bson::{RawDocument, RawDocumentBuf, raw::cstr};
use hookstead_query::MongoCode;

use crate::{DataError, ErrorKind};

/// The form of a token, which is its first byte.
const FORM: u8 = 1;
const BYTES: usize = 25;

/// A change that a stream can go on behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// The log.
    pub(crate) log: [u8; 8],
    /// The collection, as it was watched.
    pub(crate) watched: i64,
    /// The number of the change.
    pub(crate) number: i64,
}

impl Token {
    /// The token as it stands in an event: `{ _data: "<hexadecimal digits>" }`.
    pub(crate) fn document(self) -> RawDocumentBuf {
        let mut bytes = vec![FORM];
        bytes.extend_from_slice(&self.log);
        bytes.extend_from_slice(&self.watched.to_be_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_data"), digits);
        document
    }

    /// Reads a token.
    ///
    /// # Errors
    /// It is none of an embedded store.
    pub(crate) fn read(document: &RawDocument) -> Result<Self, DataError> {
        let digits = document.get_str("_data").ok();
        digits.and_then(Self::of_digits).ok_or_else(|| {
            let message = "Bad resume token: it is not one of this store";
            DataError::new(ErrorKind::Refused, message).with_code(MongoCode::INVALID_RESUME_TOKEN)
        })
    }

    fn of_digits(digits: &str) -> Option<Self> {
        if digits.len() != 2 * BYTES || !digits.is_ascii() {
            return None;
        }
        let mut bytes = [0; BYTES];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        let (form, rest) = bytes.split_first()?;
        let (log, rest) = rest.split_first_chunk::<8>()?;
        let (watched, rest) = rest.split_first_chunk::<8>()?;
        let (number, _) = rest.split_first_chunk::<8>()?;
        let (watched, number) = (i64::from_be_bytes(*watched), i64::from_be_bytes(*number));
        (*form == FORM).then_some(Self { log: *log, watched, number })
    }
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::Token;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let token = Token { log: *b"\0\x01abcdef", watched: 7, number: i64::MAX - 1 };
        assert_eq!(Token::read(&token.document()).unwrap(), token);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let whole = Token { log: [9; 8], watched: 1, number: 2 }.document();
        let digits = whole.get_str("_data").unwrap().to_owned();
        for text in ["", "01", &digits[2..], &format!("02{}", &digits[2..]), &"é".repeat(25)] {
            let error = Token::read(&rawdoc! {"_data": text}).unwrap_err();
            assert_eq!(error.number(), Some(260), "{text}");
        }
        assert!(Token::read(&rawdoc! {"_data": 1}).is_err());
        assert!(Token::read(&rawdoc! {}).is_err());
    }
}
