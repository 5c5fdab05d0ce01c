//! Fields of a JSON body, found without building a document: nothing is proven yet, and the body
//! may be anybody's.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer as _, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::{FieldPath, Refusal};

/// How large a body may be of which something is read before it is proven to be anyone's: fields
/// of a document, or a form. Bodies that are signed as they are may be larger.
pub(crate) const BODY_READ_BYTES_MAX: usize = 1 << 20;

/// The name of the body in refusals.
pub(crate) const BODY: &str = "the body";

/// What stands in a path for the only element of a list.
pub(crate) const ELEMENT: &str = "[]";

/// The fields that a scheme reads, with their values in this body.
#[derive(Default)]
pub(crate) struct Fields(Vec<(FieldPath, Option<String>)>);

impl Fields {
    /// Finds fields. A number or a boolean counts as its text.
    ///
    /// # Errors
    /// The body is no JSON, is too large, or gives one of the fields twice.
    pub(crate) fn read(paths: &[FieldPath], body: &[u8]) -> Result<Self, Refusal> {
        if paths.is_empty() {
            return Ok(Self::default());
        }
        let malformed = Refusal::Malformed { name: BODY };
        if body.len() > BODY_READ_BYTES_MAX {
            return Err(malformed);
        }
        let mut found: Vec<_> = paths.iter().map(|path| (*path, None)).collect();
        let wanted: Vec<_> = paths.iter().copied().enumerate().collect();
        let mut reader = serde_json::Deserializer::from_slice(body);
        let walk = Walk { wanted: &wanted, found: &mut found };
        let read = reader.deserialize_any(walk).and_then(|()| reader.end());
        read.map(|()| Self(found)).map_err(|_| malformed)
    }

    /// The value of a field.
    pub(crate) fn get(&self, path: FieldPath) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == path)?;
        value.as_deref()
    }
}

/// The name of a field in refusals.
pub(crate) fn name(path: FieldPath) -> &'static str {
    path.last().copied().unwrap_or(BODY)
}

/// Which fields to look for below here: each with its number and what is left of its path.
type Wanted = [(usize, FieldPath)];

/// Walks through a value.
struct Walk<'a> {
    wanted: &'a Wanted,
    found: &'a mut [(FieldPath, Option<String>)],
}

impl Walk<'_> {
    fn keep<E: Error>(self, value: &str) -> Result<(), E> {
        for (index, rest) in self.wanted {
            let Some((_, slot)) = self.found.get_mut(*index).filter(|_| rest.is_empty()) else {
                continue;
            };
            if slot.replace(value.to_owned()).is_some() {
                return Err(E::custom("a field is there twice"));
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    /// A name that leads to a field may be there once: readers of JSON take the last one, all of
    /// which may be other than what is proven.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = vec![false; self.found.len()];
        while let Some(below) = map.next_key_seed(Name { wanted: self.wanted })? {
            if below.is_empty() {
                map.next_value::<IgnoredAny>()?;
            } else {
                for (index, _) in &below {
                    if std::mem::replace(&mut seen[*index], true) {
                        return Err(A::Error::custom("a name is there twice"));
                    }
                }
                map.next_value_seed(Walk { wanted: &below, found: &mut *self.found })?;
            }
        }
        Ok(())
    }

    /// The only element of a list: readers of another one would take what is not proven.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let below = below(self.wanted, ELEMENT);
        if below.is_empty() {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        list.next_element_seed(Walk { wanted: &below, found: &mut *self.found })?;
        match list.next_element::<IgnoredAny>()? {
            Some(_) => Err(A::Error::custom("there is a second element")),
            None => Ok(()),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.keep(text)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.keep(if value { "true" } else { "false" })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.keep(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.keep(&number.to_string())
    }

    /// A fraction has more than one spelling, and none that is signed.
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        let is_wanted = self.wanted.iter().any(|(_, rest)| rest.is_empty());
        if is_wanted { Err(E::custom("a fraction")) } else { Ok(()) }
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The name of a field: which of the wanted ones are at or below it.
struct Name<'a> {
    wanted: &'a Wanted,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Vec<(usize, FieldPath)>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Vec<(usize, FieldPath)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(if name == ELEMENT { Vec::new() } else { below(self.wanted, name) })
    }
}

fn below(wanted: &Wanted, name: &str) -> Vec<(usize, FieldPath)> {
    let below = wanted.iter().filter_map(|(index, rest)| match *rest {
        [first, rest @ ..] if *first == name => Some((*index, rest)),
        _ => None,
    });
    below.collect()
}
