//! What natives make of their arguments, and how they refuse them.

use hookstead_isolate::{Thrown, Value};

/// What comes of a call.
pub(super) type Outcome = Result<Value, Thrown>;

/// A name is looked up, compared and shown. No name of an app's is as long as this.
const NAME_BYTES_MAX: usize = 64 << 10;

pub(super) fn text(arguments: &[Value], index: usize) -> Result<&str, Thrown> {
    arguments.get(index).and_then(Value::as_text).ok_or_else(|| wrong(index, "a string"))
}

pub(super) fn bytes(arguments: &[Value], index: usize) -> Result<&[u8], Thrown> {
    arguments.get(index).and_then(Value::as_bytes).ok_or_else(|| wrong(index, "bytes"))
}

pub(super) fn name(arguments: &[Value], index: usize) -> Result<&str, Thrown> {
    let name = text(arguments, index)?;
    if name.len() > NAME_BYTES_MAX {
        let message = format!("a name must not have more than {NAME_BYTES_MAX} bytes");
        return Err(Thrown::new("RangeError", message));
    }
    Ok(name)
}

pub(super) fn number(arguments: &[Value], index: usize) -> Result<f64, Thrown> {
    arguments.get(index).and_then(Value::as_number).ok_or_else(|| wrong(index, "a number"))
}

pub(super) fn truth(arguments: &[Value], index: usize) -> bool {
    matches!(arguments.get(index), Some(Value::Bool(true)))
}

pub(super) fn wrong(index: usize, expected: &str) -> Thrown {
    Thrown::new("TypeError", format!("argument {} must be {expected}", index + 1))
}

pub(super) fn function_error(message: impl Into<String>) -> Thrown {
    Thrown::new("FunctionError", message)
}
