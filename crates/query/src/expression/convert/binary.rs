//! Conversions between binaries and texts: base64, hexadecimal, UTF-8, UUID.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use bson::{Binary, RawBinaryRef, RawBson, RawBsonRef, spec::BinarySubtype};

use crate::{
    MongoCode, QueryError,
    expression::{numeric::Numeric, value::Value},
};

/// Where the dashes of a UUID are.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// Padded or not.
const URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A subtype from its number.
pub(super) fn subtype(value: RawBsonRef<'_>) -> Result<BinarySubtype, QueryError> {
    let number = Numeric::of(value).and_then(Numeric::whole);
    match number.and_then(|number| u8::try_from(number).ok()) {
        Some(number) => Ok(BinarySubtype::from(number)),
        None => Err(QueryError::bad_value(
            "In $convert, the value of 'subtype' does not correspond to a BinData type",
        )),
    }
}

/// The text of a binary in a format.
pub(super) fn to_text(
    binary: RawBinaryRef<'_>,
    format: Option<&str>,
) -> Result<String, QueryError> {
    let bytes = binary.bytes;
    let is_uuid = binary.subtype == BinarySubtype::Uuid && bytes.len() == 16;
    Ok(match (format, is_uuid) {
        (Some("auto" | "uuid"), true) => {
            let mut text = hex::encode(bytes);
            DASHES.iter().for_each(|place| text.insert(*place, '-'));
            text
        }
        (Some("uuid"), false) => {
            return Err(QueryError::conversion(
                "Only UUID binaries can be converted with the 'uuid' format in $convert \
                 with no onError value"
                    .to_owned(),
            ));
        }
        (Some("auto" | "base64"), _) => general_purpose::STANDARD.encode(bytes),
        (Some("base64url"), _) => general_purpose::URL_SAFE_NO_PAD.encode(bytes),
        (Some("hex"), _) => hex::encode_upper(bytes),
        (Some("utf8"), _) => match str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                return Err(QueryError::conversion(
                    "BinData does not represent a valid UTF-8 string in $convert \
                     with no onError value"
                        .to_owned(),
                ));
            }
        },
        (format, _) => return Err(no_format(format, "binData", "string")),
    })
}

/// A binary from its text in a format.
pub(super) fn from_text(
    text: &str,
    subtype: BinarySubtype,
    format: Option<&str>,
) -> Result<Value<'static>, QueryError> {
    if (format == Some("uuid")) != (subtype == BinarySubtype::Uuid) && format.is_some() {
        return Err(QueryError::conversion(
            "Only the UUID subtype is allowed with the UUID format in $convert \
             with no onError value"
                .to_owned(),
        ));
    }
    let invalid = |what: &str| {
        QueryError::conversion(format!(
            "Input is not a valid {what} string in $convert with no onError value: {text}"
        ))
    };
    let bytes = match format {
        Some("base64") => general_purpose::STANDARD.decode(text).map_err(|_| invalid("base64"))?,
        Some("base64url") => URL.decode(text).map_err(|_| invalid("base64url"))?,
        Some("hex") => hex::decode(text).map_err(|_| invalid("hex"))?,
        Some("utf8") => text.as_bytes().to_vec(),
        Some("uuid") => uuid(text).ok_or_else(|| invalid("uuid"))?,
        format => return Err(no_format(format, "string", "binData")),
    };
    Ok(Value::owned(RawBson::Binary(Binary { subtype, bytes })))
}

fn no_format(format: Option<&str>, from: &str, to: &str) -> QueryError {
    match format {
        None => {
            let text = format!("Format must be specified when converting from '{from}' to '{to}'");
            QueryError::new(MongoCode::CONVERT_FORMAT_MISSING, text)
        }
        Some(format) => QueryError::new(
            MongoCode::CONVERT_FORMAT_INVALID,
            format!("Invalid 'format' argument for $convert: {format}"),
        ),
    }
}

fn uuid(text: &str) -> Option<Vec<u8>> {
    let has_dashes = DASHES.iter().all(|place| text.as_bytes().get(*place) == Some(&b'-'));
    let digits = text.replace('-', "");
    let is_valid = text.len() == 36 && has_dashes && digits.len() == 32;
    hex::decode(digits).ok().filter(|_| is_valid)
}
