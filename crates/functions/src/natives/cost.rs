//! Which calls of natives take long: they run on another thread.
//!
//! What is not long takes a fifth of a millisecond at most. Handing it over would take longer than
//! the work of most calls.

use hookstead_isolate::Value;

/// From so many bytes on: hashing them takes a tenth of a millisecond, or two.
pub(super) const LONG_BYTES: usize = 64 << 10;
/// From so many bytes on: copying them, and looking whether they are UTF-8.
pub(super) const LONG_COPY_BYTES: usize = 512 << 10;
/// As much as [`LONG_BYTES`] for what looks at each character several times.
const LONG_URL_BYTES: usize = 4 << 10;
/// The key of an RSA signature with more text has more than 1024 bits.
const LONG_KEY_BYTES: usize = 1 << 10;
/// Each is two or three blocks of a hash.
const LONG_ROUNDS: f64 = 256.0;

/// By the bytes of all arguments.
pub(super) fn bytes(arguments: &[Value]) -> bool {
    arguments.iter().map(length).sum::<usize>() >= LONG_BYTES
}

/// Algorithm, key, data: signing takes the cube of the key's length.
pub(super) fn signing(arguments: &[Value]) -> bool {
    arguments.get(1).map_or(0, length) >= LONG_KEY_BYTES || bytes(arguments)
}

/// Hash, password, salt, iterations, length.
pub(super) fn rounds(arguments: &[Value]) -> bool {
    let number = |index| arguments.get(index).and_then(Value::as_number).unwrap_or(0.0);
    // The smallest block has twenty bytes.
    number(3) * (number(4) / 20.0).max(1.0) >= LONG_ROUNDS || bytes(arguments)
}

/// A number of bytes.
pub(super) fn count(arguments: &[Value]) -> bool {
    let count = arguments.first().and_then(Value::as_number);
    count.is_some_and(|count| count >= LONG_BYTES as f64)
}

/// Texts that are read and written as URLs.
pub(super) fn url(arguments: &[Value]) -> bool {
    arguments.iter().map(length).sum::<usize>() >= LONG_URL_BYTES
}

fn length(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) | Value::Packed(bytes) => bytes.len(),
        _ => 0,
    }
}
