//! What begins with `%%`, and paths into it.

use std::sync::Arc;

use crate::{limits::PATH_NAMES_MAX, subject::Subject};

/// What an expansion begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expansion {
    /// `%%true`
    True,
    /// `%%false`
    False,
    /// `%%values`
    Values,
    /// `%%environment`
    Environment,
    /// `%%request`
    Request,
    /// `%%user`
    User,
    /// `%%args`
    Args,
    /// `%%root`
    Root,
    /// `%%prevRoot`
    PrevRoot,
    /// `%%this`
    This,
    /// `%%prev`
    Prev,
}

/// What the name of an expansion begins with.
pub(crate) const EXPANSION: &str = "%%";

/// Every expansion by its name, without `%%`.
const NAMES: [(&str, Expansion); 11] = [
    ("true", Expansion::True),
    ("false", Expansion::False),
    ("values", Expansion::Values),
    ("environment", Expansion::Environment),
    ("request", Expansion::Request),
    ("user", Expansion::User),
    ("args", Expansion::Args),
    ("root", Expansion::Root),
    ("prevRoot", Expansion::PrevRoot),
    ("this", Expansion::This),
    ("prev", Expansion::Prev),
];

const USER_MEMBERS: [&str; 5] = ["id", "type", "data", "custom_data", "identities"];

/// The member of `%%request` whose own members are names of headers.
const HEADERS: &str = "requestHeaders";

const REQUEST_MEMBERS: [&str; 9] = [
    "remoteIPAddress",
    HEADERS,
    "webhookUrl",
    "httpMethod",
    "rawQueryString",
    "httpReferrer",
    "httpUserAgent",
    "service",
    "action",
];

/// An expansion and a path into it, such as `%%user.custom_data.team`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operand {
    pub(crate) expansion: Expansion,
    /// Dotted; empty for the whole.
    pub(crate) path: Arc<str>,
}

/// What is wrong, and what to do about it.
pub(crate) type Wrong = (String, String);

impl Expansion {
    /// Whether it is a state of the document that a condition is about.
    pub(crate) fn is_of_document(self) -> bool {
        matches!(self, Self::Root | Self::PrevRoot | Self::This | Self::Prev)
    }

    /// Whether the value that it stands for is a document, so that a path can be put to it.
    pub(crate) fn is_document(self) -> bool {
        matches!(self, Self::Request | Self::User | Self::Args | Self::Root | Self::PrevRoot)
    }

    fn is_there(self, subject: Subject) -> bool {
        match self {
            Self::Args => subject == Subject::Action,
            Self::Root | Self::PrevRoot | Self::This | Self::Prev => subject == Subject::Document,
            _ => true,
        }
    }

    fn check(self, names: &[&str]) -> Result<(), Wrong> {
        let one_of = |known: &[&str], whole: bool| match names.first() {
            None if whole => Ok(()),
            Some(name) if known.contains(name) => Ok(()),
            _ => Err(format!("write one of its members: {}", known.join(", "))),
        };
        let checked = match self {
            Self::True | Self::False if names.is_empty() => Ok(()),
            Self::True | Self::False => Err("write it without a path".to_owned()),
            Self::Values if names.is_empty() => {
                Err("name a value, as in `%%values.name`".to_owned())
            }
            Self::Environment => match names {
                ["tag"] | ["values", _, ..] => Ok(()),
                _ => Err("write `%%environment.tag` or `%%environment.values.name`".to_owned()),
            },
            Self::User => one_of(&USER_MEMBERS, true),
            Self::Request => one_of(&REQUEST_MEMBERS, true),
            Self::Values | Self::Args | Self::Root | Self::PrevRoot | Self::This | Self::Prev => {
                Ok(())
            }
        };
        checked.map_err(|remedy| ("this expansion does not exist".to_owned(), remedy))
    }
}

impl Operand {
    /// Reads an expansion, `%%` included.
    pub(crate) fn parse(text: &str, subject: Subject) -> Result<Self, Wrong> {
        let text = text.strip_prefix(EXPANSION).unwrap_or(text);
        let (name, path) = match text.split_once('.') {
            Some((name, path)) => (name, Some(path)),
            None => (text, None),
        };
        if name == "partition" {
            let message = "`%%partition` belongs to sync, which has no rules here".to_owned();
            return Err((message, "use the field of the document".to_owned()));
        }
        let known = NAMES.iter().find(|(known, _)| *known == name);
        let Some((_, expansion)) = known else {
            let names: Vec<_> = NAMES.iter().map(|(name, _)| format!("%%{name}")).collect();
            let remedy = format!("write one of {}", names.join(", "));
            return Err((format!("there is no expansion `%%{name}`"), remedy));
        };
        if !expansion.is_there(subject) {
            let message = format!("`%%{name}` has no meaning in a condition about {subject}");
            return Err((message, "leave it out, or check it in the function".to_owned()));
        }
        let names = path.map(names).transpose()?.unwrap_or_default();
        expansion.check(&names)?;
        let path = match (expansion, names.as_slice()) {
            (Expansion::Request, [HEADERS, header, ..]) => {
                let rest = names.get(2..).unwrap_or_default();
                [&[HEADERS, &header.to_lowercase()], rest].concat().join(".")
            }
            _ => names.join("."),
        };
        Ok(Self { expansion: *expansion, path: path.into() })
    }

    /// A field by its plain name.
    pub(crate) fn field(text: &str, subject: Subject) -> Result<Self, Wrong> {
        let expansion = match subject {
            Subject::Document => Expansion::Root,
            Subject::Action => Expansion::Args,
            Subject::Call => {
                let message = format!("`{text}` is a field of a document, and there is none here");
                let remedy = "write an expansion such as `%%user.custom_data.name`".to_owned();
                return Err((message, remedy));
            }
        };
        Ok(Self { expansion, path: names(text)?.join(".").into() })
    }

    /// The path in the document that [`crate::source::document`] makes of the expansion.
    pub(crate) fn path_in_source(&self) -> String {
        match (self.expansion, &*self.path) {
            (expansion, path) if expansion.is_document() && !path.is_empty() => path.to_owned(),
            (_, "") => WHOLE.to_owned(),
            // The tag, and the value that the path begins with, are looked up by name.
            (Expansion::Environment, path) => match path.splitn(3, '.').nth(2) {
                Some(rest) => format!("{WHOLE}.{rest}"),
                None => WHOLE.to_owned(),
            },
            (Expansion::Values, path) => match path.split_once('.') {
                Some((_, rest)) => format!("{WHOLE}.{rest}"),
                None => WHOLE.to_owned(),
            },
            (_, path) => format!("{WHOLE}.{path}"),
        }
    }
}

/// The field that holds a value that is no document by itself, so that a path can be put to it.
pub(crate) const WHOLE: &str = "v";

/// The names of a dotted path.
fn names(path: &str) -> Result<Vec<&str>, Wrong> {
    let wrong = |message: &str| {
        Err((message.to_owned(), "write names of fields with dots between them".to_owned()))
    };
    let names: Vec<_> = path.split('.').collect();
    if names.len() > PATH_NAMES_MAX {
        return wrong("the path has too many names");
    }
    // A name with a dollar is an operator to a store.
    if names.iter().any(|name| name.is_empty() || name.starts_with('$') || name.contains('\0')) {
        return wrong("the path has a name that no field has");
    }
    Ok(names)
}
