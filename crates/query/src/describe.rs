//! Values in the words of error messages: what a server writes, `$size: -1`.

use std::fmt::Write as _;

use bson::{RawBsonRef, Uuid, spec::BinarySubtype};

use crate::bson_types::type_name;

/// How much of a value a message shows.
const LENGTH_MAX: usize = 150;

/// A value as messages show it.
pub(crate) fn describe(value: RawBsonRef<'_>) -> String {
    let mut text = Text { text: String::new(), bytes_max: LENGTH_MAX };
    text.write(value);
    let mut text = text.text;
    if text.len() > LENGTH_MAX {
        let end = text.floor_char_boundary(LENGTH_MAX);
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// A whole value as messages show it.
pub fn value_text(value: RawBsonRef<'_>) -> String {
    let mut text = Text { text: String::new(), bytes_max: usize::MAX };
    text.write(value);
    text.text
}

/// A field with its value.
pub(crate) fn describe_field(name: &str, value: RawBsonRef<'_>) -> String {
    format!("{name}: {}", describe(value))
}

/// A text in the making, of so many bytes at the most and a few more, so that it is cut there.
struct Text {
    text: String,
    bytes_max: usize,
}

impl Text {
    fn write(&mut self, value: RawBsonRef<'_>) {
        match value {
            RawBsonRef::Document(document) if document.is_empty() => self.text.push_str("{}"),
            RawBsonRef::Document(document) => {
                self.text.push('{');
                for (index, (name, value)) in document.iter().flatten().enumerate() {
                    if self.is_full() {
                        break;
                    }
                    self.text.push_str(if index == 0 { " " } else { ", " });
                    self.push(name.as_str());
                    self.text.push_str(": ");
                    self.write(value);
                }
                self.text.push_str(" }");
            }
            RawBsonRef::Array(array) => {
                self.text.push('[');
                for (index, item) in array.into_iter().flatten().enumerate() {
                    if self.is_full() {
                        break;
                    }
                    self.text.push_str(if index == 0 { " " } else { ", " });
                    self.write(item);
                }
                self.text.push_str(" ]");
            }
            // Writing to a string does not fail.
            scalar => self.write_scalar(scalar).unwrap_or_default(),
        }
    }

    fn write_scalar(&mut self, value: RawBsonRef<'_>) -> std::fmt::Result {
        match value {
            RawBsonRef::String(string) | RawBsonRef::Symbol(string) => {
                self.text.push('"');
                self.push(string);
                self.text.push('"');
            }
            RawBsonRef::RegularExpression(regex) => {
                self.text.push('/');
                self.push(regex.pattern.as_str());
                write!(self.text, "/{}", regex.options.as_str())?;
            }
            RawBsonRef::JavaScriptCode(code) => self.push(code),
            RawBsonRef::Binary(binary) => self.write_binary(binary.subtype, binary.bytes)?,
            value => write_short(&mut self.text, value)?,
        }
        Ok(())
    }

    fn write_binary(&mut self, subtype: BinarySubtype, bytes: &[u8]) -> std::fmt::Result {
        // Two digits a byte: as many bytes as may be shown are enough.
        let shown = &bytes[..bytes.len().min(self.bytes_max)];
        if let (BinarySubtype::Uuid, Ok(bytes)) = (subtype, <[u8; 16]>::try_from(bytes)) {
            return write!(self.text, "UUID(\"{}\")", Uuid::from_bytes(bytes));
        }
        write!(self.text, "BinData({}, ", u8::from(subtype))?;
        shown.iter().try_for_each(|byte| write!(self.text, "{byte:02X}"))?;
        self.text.push(')');
        Ok(())
    }

    /// Pushes as much of a text as a message may show.
    fn push(&mut self, text: &str) {
        let end = text.floor_char_boundary(self.bytes_max.saturating_add(8));
        self.text.push_str(&text[..end]);
    }

    fn is_full(&self) -> bool {
        self.text.len() > self.bytes_max
    }
}

/// Writes a value that has but one length, or nearly.
fn write_short(text: &mut String, value: RawBsonRef<'_>) -> std::fmt::Result {
    match value {
        RawBsonRef::Double(number) if number.is_finite() => write!(text, "{number:?}"),
        RawBsonRef::Double(number) if number.is_nan() => write!(text, "nan.0"),
        RawBsonRef::Double(number) => write!(text, "{number}.0"),
        RawBsonRef::Int32(number) => write!(text, "{number}"),
        RawBsonRef::Int64(number) => write!(text, "{number}"),
        RawBsonRef::Decimal128(number) => write!(text, "{number}"),
        RawBsonRef::Boolean(truth) => write!(text, "{truth}"),
        RawBsonRef::Null => write!(text, "null"),
        RawBsonRef::Undefined => write!(text, "undefined"),
        RawBsonRef::MinKey => write!(text, "MinKey"),
        RawBsonRef::MaxKey => write!(text, "MaxKey"),
        RawBsonRef::ObjectId(id) => write!(text, "ObjectId('{id}')"),
        RawBsonRef::DateTime(time) => write!(text, "new Date({})", time.timestamp_millis()),
        RawBsonRef::Timestamp(stamp) => {
            write!(text, "Timestamp({}, {})", stamp.time, stamp.increment)
        }
        other => write!(text, "{}", type_name(other)),
    }
}

#[cfg(test)]
mod tests {
    use bson::{Binary, Bson, RawBson, doc, spec::BinarySubtype};

    use super::{describe, value_text};

    #[test]
    fn values_are_shown_as_a_server_shows_them() {
        let binary = |subtype, bytes: &[u8]| Bson::Binary(Binary { subtype, bytes: bytes.into() });
        for (value, shown) in [
            (Bson::Double(1.0), "1.0"),
            (Bson::Double(f64::NAN), "nan.0"),
            (Bson::Double(f64::NEG_INFINITY), "-inf.0"),
            (Bson::Document(doc! {}), "{}"),
            (Bson::Document(doc! {"a": [1, "b"]}), "{ a: [ 1, \"b\" ] }"),
            (binary(BinarySubtype::Generic, &[1, 0xab]), "BinData(0, 01AB)"),
            (
                binary(BinarySubtype::Uuid, &[0xab; 16]),
                "UUID(\"abababab-abab-abab-abab-abababababab\")",
            ),
            (binary(BinarySubtype::Uuid, &[0xab]), "BinData(4, AB)"),
        ] {
            let value = RawBson::try_from(value).unwrap();
            assert_eq!(value_text(value.as_raw_bson_ref()), shown);
            assert_eq!(describe(value.as_raw_bson_ref()), shown);
        }
    }

    #[test]
    fn a_message_shows_the_begin_of_a_long_value() {
        let value = RawBson::String("x".repeat(1000));
        assert_eq!(describe(value.as_raw_bson_ref()).len(), 153);
        assert_eq!(value_text(value.as_raw_bson_ref()).len(), 1002);
    }
}
