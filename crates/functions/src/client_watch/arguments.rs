//! The argument of `watch` (docs/behaviour/watch.md#the-call).

use std::collections::BTreeMap;

use bson::{Bson, RawBsonRef, RawDocument, RawDocumentBuf};
use hookstead_data::Namespace;

use super::{WatchError, WatchErrorKind};
use crate::extended_json::read_array;

/// So many ids one stream may name.
const IDS_MAX: usize = 10_000;

/// The condition of one stream takes no more than this: it is asked of every change.
const FILTER_BYTES_MAX: usize = 16 << 10;

/// What a client has said.
pub(super) struct Arguments {
    pub(super) namespace: Namespace,
    pub(super) ids: Option<Vec<Bson>>,
    pub(super) filter: RawDocumentBuf,
    pub(super) resume_after: Option<RawDocumentBuf>,
    pub(super) is_compact: bool,
}

/// The fields that nobody has asked for yet.
struct Fields<'a>(BTreeMap<&'a str, RawBsonRef<'a>>);

/// Reads the text of an array with one object of extended JSON.
///
/// # Errors
/// It is none, or a field is not what it should be or is not known.
pub(super) fn read(arguments: &str) -> Result<Arguments, WatchError> {
    let arguments = read_array(arguments).map_err(|error| invalid(error.to_string()))?;
    let [argument] = &arguments[..] else {
        return Err(invalid("watch: there must be one argument, an object"));
    };
    let mut fields = Fields::of(argument);
    let namespace =
        Namespace { database: fields.name("database")?, collection: fields.name("collection")? };
    let ids = fields.ids()?;
    let filter = fields.document("filter")?.unwrap_or_default();
    if filter.as_bytes().len() > FILTER_BYTES_MAX {
        let message = format!("watch: the field 'filter' has more than {FILTER_BYTES_MAX} bytes");
        return Err(invalid(message));
    }
    let resume_after = fields.document("resumeAfter")?;
    let is_compact = match fields.take("useCompactEvents") {
        None => false,
        Some(RawBsonRef::Boolean(is_compact)) => is_compact,
        Some(_) => return Err(invalid("watch: the field 'useCompactEvents' must be a boolean")),
    };
    // What is not understood may be meant to leave something out.
    if let Some(other) = fields.0.keys().next() {
        return Err(invalid(format!("watch: the field '{other}' is not known")));
    }
    Ok(Arguments { namespace, ids, filter, resume_after, is_compact })
}

impl<'a> Fields<'a> {
    /// None stands twice in what was read.
    fn of(argument: &'a RawDocument) -> Self {
        Self(argument.iter().flatten().map(|(name, value)| (name.as_str(), value)).collect())
    }

    /// A field with a value.
    fn take(&mut self, name: &str) -> Option<RawBsonRef<'a>> {
        let is_nothing = |value: &_| matches!(value, RawBsonRef::Null | RawBsonRef::Undefined);
        self.0.remove(name).filter(|value| !is_nothing(value))
    }

    fn name(&mut self, name: &str) -> Result<String, WatchError> {
        match self.take(name) {
            Some(RawBsonRef::String(text)) => Ok(text.to_owned()),
            _ => Err(invalid(format!("watch: the field '{name}' must be a string"))),
        }
    }

    fn document(&mut self, name: &str) -> Result<Option<RawDocumentBuf>, WatchError> {
        match self.take(name) {
            None => Ok(None),
            Some(RawBsonRef::Document(document)) => Ok(Some(document.to_owned())),
            Some(_) => Err(invalid(format!("watch: the field '{name}' must be an object"))),
        }
    }

    fn ids(&mut self) -> Result<Option<Vec<Bson>>, WatchError> {
        let ids = match self.take("ids") {
            None => return Ok(None),
            Some(RawBsonRef::Array(ids)) => ids,
            Some(_) => return Err(invalid("watch: the field 'ids' must be an array")),
        };
        let ids = ids.into_iter().map(|id| id.ok().and_then(|id| Bson::try_from(id).ok()));
        let ids = ids.take(IDS_MAX + 1).collect::<Option<Vec<_>>>();
        match ids {
            Some(ids) if ids.len() <= IDS_MAX => Ok(Some(ids)),
            Some(_) => Err(invalid(format!("watch: there may be {IDS_MAX} 'ids' at most"))),
            None => Err(invalid("watch: the field 'ids' is malformed")),
        }
    }
}

fn invalid(message: impl Into<String>) -> WatchError {
    WatchError::new(WatchErrorKind::InvalidArguments, message)
}

#[cfg(test)]
mod tests {
    use bson::{Bson, doc};

    use super::read;

    #[test]
    fn arguments_are_read_or_refused() {
        let read = |rest: &str| {
            read(&format!(r#"[{{"database":"d","collection":"c"{rest}}}]"#)).map_err(|e| e.message)
        };
        // The order of fields counts in ids that are documents.
        let ids = read(r#","ids":[{"b":1,"a":{"$numberLong":"2"}}],"filter":null"#).unwrap().ids;
        assert_eq!(ids, Some(vec![Bson::Document(doc! { "b": 1, "a": 2_i64 })]));
        for (rest, expected) in [
            (r#","ids":{}"#, "watch: the field 'ids' must be an array"),
            (r#","filter":[]"#, "watch: the field 'filter' must be an object"),
            (r#","filter":{},"filter":{}"#, "the field \"filter\" is there more than once"),
            (r#","useCompactEvents":1"#, "watch: the field 'useCompactEvents' must be a boolean"),
            (r#","pipeline":[]"#, "watch: the field 'pipeline' is not known"),
        ] {
            assert_eq!(read(rest).err().as_deref(), Some(expected), "{rest}");
        }
        let many = format!(r#","ids":[{}1]"#, "1,".repeat(10_000));
        let long = format!(r#","filter":{{"a":"{}"}}"#, "x".repeat(20_000));
        let refused = "watch: the field 'filter' has more than 16384 bytes";
        assert_eq!(read(&long).err().as_deref(), Some(refused));
        assert_eq!(read(&many).err().as_deref(), Some("watch: there may be 10000 'ids' at most"));
    }
}
