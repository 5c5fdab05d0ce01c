//! The body of a request, out of a file or the standard input.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context as _, bail};

use crate::exit::REMEDY;

/// More than any server that this is for takes: a device or a pipe without an end is an error
/// instead of memory without an end.
const BODY_BYTES_MAX: u64 = 256 << 20;

/// Reads it whole; a dash stands for the standard input.
///
/// # Errors
/// The file cannot be read, or holds more than 256 MiB.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        return read_within(io::stdin().lock(), BODY_BYTES_MAX, "standard input");
    }
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot read the body from {name}"))?;
    read_within(file, BODY_BYTES_MAX, &name)
}

fn read_within(source: impl Read, bytes_max: u64, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    let read = source.take(bytes_max + 1).read_to_end(&mut body);
    read.with_context(|| format!("cannot read the body from {name}"))?;
    if body.len() as u64 > bytes_max {
        bail!(
            "{name} exceeds the limit of {bytes_max} bytes for a body{REMEDY}name a file that a \
             server would take"
        );
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_over_the_limit_is_an_error_that_names_the_file() {
        for (length, is_read) in [(0, true), (4, true), (5, false)] {
            let outcome = read_within(io::repeat(7).take(length), 4, "a file");
            assert_eq!(outcome.is_ok(), is_read, "{length} bytes");
        }
        let error = read_within(io::repeat(7), 4, "/dev/zero").unwrap_err().to_string();
        assert!(error.starts_with("/dev/zero exceeds the limit of 4 bytes"), "{error}");
    }
}
