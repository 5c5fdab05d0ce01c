//! From the text to BSON.

use std::{borrow::Cow, fmt};

use bson::{RawDocumentBuf, spec::ElementType};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::wrappers::{self, Wrapper};

/// How deep values are nested at most. MongoDB takes 100 levels of a document.
const DEPTH_MAX: usize = 100;

/// Why a text is not read. The message is for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ExtendedJsonError(String);

/// Reads an array of documents, such as the arguments of a method of a collection.
///
/// # Errors
/// The text is not JSON, not an array of objects, or holds what BSON cannot hold.
pub(crate) fn read_array(text: &str) -> Result<Vec<RawDocumentBuf>, ExtendedJsonError> {
    let mut bytes = Vec::new();
    read_value(text, &mut bytes, 0).map_err(|error| ExtendedJsonError(told(&error)))?;
    let wrong = || ExtendedJsonError("the arguments must be an array of objects".to_owned());
    let is_array = text.trim_ascii_start().starts_with('[');
    // The bytes are a whole document here, whose names are those of an array.
    let array = RawDocumentBuf::from_bytes(bytes).ok().filter(|_| is_array).ok_or_else(wrong)?;
    let items = array.iter().map(|item| Some(item.ok()?.1.as_document()?.to_owned()));
    items.collect::<Option<Vec<_>>>().ok_or_else(wrong)
}

/// Appends the value that a text stands for; answers its type.
pub(super) fn read_value(
    text: &str,
    bytes: &mut Vec<u8>,
    depth: usize,
) -> Result<ElementType, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let kind = Value { bytes, depth }.deserialize(&mut json)?;
    json.end()?;
    Ok(kind)
}

/// What the parser says, without the place: it may be one within a part of the text.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
    match error.classify() {
        serde_json::error::Category::Data => message.to_owned(),
        _ => format!("the arguments are not valid JSON: {message}"),
    }
}

/// A value that is appended to the bytes.
struct Value<'o> {
    bytes: &'o mut Vec<u8>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ElementType;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<ElementType, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ElementType;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("extended JSON")
    }

    fn visit_unit<E>(self) -> Result<ElementType, E> {
        Ok(ElementType::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<ElementType, E> {
        self.bytes.push(truth.into());
        Ok(ElementType::Boolean)
    }

    fn visit_i64<E>(self, integer: i64) -> Result<ElementType, E> {
        Ok(wrappers::append_integer(integer, self.bytes))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<ElementType, E> {
        Ok(match i64::try_from(integer) {
            Ok(integer) => wrappers::append_integer(integer, self.bytes),
            Err(_) => wrappers::append_double(integer as f64, self.bytes),
        })
    }

    fn visit_f64<E>(self, number: f64) -> Result<ElementType, E> {
        Ok(wrappers::append_double(number, self.bytes))
    }

    fn visit_str<E>(self, text: &str) -> Result<ElementType, E> {
        wrappers::append_text(text, self.bytes);
        Ok(ElementType::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ElementType, A::Error> {
        let mut list = Fields::begin(self.bytes, self.depth)?;
        loop {
            let (at, depth) = list.name(&list.count.to_string());
            let Some(kind) = items.next_element_seed(Value { bytes: list.bytes, depth })? else {
                list.bytes.truncate(at);
                break;
            };
            list.set_type(at, kind);
        }
        list.end()?;
        Ok(ElementType::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ElementType, A::Error> {
        let Self { bytes, depth } = self;
        let Some(first) = map.next_key::<Name<'de>>()? else {
            Fields::begin(bytes, depth)?.end()?;
            return Ok(ElementType::EmbeddedDocument);
        };
        if !wrappers::may_begin(&first.0) {
            return document(bytes, depth, None, Some(first.0), map);
        }
        let content: &RawValue = map.next_value()?;
        let one = (first.0, content);
        let Some(second) = map.next_key::<Name<'de>>()? else {
            return match wrappers::of_one(&one.0, content.get(), bytes).map_err(A::Error::custom)? {
                Wrapper::Value(kind) => Ok(kind),
                Wrapper::No => document(bytes, depth, Some(one), None, map),
            };
        };
        if !wrappers::may_be_pair(&one.0, &second.0) {
            return document(bytes, depth, Some(one), Some(second.0), map);
        }
        let other = (second.0, map.next_value::<&RawValue>()?);
        let third = map.next_key::<Name<'de>>()?;
        if third.is_none() {
            let pair = [(&*one.0, one.1.get()), (&*other.0, other.1.get())];
            let wrapper = wrappers::of_two(pair, bytes, depth).map_err(A::Error::custom)?;
            if let Wrapper::Value(kind) = wrapper {
                return Ok(kind);
            }
        }
        let mut fields = Fields::begin(bytes, depth)?;
        for (name, value) in [one, other] {
            fields.raw(&name, value).map_err(A::Error::custom)?;
        }
        fields.rest(third.map(|name| name.0), map)
    }
}

/// An object that is one: what was read of it, the name that comes next, and the rest.
fn document<'de, A: MapAccess<'de>>(
    bytes: &mut Vec<u8>,
    depth: usize,
    first: Option<(Cow<'de, str>, &RawValue)>,
    next: Option<Cow<'de, str>>,
    map: A,
) -> Result<ElementType, A::Error> {
    let mut fields = Fields::begin(bytes, depth)?;
    if let Some((name, value)) = first {
        fields.raw(&name, value).map_err(A::Error::custom)?;
    }
    fields.rest(next, map)
}

/// The fields of a document that is being written.
struct Fields<'o> {
    bytes: &'o mut Vec<u8>,
    depth: usize,
    /// Where the document begins.
    start: usize,
    /// Where the names of the fields begin.
    names: Vec<usize>,
    count: usize,
}

impl<'o> Fields<'o> {
    fn begin<E: serde::de::Error>(bytes: &'o mut Vec<u8>, depth: usize) -> Result<Self, E> {
        if depth >= DEPTH_MAX {
            return Err(E::custom(format!("values are nested deeper than {DEPTH_MAX} levels")));
        }
        let start = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        Ok(Self { bytes, depth: depth + 1, start, names: Vec::new(), count: 0 })
    }

    /// Begins a field of which the type is not known; answers where the type goes, and the depth
    /// of the value.
    fn name(&mut self, name: &str) -> (usize, usize) {
        let at = self.bytes.len();
        self.bytes.push(0);
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.count += 1;
        (at, self.depth)
    }

    fn set_type(&mut self, at: usize, kind: ElementType) {
        self.bytes[at] = kind as u8;
    }

    /// The same for a name that somebody has chosen.
    fn named<E: serde::de::Error>(&mut self, name: &str) -> Result<(usize, usize), E> {
        if name.contains('\0') {
            return Err(E::custom("the name of a field holds a zero byte"));
        }
        let begun = self.name(name);
        self.names.push(begun.0 + 1);
        Ok(begun)
    }

    /// Adds a field whose value was kept as text.
    fn raw(&mut self, name: &str, value: &RawValue) -> Result<(), serde_json::Error> {
        let (at, depth) = self.named(name)?;
        let kind = read_value(value.get(), self.bytes, depth)?;
        self.set_type(at, kind);
        Ok(())
    }

    /// Adds all fields that are still to come, and ends the document.
    fn rest<'de, A: MapAccess<'de>>(
        mut self,
        mut next: Option<Cow<'de, str>>,
        mut map: A,
    ) -> Result<ElementType, A::Error> {
        while let Some(name) = next {
            let (at, depth) = self.named(&name)?;
            let kind = map.next_value_seed(Value { bytes: self.bytes, depth })?;
            self.set_type(at, kind);
            next = map.next_key::<Name<'de>>()?.map(|name| name.0);
        }
        self.end()?;
        Ok(ElementType::EmbeddedDocument)
    }

    /// Ends the document. Rules and stores could read two fields of one name differently.
    fn end<E: serde::de::Error>(self) -> Result<(), E> {
        let Self { bytes, start, mut names, .. } = self;
        bytes.push(0);
        let name = |at: usize| bytes[at..].split(|byte| *byte == 0).next().unwrap_or_default();
        names.sort_unstable_by(|one, other| name(*one).cmp(name(*other)));
        if let Some(pair) = names.windows(2).find(|pair| name(pair[0]) == name(pair[1])) {
            let name = String::from_utf8_lossy(name(pair[0])).into_owned();
            return Err(E::custom(format!("the field {name:?} is there more than once")));
        }
        let length = i32::try_from(bytes.len() - start);
        let length = length.map_err(|_| E::custom("a document is too long"))?;
        bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }
}

/// A name, borrowed where it holds no escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        json.deserialize_str(Text)
    }
}
