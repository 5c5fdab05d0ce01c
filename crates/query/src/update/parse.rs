//! Update operators and their arguments, as BSON → a tree.

use std::collections::HashSet;

use bson::{RawBson, RawBsonRef, RawDocument, Timestamp};

use super::{
    array::{Pull, Push, items, parse_set, whole},
    array_filters::ArrayFilters,
    leaf::Leaf,
    number::{BitOperator, Number},
    path::{Part, Path},
    rename::{Rename, target_name},
    splice::broken,
    tree::Fields,
    value_set::ValueSet,
};
use crate::{
    MongoCode, Parameters, QueryError,
    bson_types::type_name,
    depth::validate,
    describe::{describe, describe_field},
};

const OPERATORS: [&str; 15] = [
    "$set",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$setOnInsert",
    "$currentDate",
    "$push",
    "$addToSet",
    "$pull",
    "$pullAll",
    "$pop",
    "$bit",
];

/// Reads an update document.
pub(super) fn parse(
    spec: &RawDocument,
    array_filters: &ArrayFilters,
    parameters: &Parameters,
) -> Result<Fields, QueryError> {
    validate(spec)?;
    check_begin(spec)?;
    let mut parser =
        Parser { tree: Fields::default(), array_filters, used: HashSet::new(), parameters };
    for operator in spec {
        let (name, argument) = operator.map_err(|error| broken(&error))?;
        let name = name.as_str();
        if !OPERATORS.contains(&name) {
            return Err(failed_to_parse(format!(
                "Unknown modifier: {name}. Expected a valid update modifier or pipeline-style \
                 update specified as an array"
            )));
        }
        let RawBsonRef::Document(fields) = argument else {
            return Err(failed_to_parse(format!(
                "Modifiers operate on fields but we found type {} instead. For example: {{$mod: \
                 {{<field>: ...}}}} not {{{}}}",
                type_name(argument),
                describe_field(name, argument)
            )));
        };
        for field in fields {
            let (path, argument) = field.map_err(|error| broken(&error))?;
            parser.add(name, path.as_str(), argument)?;
        }
    }
    match array_filters.iter().find(|filter| !parser.used.contains(&filter.identifier)) {
        Some(unused) => Err(failed_to_parse(format!(
            "The array filter for identifier '{}' was not used in the update {}",
            unused.identifier,
            describe(RawBsonRef::Document(spec))
        ))),
        None => Ok(parser.tree),
    }
}

struct Parser<'a> {
    tree: Fields,
    array_filters: &'a ArrayFilters,
    used: HashSet<String>,
    parameters: &'a Parameters,
}

impl Parser<'_> {
    fn add(
        &mut self,
        operator: &str,
        path: &str,
        argument: RawBsonRef<'_>,
    ) -> Result<(), QueryError> {
        if operator == "$rename" {
            target_name(path, argument)?;
        }
        let path = Path::parse(path)?;
        if operator == "$rename" {
            self.tree.insert(&path, Leaf::Unset)?;
            let (target, rename) = Rename::parse(path, argument)?;
            return self.tree.insert(&target, Leaf::Rename(rename));
        }
        let leaf = self.leaf(operator, &path, argument)?;
        self.use_filters(&path)?;
        self.tree.insert(&path, leaf)
    }

    fn leaf(
        &self,
        operator: &str,
        path: &Path,
        argument: RawBsonRef<'_>,
    ) -> Result<Leaf, QueryError> {
        let number = |verb| number(verb, path, argument);
        Ok(match operator {
            "$set" => Leaf::Set(argument.into()),
            "$setOnInsert" => Leaf::SetOnInsert(argument.into()),
            "$unset" => Leaf::Unset,
            "$inc" => Leaf::Add(number("increment")?),
            "$mul" => Leaf::Multiply(number("multiply")?),
            "$min" => Leaf::Min(argument.into()),
            "$max" => Leaf::Max(argument.into()),
            "$currentDate" => Leaf::Set(self.current_date(argument)?),
            "$push" => Leaf::Push(Push::parse(argument)?),
            "$addToSet" => Leaf::AddToSet(parse_set(argument)?),
            "$pull" => Leaf::Pull(Pull::parse(argument, self.parameters)?),
            "$pullAll" => Leaf::PullAll(pull_all(argument)?),
            "$pop" => Leaf::Pop { first: pops_first(path, argument)? },
            _ => Leaf::Bits(bits(argument)?),
        })
    }

    fn use_filters(&mut self, path: &Path) -> Result<(), QueryError> {
        for part in &path.parts {
            let Part::Elements(identifier) = part else { continue };
            if self.array_filters.get(identifier).is_some() {
                self.used.insert(identifier.clone());
            } else if !identifier.is_empty() {
                return Err(QueryError::bad_value(format!(
                    "No array filter found for identifier '{identifier}' in path '{}'",
                    path.text
                )));
            }
        }
        Ok(())
    }

    fn current_date(&self, argument: RawBsonRef<'_>) -> Result<RawBson, QueryError> {
        match argument {
            RawBsonRef::Boolean(_) => Ok(RawBson::DateTime(self.parameters.now)),
            RawBsonRef::Document(options) => self.current_date_of_type(options),
            _ => Err(QueryError::bad_value(format!(
                "{} is not valid type for $currentDate. Please use a boolean ('true') or a $type \
                 expression ({{$type: 'timestamp/date'}}).",
                type_name(argument)
            ))),
        }
    }

    fn current_date_of_type(&self, options: &RawDocument) -> Result<RawBson, QueryError> {
        let mut found = None;
        for option in options {
            let (name, value) = option.map_err(|error| broken(&error))?;
            if name != "$type" {
                let message = format!("Unrecognized $currentDate option: {name}");
                return Err(QueryError::bad_value(message));
            }
            match value.as_str() {
                Some("date") => found = Some(RawBson::DateTime(self.parameters.now)),
                Some("timestamp") => found = Some(RawBson::Timestamp(self.timestamp())),
                _ => {}
            }
        }
        found.ok_or_else(|| {
            QueryError::bad_value(
                "The '$type' string field is required to be 'date' or 'timestamp': \
                 {$currentDate: {field : {$type: 'date'}}}",
            )
        })
    }

    fn timestamp(&self) -> Timestamp {
        let seconds = self.parameters.now.timestamp_millis().div_euclid(1000);
        Timestamp { time: u32::try_from(seconds).unwrap_or(0), increment: 1 }
    }
}

/// Refuses what looks like a replacement.
fn check_begin(spec: &RawDocument) -> Result<(), QueryError> {
    let first = spec.iter().next().transpose().map_err(|error| broken(&error))?;
    match first {
        Some((name, _)) if name.as_str().starts_with('$') => Ok(()),
        Some(_) => {
            Err(failed_to_parse("update document must contain key beginning with '$'".to_owned()))
        }
        None => Err(failed_to_parse("update document must have at least one element".to_owned())),
    }
}

fn number(verb: &str, path: &Path, argument: RawBsonRef<'_>) -> Result<Number, QueryError> {
    Number::read(argument).ok_or_else(|| {
        QueryError::new(
            MongoCode::TYPE_MISMATCH,
            format!(
                "Cannot {verb} with non-numeric argument: {{{}}}",
                describe_field(&path.text, argument)
            ),
        )
    })
}

fn pull_all(argument: RawBsonRef<'_>) -> Result<ValueSet, QueryError> {
    let RawBsonRef::Array(values) = argument else {
        return Err(QueryError::bad_value(format!(
            "$pullAll requires an array argument but was given a {}",
            type_name(argument)
        )));
    };
    Ok(ValueSet::new(items(values)?.into_iter().map(RawBson::from).collect()))
}

fn pops_first(path: &Path, argument: RawBsonRef<'_>) -> Result<bool, QueryError> {
    let element = || describe_field(&path.text, argument);
    if Number::read(argument).is_none() {
        return Err(failed_to_parse(format!("Expected a number in: {}", element())));
    }
    match whole(argument) {
        Some(1) => Ok(false),
        Some(-1) => Ok(true),
        Some(other) => Err(failed_to_parse(format!("$pop expects 1 or -1, found: {other}"))),
        None => Err(failed_to_parse(format!("Expected an integer: {}", element()))),
    }
}

fn bits(argument: RawBsonRef<'_>) -> Result<Vec<(BitOperator, Number)>, QueryError> {
    const FORM: &str = "a document such as { and: 5 }, with and, or or xor";
    let RawBsonRef::Document(operators) = argument else {
        return Err(QueryError::bad_value(format!(
            "$bit takes {FORM}, and a value of type {} was given",
            type_name(argument)
        )));
    };
    let mut parsed = Vec::new();
    for operator in operators {
        let (name, value) = operator.map_err(|error| broken(&error))?;
        let element = || describe_field(name.as_str(), value);
        let operator = match name.as_str() {
            "and" => BitOperator::And,
            "or" => BitOperator::Or,
            "xor" => BitOperator::Xor,
            other => {
                return Err(QueryError::bad_value(format!(
                    "The $bit modifier only supports 'and', 'or', and 'xor', not '{other}' which \
                     is an unknown operator: {{{}}}",
                    element()
                )));
            }
        };
        let number = Number::read_integer(value).ok_or_else(|| {
            QueryError::bad_value(format!(
                "The $bit modifier field must be an Integer(32/64 bit); a '{}' is not supported \
                 here: {{{}}}",
                type_name(value),
                element()
            ))
        })?;
        parsed.push((operator, number));
    }
    if parsed.is_empty() {
        return Err(QueryError::bad_value(format!(
            "$bit takes {FORM}, and an empty document was given"
        )));
    }
    Ok(parsed)
}

fn failed_to_parse(message: String) -> QueryError {
    QueryError::new(MongoCode::FAILED_TO_PARSE, message)
}
