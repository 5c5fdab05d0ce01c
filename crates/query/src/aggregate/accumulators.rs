//! Accumulators: what `$group` and its kin make of one value of each of many documents.
//!
//! An [`Accumulator`] is what was parsed, a [`State`] what has come together so far. Everything
//! that a state holds is taken from the budget of its stage.

mod parse;

mod pick;

use std::collections::HashSet;

use bson::{RawBsonRef, RawDocument};

use self::pick::{Best, Ends, Ranked};
use super::{
    budget::Budget,
    computed::Computed,
    raw::malformed,
    write::{ArrayBuffer, Writer},
};
pub(super) use crate::sum::{Deviation, Precise, Sum};
use crate::{
    MongoCode, QueryError, Sort, append_key,
    interrupt::{charge, sort_by, step},
    named::Named,
    number::Number,
};

/// A parsed accumulator.
pub(super) struct Accumulator {
    kind: Settings,
    /// What is computed of each document.
    input: Computed,
    /// How many values are wanted, for those that want several.
    number: Option<Computed>,
}

/// What an accumulator does.
pub(super) enum Settings {
    Sum,
    Average,
    Count,
    Deviation {
        of_sample: bool,
    },
    /// The least or the greatest values.
    Extreme {
        greatest: bool,
    },
    /// The first or the last values.
    End {
        last: bool,
    },
    /// The values of the documents that come first or last in an order.
    Top {
        sort: Sort,
        bottom: bool,
    },
    /// All values.
    Push,
    /// All different values.
    AddToSet,
    /// The fields of all documents.
    MergeObjects,
    /// The numbers that shares of all are not above.
    Percentile {
        ranks: Vec<f64>,
        single: bool,
    },
}

/// What has come together.
pub(super) enum State {
    Sum(Sum),
    Deviation(Deviation),
    Count(i64),
    Best(Best),
    Ends(Ends),
    Ranked(Ranked),
    Array(ArrayBuffer),
    Set(ArrayBuffer, HashSet<Box<[u8]>>),
    Object(Named<bson::RawBson>),
    Numbers(Vec<f64>),
}

impl Accumulator {
    /// What was parsed, for those who put the values together in another way.
    pub(super) fn into_parts(
        self,
        key: &RawDocument,
    ) -> Result<(Settings, Option<usize>, Computed), QueryError> {
        let number = match &self.number {
            Some(number) => Some(number.with(key, parse::number_of_values)?),
            None => None,
        };
        Ok((self.kind, number, self.input))
    }

    /// The accumulator's state before anything has come. `key` is what `n` is computed of.
    pub(super) fn start(&self, key: &RawDocument) -> Result<State, QueryError> {
        let number = match &self.number {
            Some(number) => Some(number.with(key, parse::number_of_values)?),
            None => None,
        };
        Ok(match &self.kind {
            Settings::Sum | Settings::Average => State::Sum(Sum::default()),
            Settings::Count => State::Count(0),
            Settings::Deviation { .. } => State::Deviation(Deviation::default()),
            Settings::Extreme { greatest } => State::Best(Best::new(*greatest, number)),
            Settings::End { last } => State::Ends(Ends::new(*last, number)),
            Settings::Top { bottom, .. } => State::Ranked(Ranked::new(*bottom, number)),
            Settings::Push => State::Array(ArrayBuffer::default()),
            Settings::AddToSet => State::Set(ArrayBuffer::default(), HashSet::new()),
            Settings::MergeObjects => State::Object(Named::default()),
            Settings::Percentile { .. } => State::Numbers(Vec::new()),
        })
    }

    /// Adds what a document has to say.
    pub(super) fn add(
        &self,
        state: &mut State,
        document: &RawDocument,
        budget: &mut Budget,
    ) -> Result<(), QueryError> {
        step()?;
        if let (State::Count(count), Settings::Count) = (&mut *state, &self.kind) {
            *count += 1;
            return Ok(());
        }
        if let State::Ends(ends) = &*state
            && ends.is_full()
        {
            return Ok(());
        }
        self.input.with(document, |value| match (&self.kind, &mut *state) {
            (Settings::Top { sort, .. }, State::Ranked(ranked)) => {
                let mut key = Vec::new();
                sort.append_key(document, &mut key)?;
                ranked.add(&key, value, budget)
            }
            _ => state.add(value, budget),
        })
    }

    /// Writes what has come together into a field.
    pub(super) fn write(
        &self,
        state: &State,
        writer: &mut Writer,
        name: &str,
    ) -> Result<(), QueryError> {
        match (&self.kind, state) {
            (Settings::Average, State::Sum(sum)) => {
                writer.append(name, sum.mean().map_or(RawBsonRef::Null, |mean| mean.raw()))
            }
            (_, State::Sum(sum)) => writer.append(name, sum.total().raw()),
            (_, State::Count(count)) => writer.append(name, whole(*count)),
            (Settings::Deviation { of_sample }, State::Deviation(deviation)) => {
                let value = deviation.value(*of_sample);
                writer.append(name, value.map_or(RawBsonRef::Null, RawBsonRef::Double))
            }
            (Settings::Percentile { ranks, single }, State::Numbers(numbers)) => {
                write_percentiles(numbers, ranks, *single, writer, name)
            }
            (_, State::Best(best)) => best.write(writer, name),
            (_, State::Ends(ends)) => ends.write(writer, name),
            (_, State::Ranked(ranked)) => ranked.write(writer, name),
            (_, State::Array(array) | State::Set(array, _)) => writer.append_array(name, array),
            (_, State::Object(fields)) => {
                writer.begin_document(name)?;
                for (name, value) in fields.iter() {
                    writer.append(name, value.as_raw_bson_ref())?;
                }
                writer.end();
                Ok(())
            }
            (_, State::Deviation(_) | State::Numbers(_)) => writer.append(name, RawBsonRef::Null),
        }
    }
}

impl State {
    fn add(
        &mut self,
        value: Option<RawBsonRef<'_>>,
        budget: &mut Budget,
    ) -> Result<(), QueryError> {
        match self {
            Self::Sum(sum) => {
                value.into_iter().for_each(|value| sum.add(value));
                Ok(())
            }
            Self::Deviation(deviation) => {
                value.into_iter().for_each(|value| deviation.add(value));
                Ok(())
            }
            Self::Count(count) => {
                *count += 1;
                Ok(())
            }
            Self::Best(best) => best.add(value, budget),
            Self::Ends(ends) => ends.add(value, budget),
            Self::Ranked(ranked) => ranked.add(&[], value, budget),
            Self::Array(array) => match value {
                Some(value) => budget.take(array.push(value)?),
                None => Ok(()),
            },
            Self::Set(array, keys) => match value {
                Some(value) => add_to_set(array, keys, value, budget),
                None => Ok(()),
            },
            Self::Object(fields) => merge(fields, value, budget),
            Self::Numbers(numbers) => {
                if let Some(number) = value.and_then(Number::of).filter(|number| !number.is_nan()) {
                    budget.take(size_of::<f64>())?;
                    numbers.push(number.to_double());
                }
                Ok(())
            }
        }
    }
}

/// An int where it fits, else a long.
pub(super) fn whole(number: i64) -> RawBsonRef<'static> {
    i32::try_from(number).map_or(RawBsonRef::Int64(number), RawBsonRef::Int32)
}

fn add_to_set(
    array: &mut ArrayBuffer,
    keys: &mut HashSet<Box<[u8]>>,
    value: RawBsonRef<'_>,
    budget: &mut Budget,
) -> Result<(), QueryError> {
    let mut key = Vec::new();
    append_key(value, &mut key);
    if keys.contains(key.as_slice()) {
        return Ok(());
    }
    // What a table takes besides the bytes of a key.
    budget.take(key.len() + 48)?;
    keys.insert(key.into());
    budget.take(array.push(value)?)
}

fn merge(
    fields: &mut Named<bson::RawBson>,
    value: Option<RawBsonRef<'_>>,
    budget: &mut Budget,
) -> Result<(), QueryError> {
    let document = match value {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => return Ok(()),
        Some(RawBsonRef::Document(document)) => document,
        Some(other) => {
            let text = format!(
                "$mergeObjects requires object inputs, but input {} is of type {}",
                crate::describe::describe(other),
                crate::expression::type_name(Some(other))
            );
            return Err(QueryError::new(MongoCode::MERGED_VALUE_NOT_OBJECT, text));
        }
    };
    budget.take(document.as_bytes().len())?;
    for field in document {
        let (name, value) = field.map_err(|_| malformed())?;
        charge(fields.len() / 16);
        step()?;
        let value = bson::RawBson::from(value);
        let place = fields.position(name.as_str().as_bytes());
        match place.and_then(|place| fields.at_mut(place)) {
            Some(known) => *known = value,
            None => {
                fields.push(name.as_str(), value);
            }
        }
    }
    Ok(())
}

fn write_percentiles(
    numbers: &[f64],
    ranks: &[f64],
    single: bool,
    writer: &mut Writer,
    name: &str,
) -> Result<(), QueryError> {
    let mut sorted = numbers.to_vec();
    sort_by(&mut sorted, f64::total_cmp)?;
    let mut found = ranks.iter().map(|rank| percentile(&sorted, *rank));
    if single {
        return writer.append(name, found.next().flatten().map_or(RawBsonRef::Null, Into::into));
    }
    let mut array = ArrayBuffer::default();
    for value in found {
        array.push(value.map_or(RawBsonRef::Null, Into::into))?;
    }
    writer.append_array(name, &array)
}

/// The least number that a share of all is not above.
#[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the length")]
fn percentile(sorted: &[f64], rank: f64) -> Option<f64> {
    let position = (sorted.len() as f64 * rank).ceil() as usize;
    sorted.get(position.saturating_sub(1)).or(sorted.last()).copied()
}
