//! Chance, from the operating system: fresh in every run.

use aws_lc_rs::rand;
use hookstead_isolate::{Thrown, Value};

use super::arguments::{Outcome, number};
use crate::host::RunHost;

/// As Web Crypto limits it, and far more than anyone needs at once.
const BYTES_MAX: f64 = 65536.0 * 16.0;
/// A double holds this many bits of fraction.
const FRACTION_BITS: u32 = 53;

pub(super) fn random(_: &mut RunHost, _: &[Value]) -> Outcome {
    let bits = u64::from_le_bytes(fill()?) >> (u64::BITS - FRACTION_BITS);
    Ok(Value::Number(bits as f64 / (1_u64 << FRACTION_BITS) as f64))
}

pub(super) fn bytes(arguments: &[Value]) -> Outcome {
    let count = number(arguments, 0)?;
    if !(0.0..=BYTES_MAX).contains(&count) || count.fract() != 0.0 {
        return Err(Thrown::new("RangeError", "not a number of bytes that can be made"));
    }
    let mut bytes = vec![0; count as usize];
    rand::fill(&mut bytes).map_err(|_| no_randomness())?;
    Ok(bytes.into())
}

/// A random UUID, version 4.
pub(super) fn uuid(_: &mut RunHost, _: &[Value]) -> Outcome {
    let mut bytes: [u8; 16] = fill()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = hex::encode(bytes);
    for dash in [20, 16, 12, 8] {
        text.insert(dash, '-');
    }
    Ok(text.into())
}

fn fill<const N: usize>() -> Result<[u8; N], Thrown> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| no_randomness())?;
    Ok(bytes)
}

fn no_randomness() -> Thrown {
    Thrown::new("Error", "the operating system has no randomness to give")
}
