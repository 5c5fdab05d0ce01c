//! `$group`: one document for all that have the same value of an expression.

use std::collections::HashMap;

use bson::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf};

use crate::{
    MongoCode, Parameters, QueryError,
    aggregate::{
        accumulators::{Accumulator, State},
        budget::Budget,
        computed::Computed,
        context::Context,
        documents::{Collections, Documents, deferred},
        raw::malformed,
        stage::{Operation, Stage},
        write::Writer,
    },
    append_key,
};

/// What a group takes besides what is in it.
const GROUP_BYTES: usize = 128;

/// Parses `$group`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let RawBsonRef::Document(document) = value else {
        return Err(QueryError::new(
            MongoCode::GROUP_NOT_OBJECT,
            "a group's fields must be specified in an object",
        ));
    };
    let mut id = None;
    let mut fields = Vec::new();
    for field in document {
        let (name, value) = field.map_err(|_| malformed())?;
        if name.as_str() != "_id" {
            fields.push(Accumulated::parse(name.as_str(), value, context.parameters)?);
        } else if id.is_some() {
            return Err(QueryError::new(
                MongoCode::GROUP_ID_TWICE,
                "a group's _id may only be specified once",
            ));
        } else {
            id = Some(Computed::parse(value, context.parameters)?);
        }
    }
    let Some(id) = id else {
        return Err(QueryError::new(
            MongoCode::GROUP_ID_MISSING,
            "a group specification must include an _id",
        ));
    };
    let bytes_max = context.parameters.memory_bytes_max;
    Ok(vec![Stage::Other(Box::new(Group { id, fields, bytes_max }))])
}

struct Group {
    id: Computed,
    fields: Vec<Accumulated>,
    bytes_max: usize,
}

/// A field that an accumulator fills.
pub(in crate::aggregate) struct Accumulated {
    pub(in crate::aggregate) name: String,
    pub(in crate::aggregate) accumulator: Accumulator,
}

impl Accumulated {
    /// Parses a field of a group.
    pub(in crate::aggregate) fn parse(
        name: &str,
        value: RawBsonRef<'_>,
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let refused = |code, text: String| Err(QueryError::new(code, text));
        let RawBsonRef::Document(document) = value else {
            return refused(
                MongoCode::ACCUMULATED_FIELD_NOT_OBJECT,
                format!("The field '{name}' must be an accumulator object"),
            );
        };
        if name.contains('.') {
            return refused(
                MongoCode::ACCUMULATED_FIELD_HAS_DOT,
                format!("The field name '{name}' cannot contain '.'"),
            );
        }
        if name.starts_with('$') {
            return refused(
                MongoCode::ACCUMULATED_FIELD_STARTS_WITH_DOLLAR,
                format!("The field name '{name}' cannot be an operator name"),
            );
        }
        let mut operators = document.iter();
        let (Some(Ok((operator, value))), None) = (operators.next(), operators.next()) else {
            return refused(
                MongoCode::ACCUMULATED_FIELD_NOT_ONE_ACCUMULATOR,
                format!("The field '{name}' must specify one accumulator"),
            );
        };
        let operator = operator.as_str();
        match Accumulator::parse(operator, value, parameters)? {
            Some(accumulator) => Ok(Self { name: name.to_owned(), accumulator }),
            None if operator.starts_with('$') => refused(
                MongoCode::GROUP_OPERATOR_UNKNOWN,
                format!("unknown group operator '{operator}'"),
            ),
            None => refused(
                MongoCode::ACCUMULATED_FIELD_NOT_OBJECT,
                format!("The field '{name}' must be an accumulator object"),
            ),
        }
    }
}

impl Operation for Group {
    fn run<'a>(&'a self, source: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        deferred(move || {
            let mut groups = Groups::new(self);
            for document in source {
                groups.add(&document?)?;
            }
            let Groups { groups, budget, .. } = groups;
            Ok(Box::new(groups.into_iter().map(move |group| {
                let _all_until_the_end = &budget;
                self.document(&group)
            })))
        })
    }
}

impl Group {
    fn document(&self, group: &(RawBson, Vec<State>)) -> Result<RawDocumentBuf, QueryError> {
        let (id, states) = group;
        let mut writer = Writer::with_capacity(256);
        writer.append("_id", id.as_raw_bson_ref())?;
        for (field, state) in self.fields.iter().zip(states) {
            field.accumulator.write(state, &mut writer, &field.name)?;
        }
        writer.finish()
    }
}

/// The groups, in the order in which they were met.
struct Groups<'a> {
    stage: &'a Group,
    /// By the key of their `_id`.
    places: HashMap<Box<[u8]>, usize>,
    groups: Vec<(RawBson, Vec<State>)>,
    budget: Budget,
    key: Vec<u8>,
}

impl<'a> Groups<'a> {
    fn new(stage: &'a Group) -> Self {
        Self {
            stage,
            places: HashMap::new(),
            groups: Vec::new(),
            budget: Budget::new("$group", stage.bytes_max),
            key: Vec::new(),
        }
    }

    fn add(&mut self, document: &RawDocument) -> Result<(), QueryError> {
        let stage = self.stage;
        let place = stage.id.with(document, |id| {
            // What is missing is grouped with null.
            self.place(id.unwrap_or(RawBsonRef::Null))
        })?;
        let Some((_, states)) = self.groups.get_mut(place) else { return Ok(()) };
        for (field, state) in stage.fields.iter().zip(states) {
            field.accumulator.add(state, document, &mut self.budget)?;
        }
        Ok(())
    }

    fn place(&mut self, id: RawBsonRef<'_>) -> Result<usize, QueryError> {
        self.key.clear();
        append_key(id, &mut self.key);
        if let Some(place) = self.places.get(self.key.as_slice()) {
            return Ok(*place);
        }
        let nothing = RawDocumentBuf::new();
        let key_document = match id {
            RawBsonRef::Document(document) => document,
            _ => &nothing,
        };
        let fields = &self.stage.fields;
        let states = fields
            .iter()
            .map(|field| field.accumulator.start(key_document))
            .collect::<Result<_, _>>()?;
        let states_bytes = fields.len() * size_of::<State>();
        self.budget.take(2 * self.key.len() + GROUP_BYTES + states_bytes)?;
        let place = self.groups.len();
        self.places.insert(self.key.as_slice().into(), place);
        self.groups.push((RawBson::from(id), states));
        Ok(place)
    }
}
