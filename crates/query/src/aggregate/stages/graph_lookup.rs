//! `$graphLookup`: the documents that a document leads to, and those that they lead to, and so on.

use std::collections::HashSet;

use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf};

use super::{
    lookup::table::Table,
    values::{Values, Wanted, key_of},
};
use crate::{
    Filter, MongoCode, Parameters, QueryError,
    aggregate::{
        arguments::{Arguments, object, stage_options},
        budget::Budget,
        computed::Computed,
        context::Context,
        documents::{Collections, Documents, Reading},
        path::Path,
        raw::{find, malformed},
        stage::{Operation, Stage},
        write::{ArrayBuffer, Writer},
    },
    describe::describe,
    expression::type_name,
    interrupt::step,
    memory::with_kept,
    number::Number,
};

const NAMES: [&str; 8] = [
    "from",
    "startWith",
    "connectFromField",
    "connectToField",
    "as",
    "maxDepth",
    "depthField",
    "restrictSearchWithMatch",
];

/// Parses `$graphLookup`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let document = object(value, MongoCode::GRAPH_LOOKUP_NOT_OBJECT, |found| {
        format!("the $graphLookup stage specification must be an object, but found {found}")
    })?;
    for field in document {
        let (name, _) = field.map_err(|_| malformed())?;
        if !NAMES.contains(&name.as_str()) {
            let text = format!("Unknown argument to $graphLookup: {name}");
            return Err(QueryError::new(MongoCode::GRAPH_LOOKUP_ARGUMENT_UNKNOWN, text));
        }
    }
    let arguments = Arguments::parse(document, &stage_options("$graphLookup", &NAMES))?;
    let parameters = context.parameters;
    let restriction = match arguments.get("restrictSearchWithMatch") {
        None => None,
        Some(RawBsonRef::Document(condition)) => {
            Some((condition.to_owned(), Filter::parse(condition, parameters)?))
        }
        Some(other) => {
            let found = type_name(Some(other));
            let text = format!(
                "$graphLookup argument 'restrictSearchWithMatch' must be an object, found {found}"
            );
            return Err(QueryError::new(MongoCode::GRAPH_LOOKUP_MATCH_NOT_OBJECT, text));
        }
    };
    let missing = || {
        let text = "$graphLookup requires 'from', 'as', 'startWith', 'connectFromField', and \
                    'connectToField' to be specified.";
        QueryError::new(MongoCode::GRAPH_LOOKUP_ARGUMENT_MISSING, text)
    };
    let text = |name: &str| text_of(&arguments, name)?.ok_or_else(missing);
    let path = |name: &str| Path::parse(text(name)?);
    let start = arguments.get("startWith").ok_or_else(missing)?;
    path("connectToField")?;
    let stage = GraphLookup {
        from: text("from")?.to_owned(),
        start: Computed::parse(start, parameters)?,
        connect_from: Values::at(&path("connectFromField")?, false),
        connect_to: crate::path::Path::new(text("connectToField")?),
        into: path("as")?,
        depth_max: parse_depth(&arguments)?,
        depth_field: text_of(&arguments, "depthField")?.map(Path::parse).transpose()?,
        restriction,
        parameters: parameters.clone(),
    };
    Ok(vec![Stage::Other(Box::new(stage))])
}

struct GraphLookup {
    from: String,
    start: Computed,
    connect_from: Values,
    connect_to: crate::path::Path,
    into: Path,
    depth_max: Option<i64>,
    depth_field: Option<Path>,
    /// A further condition, as it was written and parsed.
    restriction: Option<(RawDocumentBuf, Filter)>,
    parameters: Parameters,
}

impl Operation for GraphLookup {
    fn run<'a>(&'a self, source: Documents<'a>, collections: &'a dyn Collections) -> Documents<'a> {
        let has_index = collections.has_index(None, &self.from, self.connect_to.as_str());
        let budget = Budget::new("$graphLookup", self.parameters.memory_bytes_max);
        let table = if has_index { Known::Never } else { Known::NotYet };
        let mut search = Search { stage: self, collections, budget, table };
        Box::new(source.map(move |document| search.document(&document?)))
    }

    fn add_readings(&self, readings: &mut Vec<Reading>) {
        readings.push(Reading { database: None, collection: self.from.clone() });
    }
}

/// Whether the whole collection is here.
enum Known {
    NotYet,
    Never,
    Table(Table),
}

struct Search<'a> {
    stage: &'a GraphLookup,
    collections: &'a dyn Collections,
    budget: Budget,
    table: Known,
}

/// What was found for one document.
#[derive(Default)]
struct Found {
    ids: HashSet<Vec<u8>>,
    array: ArrayBuffer,
    bytes: usize,
    /// Values that have been looked for.
    asked: HashSet<Vec<u8>>,
    /// Values that are to be looked for next.
    next: Vec<RawBson>,
}

impl Search<'_> {
    fn document(&mut self, document: &RawDocument) -> Result<RawDocumentBuf, QueryError> {
        let mut found = Found::default();
        let searched = self.search(document, &mut found);
        self.budget.give_back(found.bytes);
        searched?;
        let mut writer = Writer::with_capacity(document.as_bytes().len() + found.bytes);
        self.stage.into.replace(document, &mut writer, &mut |writer, name| {
            writer.append_array(name, &found.array)
        })?;
        writer.finish()
    }

    fn search(&mut self, document: &RawDocument, found: &mut Found) -> Result<(), QueryError> {
        self.stage.start.with(document, |value| match value {
            None => Ok(()),
            Some(RawBsonRef::Array(array)) => array.into_iter().try_for_each(|item| {
                step()?;
                found.ask(item.map_err(|_| malformed())?);
                Ok(())
            }),
            Some(value) => {
                found.ask(value);
                Ok(())
            }
        })?;
        let mut depth = 0;
        while !found.next.is_empty() && self.stage.depth_max.is_none_or(|max| depth <= max) {
            let wanted = std::mem::take(&mut found.next);
            self.step(&wanted, depth, found)?;
            depth += 1;
        }
        Ok(())
    }

    /// One step from all values that were found last.
    fn step(
        &mut self,
        wanted: &[RawBson],
        depth: i64,
        found: &mut Found,
    ) -> Result<(), QueryError> {
        if let Known::NotYet = self.table {
            self.table = self.read_all()?;
        }
        if let Known::Table(table) = &self.table {
            for document in table.find_any(wanted) {
                step()?;
                self.stage.add(document, depth, found, &mut self.budget)?;
            }
            return Ok(());
        }
        let mut query = Wanted::default();
        wanted.iter().for_each(|value| query.add(value.as_raw_bson_ref()));
        let restriction = self.stage.restriction.as_ref().map(|(condition, _)| &**condition);
        let query = query.query(self.stage.connect_to.as_str(), restriction)?;
        let (filter, _held) = with_kept(|| Filter::parse(&query, &self.stage.parameters));
        let filter = filter?;
        for document in self.collections.scan(None, &self.stage.from, Some(&filter)) {
            self.stage.add(&document?, depth, found, &mut self.budget)?;
        }
        Ok(())
    }

    fn read_all(&mut self) -> Result<Known, QueryError> {
        let filter = self.stage.restriction.as_ref().map(|(_, filter)| filter);
        let documents = self.collections.scan(None, &self.stage.from, filter);
        // Half of it is left for what is found.
        let mut budget = Budget::new("$graphLookup", self.budget.left_bytes() / 2);
        match Table::read(documents, &self.stage.connect_to, &mut budget) {
            Ok(table) => {
                drop(budget);
                self.budget.take(table.bytes())?;
                Ok(Known::Table(table))
            }
            Err(error) if Budget::is_exceeded(&error) => Ok(Known::Never),
            Err(error) => Err(error),
        }
    }
}

impl GraphLookup {
    /// Adds a document that was found, unless it was found before.
    fn add(
        &self,
        document: &RawDocument,
        depth: i64,
        found: &mut Found,
        budget: &mut Budget,
    ) -> Result<(), QueryError> {
        let id = find(document, "_id")?.map(|id| id.value()).transpose()?;
        let key = id.map(key_of).unwrap_or_default();
        let key_bytes = key.len();
        if !found.ids.insert(key) {
            return Ok(());
        }
        let grown = match &self.depth_field {
            None => found.array.push(RawBsonRef::Document(document))?,
            Some(path) => {
                let mut writer = Writer::with_capacity(document.as_bytes().len() + 32);
                path.replace(document, &mut writer, &mut |writer, name| {
                    writer.append(name, RawBsonRef::Int64(depth))
                })?;
                found.array.push(RawBsonRef::Document(&writer.finish()?))?
            }
        };
        let before = found.asked_bytes();
        self.connect_from.visit(document, &mut |value| {
            found.ask(value);
            Ok(())
        })?;
        let bytes = grown + key_bytes + found.asked_bytes() - before;
        found.bytes += bytes;
        budget.take(bytes)
    }
}

impl Found {
    fn ask(&mut self, value: RawBsonRef<'_>) {
        if self.asked.insert(key_of(value)) {
            self.next.push(value.into());
        }
    }

    /// Roughly what the values take that are or were looked for.
    fn asked_bytes(&self) -> usize {
        self.asked.len() * 96
    }
}

fn text_of<'a>(arguments: &Arguments<'a>, name: &str) -> Result<Option<&'a str>, QueryError> {
    match arguments.get(name) {
        None => Ok(None),
        Some(RawBsonRef::String(text)) => Ok(Some(text)),
        Some(other) => {
            let found = type_name(Some(other));
            let text =
                format!("$graphLookup argument '{name}' must be a string, but found {found}");
            Err(QueryError::new(MongoCode::GRAPH_LOOKUP_ARGUMENT_NOT_STRING, text))
        }
    }
}

fn parse_depth(arguments: &Arguments<'_>) -> Result<Option<i64>, QueryError> {
    let Some(value) = arguments.get("maxDepth") else { return Ok(None) };
    let Some(number) = Number::of(value) else {
        let found = type_name(Some(value));
        let text = format!("maxDepth requires numeric argument, found type: {found}");
        return Err(QueryError::new(MongoCode::GRAPH_LOOKUP_DEPTH_NOT_NUMBER, text));
    };
    if number.to_double() < 0.0 {
        let shown = describe(value);
        let text = format!("maxDepth requires a nonnegative argument, found: {shown}");
        return Err(QueryError::new(MongoCode::GRAPH_LOOKUP_DEPTH_NEGATIVE, text));
    }
    let Some(number) = number.whole() else {
        let shown = describe(value);
        let text = format!("maxDepth could not be represented as a long long: {shown}");
        return Err(QueryError::new(MongoCode::GRAPH_LOOKUP_DEPTH_NOT_LONG, text));
    };
    Ok(Some(number))
}
