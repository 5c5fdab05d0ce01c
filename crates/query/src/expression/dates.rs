//! Dates: their parts, their texts, and computing with them.

mod arguments;
mod calendar;
mod format;
mod from_string;
mod moment;
mod parse;
mod parse_format;
mod parts;
mod scanner;
mod truncate;
mod units;
pub(super) mod zone;

use super::operator::Operator;

pub(super) use self::{
    arguments::as_date_ms,
    format::{clock_text, iso_text},
    parse::parse,
};

/// The operators of this group.
pub(super) const OPERATORS: [&[Operator]; 4] =
    [parts::OPERATORS, format::OPERATORS, from_string::OPERATORS, units::OPERATORS];
