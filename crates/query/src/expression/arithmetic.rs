//! `$add`, `$multiply` and their kin. Ints grow to longs, longs to doubles; decimals win over all.

use bson::RawBsonRef;

use super::{
    numeric::{Numeric, Pair, integer},
    operator::{Arguments, Operator},
    value::{Evaluated, Value, is_nullish, type_name},
};
use crate::{
    MongoCode, QueryError,
    decimal_math::{self, Rounding},
};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::any("$add", add),
    Operator::exactly("$subtract", 2, subtract),
    Operator::any("$multiply", multiply),
    Operator::exactly("$divide", 2, divide),
    Operator::exactly("$mod", 2, modulo),
    Operator::exactly("$abs", 1, abs),
    Operator::exactly("$ceil", 1, |arguments| whole(arguments, f64::ceil, Rounding::Ceiling)),
    Operator::exactly("$floor", 1, |arguments| whole(arguments, f64::floor, Rounding::Floor)),
    Operator::between("$round", 1, 2, |arguments| {
        places(arguments, f64::round_ties_even, Rounding::HalfEven)
    }),
    Operator::between("$trunc", 1, 2, |arguments| places(arguments, f64::trunc, Rounding::Down)),
];

/// The number that an argument is; none for null.
pub(super) fn number(
    operator: &str,
    value: Option<&Value<'_>>,
) -> Result<Option<Numeric>, QueryError> {
    let Some(value) = value.map(Value::raw) else { return Ok(None) };
    match (Numeric::of(value), value) {
        (Some(number), _) => Ok(Some(number)),
        (None, RawBsonRef::Null | RawBsonRef::Undefined) => Ok(None),
        _ => {
            let found = type_name(Some(value));
            let text = format!("{operator} only supports numeric types, not {found}");
            Err(QueryError::new(MongoCode::OPERAND_NOT_NUMBER, text))
        }
    }
}

fn mismatch(text: String) -> QueryError {
    QueryError::new(MongoCode::TYPE_MISMATCH, text)
}

fn add<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (mut sum, mut is_int, mut date, mut wrong) = (Numeric::Int(0), true, false, None);
    for value in arguments.iter() {
        let value = value?;
        let Some(value) = value.as_ref().map(Value::raw) else { return Ok(Some(Value::NULL)) };
        match (Numeric::of(value), value) {
            (Some(number), _) => {
                is_int &= matches!(number, Numeric::Int(_));
                sum = plus(sum, number);
            }
            (None, RawBsonRef::Null | RawBsonRef::Undefined) => return Ok(Some(Value::NULL)),
            (None, RawBsonRef::DateTime(time)) => {
                if std::mem::replace(&mut date, true) {
                    let text = "only one date allowed in an $add expression";
                    wrong.get_or_insert(QueryError::new(MongoCode::ADD_TWO_DATES, text));
                }
                sum = plus(sum, Numeric::Long(time.timestamp_millis()));
            }
            (None, other) => {
                let found = type_name(Some(other));
                let text = format!("$add only supports numeric or date types, not {found}");
                wrong.get_or_insert(mismatch(text));
            }
        }
    }
    match wrong {
        Some(error) => Err(error),
        None if date => Ok(Some(date_from(sum, "$add")?)),
        None => Ok(Some(narrow(sum, is_int).into_value())),
    }
}

/// A sum or product of ints is an int if it fits, whatever it was in between.
#[inline]
fn narrow(number: Numeric, is_int: bool) -> Numeric {
    match number {
        Numeric::Long(number) => integer(number, is_int),
        other => other,
    }
}

#[inline]
fn plus(left: Numeric, right: Numeric) -> Numeric {
    match left.pair(right) {
        Pair::Integers(left, right, is_int) => match left.checked_add(right) {
            Some(sum) => integer(sum, is_int),
            None => Numeric::Double(to_double(left) + to_double(right)),
        },
        Pair::Doubles(left, right) => Numeric::Double(left + right),
        Pair::Decimals(left, right) => Numeric::Decimal(decimal_math::add(left, right)),
    }
}

fn subtract<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (left, right) = (arguments.get(0)?, arguments.get(1)?);
    if is_nullish(left.as_ref()) || is_nullish(right.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let (Some(left), Some(right)) = (left, right) else { return Ok(Some(Value::NULL)) };
    let (left, right) = (left.raw(), right.raw());
    if let (Some(left), Some(right)) = (Numeric::of(left), Numeric::of(right)) {
        return Ok(Some(difference(left, right).into_value()));
    }
    let RawBsonRef::DateTime(time) = left else {
        return Err(cannot_subtract(left, right));
    };
    let time = time.timestamp_millis();
    if let RawBsonRef::DateTime(other) = right {
        return match time.checked_sub(other.timestamp_millis()) {
            Some(milliseconds) => Ok(Some(Value::long(milliseconds))),
            None => Err(overflow("$subtract")),
        };
    }
    let Some(number) = Numeric::of(right) else { return Err(cannot_subtract(left, right)) };
    let milliseconds = rounded(number).ok_or_else(|| overflow("$subtract"))?;
    let time = time.checked_sub(milliseconds).ok_or_else(|| overflow("$subtract"))?;
    Ok(Some(Value::date_ms(time)))
}

fn difference(left: Numeric, right: Numeric) -> Numeric {
    match left.pair(right) {
        Pair::Integers(left, right, is_int) => match left.checked_sub(right) {
            Some(difference) => integer(difference, is_int),
            None => Numeric::Double(to_double(left) - to_double(right)),
        },
        Pair::Doubles(left, right) => Numeric::Double(left - right),
        Pair::Decimals(left, right) => Numeric::Decimal(decimal_math::subtract(left, right)),
    }
}

fn cannot_subtract(left: RawBsonRef<'_>, right: RawBsonRef<'_>) -> QueryError {
    let (left, right) = (type_name(Some(left)), type_name(Some(right)));
    mismatch(format!("can't $subtract {right} from {left}"))
}

fn multiply<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (mut product, mut is_int, mut wrong) = (Numeric::Int(1), true, None);
    for value in arguments.iter() {
        let value = value?;
        let Some(value) = value.as_ref().filter(|value| !value.is_null()) else {
            return Ok(Some(Value::NULL));
        };
        match Numeric::of(value.raw()) {
            Some(number) => {
                is_int &= matches!(number, Numeric::Int(_));
                product = times(product, number);
            }
            None => {
                let found = type_name(Some(value.raw()));
                let text = format!("$multiply only supports numeric types, not {found}");
                wrong.get_or_insert(mismatch(text));
            }
        }
    }
    match wrong {
        Some(error) => Err(error),
        None => Ok(Some(narrow(product, is_int).into_value())),
    }
}

#[inline]
fn times(left: Numeric, right: Numeric) -> Numeric {
    match left.pair(right) {
        Pair::Integers(left, right, is_int) => match left.checked_mul(right) {
            Some(product) => integer(product, is_int),
            None => Numeric::Double(to_double(left) * to_double(right)),
        },
        Pair::Doubles(left, right) => Numeric::Double(left * right),
        Pair::Decimals(left, right) => Numeric::Decimal(decimal_math::multiply(left, right)),
    }
}

fn divide<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (left, right) = (arguments.get(0)?, arguments.get(1)?);
    let (Some(left), Some(right)) = (left, right) else { return Ok(Some(Value::NULL)) };
    if left.is_null() || right.is_null() {
        return Ok(Some(Value::NULL));
    }
    let (Some(a), Some(b)) = (Numeric::of(left.raw()), Numeric::of(right.raw())) else {
        return Err(mismatch(both_numeric("$divide", &left, &right)));
    };
    if b.is_zero() {
        return Err(QueryError::bad_value("can't $divide by zero"));
    }
    Ok(Some(match a.pair(b) {
        Pair::Integers(a, b, _) => Value::double(to_double(a) / to_double(b)),
        Pair::Doubles(a, b) => Value::double(a / b),
        Pair::Decimals(a, b) => Value::decimal(decimal_math::divide(a, b)),
    }))
}

fn modulo<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (left, right) = (arguments.get(0)?, arguments.get(1)?);
    let (Some(left), Some(right)) = (left, right) else { return Ok(Some(Value::NULL)) };
    if left.is_null() || right.is_null() {
        return Ok(Some(Value::NULL));
    }
    let (Some(a), Some(b)) = (Numeric::of(left.raw()), Numeric::of(right.raw())) else {
        return Err(QueryError::new(
            MongoCode::MOD_NOT_NUMBERS,
            both_numeric("$mod", &left, &right),
        ));
    };
    let pair = a.pair(b);
    if b.is_zero() {
        let code = if matches!(pair, Pair::Decimals(..)) {
            MongoCode::MOD_BY_ZERO_DECIMAL
        } else {
            MongoCode::MOD_BY_ZERO
        };
        return Err(QueryError::new(code, "can't $mod by zero"));
    }
    Ok(Some(match pair {
        Pair::Integers(a, b, is_int) => integer(a.wrapping_rem(b), is_int).into_value(),
        // Of an infinity nothing is left, and that has no sign.
        Pair::Doubles(a, _) if a.is_infinite() => Value::double(f64::NAN),
        Pair::Doubles(a, b) => Value::double(a % b),
        Pair::Decimals(a, b) => Value::decimal(decimal_math::remainder(a, b)),
    }))
}

fn both_numeric(operator: &str, left: &Value<'_>, right: &Value<'_>) -> String {
    let (left, right) = (type_name(Some(left.raw())), type_name(Some(right.raw())));
    format!("{operator} only supports numeric types, not {left} and {right}")
}

fn abs<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let Some(number) = number("$abs", arguments.get(0)?.as_ref())? else {
        return Ok(Some(Value::NULL));
    };
    Ok(Some(match number {
        Numeric::Int(number) => Value::integer(i64::from(number).abs()),
        Numeric::Long(number) => match number.checked_abs() {
            Some(number) => Value::long(number),
            None => Value::double(to_double(number).abs()),
        },
        Numeric::Double(number) => Value::double(number.abs()),
        Numeric::Decimal(number) => Value::decimal(decimal_math::absolute(number)),
    }))
}

fn whole<'a>(
    arguments: &Arguments<'a>,
    of_double: fn(f64) -> f64,
    rounding: Rounding,
) -> Evaluated<'a> {
    let Some(number) = number(arguments.name(), arguments.get(0)?.as_ref())? else {
        return Ok(Some(Value::NULL));
    };
    Ok(Some(whole_number(number, of_double, rounding).into_value()))
}

fn whole_number(number: Numeric, of_double: fn(f64) -> f64, rounding: Rounding) -> Numeric {
    match number {
        Numeric::Double(number) => Numeric::Double(of_double(number)),
        Numeric::Decimal(number) => Numeric::Decimal(decimal_math::round(number, 0, rounding)),
        integer => integer,
    }
}

/// `$round` and `$trunc`, which take a number of places.
fn places<'a>(
    arguments: &Arguments<'a>,
    of_double: fn(f64) -> f64,
    rounding: Rounding,
) -> Evaluated<'a> {
    let operator = arguments.name();
    let value = arguments.get(0)?;
    if is_nullish(value.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(number) = value.as_ref().and_then(|value| Numeric::of(value.raw())) else {
        let found = type_name(value.as_ref().map(Value::raw));
        let text = format!("{operator} only supports numeric types, not {found}");
        return Err(QueryError::new(MongoCode::ROUND_NOT_NUMBER, text));
    };
    let Some(places) = number_of_places(arguments)? else { return Ok(Some(Value::NULL)) };
    if places == 0 {
        return Ok(Some(whole_number(number, of_double, rounding).into_value()));
    }
    let cut = |number| decimal_math::round(number, places, rounding);
    Ok(Some(match number {
        Numeric::Double(double) if !double.is_finite() => number.into_value(),
        Numeric::Double(double) => {
            let rounded = Numeric::Decimal(cut(decimal_math::from_double_exactly(double)));
            Value::double(rounded.to_double())
        }
        Numeric::Decimal(decimal) => Value::decimal(cut(decimal)),
        Numeric::Int(_) | Numeric::Long(_) if places > 0 => number.into_value(),
        Numeric::Int(_) | Numeric::Long(_) => {
            let Some(rounded) = Numeric::Decimal(cut(number.to_decimal())).whole() else {
                let text = format!(
                    "invalid conversion from Decimal128 result in {operator} \
                     resulting from arguments: [{number}, {places}]"
                );
                return Err(QueryError::new(MongoCode::ROUND_OVERFLOW, text));
            };
            integer(rounded, matches!(number, Numeric::Int(_))).into_value()
        }
    }))
}

/// The second argument of `$round` and `$trunc`; none where it is null.
fn number_of_places(arguments: &Arguments<'_>) -> Result<Option<i64>, QueryError> {
    let operator = arguments.name();
    if arguments.len() < 2 {
        return Ok(Some(0));
    }
    let value = arguments.get(1)?;
    if is_nullish(value.as_ref()) {
        return Ok(None);
    }
    let number = value.as_ref().and_then(|value| Numeric::of(value.raw()));
    let Some(places) = number.and_then(Numeric::whole) else {
        let text = format!("precision argument to {operator} must be an integral value");
        return Err(QueryError::new(MongoCode::ROUND_PLACES_NOT_WHOLE, text));
    };
    if !(-20..=100).contains(&places) {
        let text = format!(
            "cannot apply {operator} with precision value {places} value must be in [-20, 100]"
        );
        return Err(QueryError::new(MongoCode::ROUND_PLACES_OUT_OF_RANGE, text));
    }
    Ok(Some(places))
}

fn date_from(total: Numeric, operator: &str) -> Result<Value<'static>, QueryError> {
    rounded(total).map(Value::date_ms).ok_or_else(|| overflow(operator))
}

/// Milliseconds from any number, as many as are nearest.
fn rounded(number: Numeric) -> Option<i64> {
    match number {
        Numeric::Int(number) => Some(number.into()),
        Numeric::Long(number) => Some(number),
        Numeric::Double(number) => Numeric::Double(number.round()).whole(),
        Numeric::Decimal(number) => {
            Numeric::Decimal(decimal_math::round(number, 0, Rounding::HalfEven)).whole()
        }
    }
}

fn overflow(operator: &str) -> QueryError {
    QueryError::new(MongoCode::OVERFLOW, format!("date overflow in {operator}"))
}

#[expect(clippy::cast_precision_loss, reason = "what does not fit into 64 bits is a double")]
fn to_double(number: i64) -> f64 {
    number as f64
}
