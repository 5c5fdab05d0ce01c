//! Fields of JSON objects that strangers send.
//!
//! Only the fields that are asked for are kept, as their text: a body of a million numbers takes
//! no more memory than its bytes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Some of the fields of a JSON object.
pub struct JsonObject<'b> {
    /// Names with the texts of their values, in the order of the object.
    fields: Vec<(&'static str, &'b RawValue)>,
    has_dollar_name: bool,
}

impl<'b> JsonObject<'b> {
    /// Reads the fields of these names; the others are skipped. `None` for all that is no JSON
    /// object, such as an array.
    pub fn read(body: &'b [u8], names: &[&'static str]) -> Option<Self> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let object = json.deserialize_map(Names(names)).ok()?;
        json.end().ok()?;
        Some(object)
    }

    /// The string of a field. Of several of one name the last one counts.
    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// The JSON text of a field.
    pub fn raw(&self, name: &str) -> Option<&'b str> {
        let field = self.fields.iter().rev().find(|(own, _)| *own == name);
        field.map(|(_, value)| value.get())
    }

    /// Whether a field that was asked for is there more than once.
    pub fn has_duplicates(&self) -> bool {
        let names = self.fields.iter().enumerate();
        names.into_iter().any(|(index, (name, _))| {
            self.fields[..index].iter().any(|(earlier, _)| earlier == name)
        })
    }

    /// Whether the name of a field begins with `$`, as those do that give an object of extended
    /// JSON another type.
    pub fn has_dollar_name(&self) -> bool {
        self.has_dollar_name
    }
}

struct Names<'n>(&'n [&'static str]);

impl<'de> Visitor<'de> for Names<'_> {
    type Value = JsonObject<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = JsonObject { fields: Vec::new(), has_dollar_name: false };
        while let Some(name) = map.next_key_seed(Names(self.0))? {
            match name {
                Name::Wanted(name) => {
                    if object.fields.len() >= FIELDS_MAX {
                        return Err(A::Error::custom("a field is repeated too often"));
                    }
                    object.fields.push((name, map.next_value()?));
                }
                Name::Other { has_dollar } => {
                    object.has_dollar_name |= has_dollar;
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(object)
    }
}

/// More fields are repetitions.
const FIELDS_MAX: usize = 64;

enum Name {
    Wanted(&'static str),
    Other { has_dollar: bool },
}

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        struct Key<'n>(&'n [&'static str]);

        impl Visitor<'_> for Key<'_> {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                let wanted = self.0.iter().find(|wanted| **wanted == name);
                let other = Name::Other { has_dollar: name.starts_with('$') };
                Ok(wanted.map_or(other, |wanted| Name::Wanted(wanted)))
            }
        }

        deserializer.deserialize_str(Key(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_have_fields_and_the_last_of_a_name_counts() {
        let cases = [
            (r#"{"a":"1","b":[1,{"a":"x"}],"$c":2}"#, Some((Some("1"), false, true))),
            (r#"{"a":"1","\u0061":"2"}"#, Some((Some("2"), true, false))),
            (r#"{"a":1}"#, Some((None, false, false))),
            ("{}", Some((None, false, false))),
            (r#"["1"]"#, None),
            ("\"a\"", None),
            (r#"{"a":"1"} x"#, None),
            (r#"{"a":"1""#, None),
            ("", None),
        ];
        for (body, expected) in cases {
            let found = JsonObject::read(body.as_bytes(), &["a"]);
            let found = found.as_ref().map(|object| {
                (object.text("a"), object.has_duplicates(), object.has_dollar_name())
            });
            let expected = expected.map(|(text, twice, dollar): (Option<&str>, _, _)| {
                (text.map(str::to_owned), twice, dollar)
            });
            assert_eq!(found, expected, "{body}");
        }
    }

    #[test]
    fn depth_and_repetition_are_no_trouble() {
        let deep = format!(r#"{{"b":{}{},"a":"1"}}"#, "[".repeat(500_000), "]".repeat(500_000));
        let object = JsonObject::read(deep.as_bytes(), &["a"]).unwrap();
        assert_eq!(object.text("a").as_deref(), Some("1"));
        let repeated = format!(r#"{{{}"a":1}}"#, r#""a":1,"#.repeat(FIELDS_MAX));
        assert!(JsonObject::read(repeated.as_bytes(), &["a"]).is_none());
    }
}
