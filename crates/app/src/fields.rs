//! Reads the fields of one object and remembers every doubt about who may use it.
//!
//! A field that guards something and cannot be understood must never fall back to the meaning
//! that is more open. Readers therefore note a *doubt* and go on, and whoever makes the endpoint,
//! webhook or function asks at the end whether there was one.

use std::{borrow::Cow, collections::BTreeSet, sync::LazyLock};

use serde_json::{Map, Value as Json};

use crate::{
    Place, ProblemCode,
    json_file::JsonFile,
    json_scan::push_key,
    nearest::nearest,
    report::{Report, Spot},
};

/// Names of identity that any object of any version may carry.
const IDENTITY: [&str; 2] = ["id", "_id"];

/// Fields that the hosted service wrote and nobody writes by hand: no typing error means them.
const NEVER_MEANT: [&str; 4] = ["id", "_id", "function_id", "secret_id"];

/// More unknown fields of one object are not told: one refuses it already.
const UNKNOWN_TOLD_MAX: usize = 20;

/// Longer keys are cut in messages.
const KEY_BYTES_SHOWN: usize = 64;

/// What a flag must be, and how to write one.
const BOOLEAN: &str = "true or false";
const AS_BOOLEAN: &str = "write it as a boolean of JSON, without quotes";

/// An object whose fields are being read.
pub(crate) struct Fields<'a> {
    file: &'a JsonFile,
    object: &'a Map<String, Json>,
    path: String,
    known: BTreeSet<&'static str>,
    /// Fields of an object in this one, with the key of that object.
    of_child: Option<(&'static str, Vec<&'static str>)>,
    doubts: Vec<Note>,
    oddities: Vec<Note>,
}

/// Something to be said about a field.
struct Note {
    code: ProblemCode,
    field: String,
    message: String,
    remedy: Cow<'static, str>,
}

impl<'a> Fields<'a> {
    /// The object at a path of a file.
    pub(crate) fn new(file: &'a JsonFile, path: &str, object: &'a Map<String, Json>) -> Self {
        let mut fields = Self {
            file,
            object,
            path: path.to_owned(),
            known: IDENTITY.into_iter().collect(),
            of_child: None,
            doubts: Vec::new(),
            oddities: Vec::new(),
        };
        for field in file.duplicates_in(path) {
            fields.doubts.push(Note {
                code: ProblemCode::FieldDuplicate,
                field: field.to_owned(),
                message: format!("`{field}` is given twice"),
                remedy: "keep one of the two, the one that lets fewer callers in".into(),
            });
        }
        for field in file.unresolved_in(path) {
            fields.doubts.push(Note {
                code: ProblemCode::TemplateUnresolved,
                field: field.to_owned(),
                message: format!("the template in `{field}` names nothing"),
                remedy: "add the value to the file of the environment".into(),
            });
        }
        fields
    }

    /// An optional text; anything else is a doubt.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<&'a str> {
        match self.raw(key)? {
            Json::String(text) => Some(text),
            _ => {
                self.wrong_type(key, "a string");
                None
            }
        }
    }

    /// An optional text where an empty one means none.
    pub(crate) fn filled_text(&mut self, key: &'static str) -> Option<&'a str> {
        self.text(key).filter(|text| !text.is_empty())
    }

    /// A flag that guards: absent is `false`, and anything but a boolean a doubt.
    pub(crate) fn guard_flag(&mut self, key: &'static str) -> bool {
        match self.raw(key) {
            None => false,
            Some(Json::Bool(flag)) => *flag,
            Some(_) => {
                self.wrong_type(key, BOOLEAN);
                false
            }
        }
    }

    /// A flag that guards nothing; `closed` is what a wrong type means, with a warning.
    pub(crate) fn flag(&mut self, key: &'static str, closed: bool) -> bool {
        match self.raw(key) {
            None | Some(Json::Null) => false,
            Some(Json::Bool(flag)) => *flag,
            Some(_) => {
                let message = format!("`{key}` is not {BOOLEAN}");
                self.oddity_with(ProblemCode::FieldType, key, message, AS_BOOLEAN);
                closed
            }
        }
    }

    /// A JSON expression, possibly written as a string of JSON; empty means always.
    pub(crate) fn expression(&mut self, key: &'static str) -> Option<Json> {
        let raw = self.raw(key)?;
        let parsed = match raw {
            Json::String(text) => serde_json::from_str(text).ok(),
            other => Some(other.clone()),
        };
        match parsed {
            Some(Json::Object(expression)) if expression.is_empty() => None,
            Some(expression @ Json::Object(_)) => Some(expression),
            _ => {
                self.wrong_type(key, "an object");
                None
            }
        }
    }

    /// A condition: an object or a boolean; anything else is a doubt.
    pub(crate) fn condition(&mut self, key: &'static str) -> Option<Json> {
        match self.raw(key)? {
            condition @ (Json::Object(_) | Json::Bool(_)) => Some(condition.clone()),
            _ => {
                self.wrong_type(key, "an object, true or false");
                None
            }
        }
    }

    /// The fields of an object somewhere in this one, whose path is not known beforehand.
    pub(crate) fn within(&self, path: &str, object: &'a Map<String, Json>) -> Self {
        // The parent has noted duplicates and templates of everything below it.
        Self { doubts: Vec::new(), ..Self::new(self.file, &self.path_of(path), object) }
    }

    /// The fields of an object in this one; anything else is a doubt. What is found wrong in it
    /// comes back with [`Fields::absorb`].
    pub(crate) fn child(&mut self, key: &'static str) -> Option<Self> {
        match self.raw(key)? {
            Json::Object(object) => {
                let path = self.path_of(key);
                // The parent has noted duplicates and templates of everything below it.
                let child = Self::new(self.file, &path, object);
                Some(Self { doubts: Vec::new(), ..child })
            }
            _ => {
                self.wrong_type(key, "an object");
                None
            }
        }
    }

    /// The same, where an object that is not there has no fields.
    pub(crate) fn child_or_empty(&mut self, key: &'static str) -> Self {
        static EMPTY: LazyLock<Map<String, Json>> = LazyLock::new(Map::new);
        let child = self.child(key);
        child.unwrap_or_else(|| {
            let empty = Self::new(self.file, &self.path_of(key), &EMPTY);
            Self { doubts: Vec::new(), ..empty }
        })
    }

    /// The objects of a list, with the fields of each; anything else is a doubt.
    pub(crate) fn children(&mut self, key: &'static str) -> Vec<Self> {
        let items = match self.raw(key) {
            None => return Vec::new(),
            Some(Json::Array(items)) => items,
            Some(_) => {
                self.wrong_type(key, "a list of objects");
                return Vec::new();
            }
        };
        let objects: Vec<_> = items.iter().filter_map(Json::as_object).collect();
        if objects.len() < items.len() {
            self.wrong_type(key, "a list of objects");
        }
        let path = self.path_of(key);
        let children = objects.into_iter().enumerate().map(|(index, object)| {
            let child = Self::new(self.file, &format!("{path}[{index}]"), object);
            Self { doubts: Vec::new(), ..child }
        });
        children.collect()
    }

    /// A list of texts, or one text for a list of one; anything else is a doubt.
    pub(crate) fn texts(&mut self, key: &'static str) -> Vec<&'a str> {
        let items = match self.raw(key) {
            None => return Vec::new(),
            Some(Json::String(text)) => return vec![text],
            Some(Json::Array(items)) => &items[..],
            Some(_) => &[Json::Null],
        };
        let texts: Option<Vec<_>> = items.iter().map(Json::as_str).collect();
        texts.unwrap_or_else(|| {
            self.wrong_type(key, "a list of strings");
            Vec::new()
        })
    }

    /// Notes that a field which some exports have is not used.
    pub(crate) fn unused(&mut self, key: &'static str) {
        if self.raw(key).is_some() {
            let message = format!("`{key}` is not used");
            self.oddity_with(ProblemCode::FieldUnknown, key, message, "remove the field");
        }
    }

    /// Takes over what was noted about a child.
    pub(crate) fn absorb(&mut self, mut child: Self) {
        child.check_unknown();
        self.doubts.append(&mut child.doubts);
        self.oddities.append(&mut child.oddities);
    }

    /// Where the object is.
    pub(crate) fn place(&self) -> Place {
        self.file.place(&self.path)
    }

    /// A field as it is, marked as known.
    pub(crate) fn raw(&mut self, key: &'static str) -> Option<&'a Json> {
        self.known.insert(key);
        self.object.get(key)
    }

    /// Tells which fields belong into the object `child`, for whoever wrote one beside it.
    pub(crate) fn belongs_into(&mut self, child: &'static str, keys: &[&'static str]) {
        self.of_child = Some((child, keys.to_vec()));
    }

    /// Notes a doubt. Returns its message, to be kept with what is refused.
    pub(crate) fn doubt(
        &mut self,
        code: ProblemCode,
        key: &str,
        message: String,
        remedy: impl Into<Cow<'static, str>>,
    ) -> String {
        let (field, remedy) = (self.path_of(key), remedy.into());
        self.doubts.push(Note { code, field, message: message.clone(), remedy });
        message
    }

    /// Notes something that is worth a warning.
    pub(crate) fn oddity(&mut self, code: ProblemCode, key: &str, message: String) {
        self.oddity_with(code, key, message, "correct the value of the field");
    }

    /// The same with a remedy of its own.
    pub(crate) fn oddity_with(
        &mut self,
        code: ProblemCode,
        key: &str,
        message: String,
        remedy: &'static str,
    ) {
        let field = self.path_of(key);
        self.oddities.push(Note { code, field, message, remedy: remedy.into() });
    }

    /// Reports everything noted, as being about `subject`. Returns why the subject must be
    /// refused, where it must.
    pub(crate) fn settle(mut self, subject: &str, report: &mut Report) -> Option<String> {
        self.check_unknown();
        self.settle_as_it_is(subject, report)
    }

    /// The same for an object whose fields somebody else reads.
    pub(crate) fn settle_as_it_is(self, subject: &str, report: &mut Report) -> Option<String> {
        for note in &self.oddities {
            let spot = self.file.spot(&note.field);
            report.warn(note.code, spot, format!("{subject}: {}", note.message), &note.remedy);
        }
        for note in &self.doubts {
            let message = format!("{subject} is refused: {}", note.message);
            report.error(note.code, self.file.spot(&note.field), message, &note.remedy);
        }
        let reasons: Vec<_> = self.doubts.into_iter().map(|doubt| doubt.message).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// Where a field is, for problems.
    pub(crate) fn spot(&self, key: &str) -> Spot {
        self.file.spot(&self.path_of(key))
    }

    /// A field that nobody asked for is a doubt, whatever its name: it may be a misspelt guard.
    fn check_unknown(&mut self) {
        let unknown = self.object.keys().filter(|key| !self.known.contains(key.as_str()));
        for key in unknown.take(UNKNOWN_TOLD_MAX) {
            let mut field = self.path.clone();
            push_key(&mut field, key);
            let shown = &key[..key.floor_char_boundary(KEY_BYTES_SHOWN)];
            self.doubts.push(Note {
                code: ProblemCode::FieldUnknown,
                field,
                message: format!("`{shown}` is not a known field"),
                remedy: self.remedy_of_unknown(key).into(),
            });
        }
    }

    fn remedy_of_unknown(&self, key: &str) -> String {
        let own: Vec<_> =
            self.known.iter().filter(|known| !NEVER_MEANT.contains(*known)).copied().collect();
        let (child, keys) = match &self.of_child {
            Some((child, keys)) => (*child, &keys[..]),
            None => ("", &[][..]),
        };
        match nearest(key, keys.iter().chain(&own).copied()) {
            Some(known) if own.contains(&known) => format!("write `{known}`"),
            Some(inner) => format!("write `{inner}`, and put it into `{child}`"),
            None => format!("correct its name; the fields are {}", own.join(", ")),
        }
    }

    fn wrong_type(&mut self, key: &'static str, wanted: &str) {
        let message = format!("`{key}` is not {wanted}");
        let remedy = match wanted {
            BOOLEAN => AS_BOOLEAN.to_owned(),
            _ => format!("write {wanted}"),
        };
        self.doubt(ProblemCode::FieldType, key, message, remedy);
    }

    fn path_of(&self, key: &str) -> String {
        let mut path = self.path.clone();
        if !key.is_empty() {
            push_key(&mut path, key);
        }
        path
    }
}
