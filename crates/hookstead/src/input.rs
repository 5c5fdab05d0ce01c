//! The body of a request or a secret, out of a file or the standard input.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context as _, bail};
use hookstead_app::Secret;

use crate::exit::REMEDY;

/// More than any server that this is for takes: a device or a pipe without an end is an error
/// instead of memory without an end.
const BODY_BYTES_MAX: u64 = 256 << 20;

/// No secret is longer.
const SECRET_BYTES_MAX: u64 = 1 << 20;

/// Reads a body whole; a dash stands for the standard input.
///
/// # Errors
/// The file cannot be read, or holds more than 256 MiB.
pub(crate) fn read_body(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        return body_within(io::stdin().lock(), BODY_BYTES_MAX, "standard input");
    }
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot read the body from {name}"))?;
    body_within(file, BODY_BYTES_MAX, &name)
}

fn body_within(source: impl Read, bytes_max: u64, name: &str) -> anyhow::Result<Vec<u8>> {
    let body = read_within(source, bytes_max);
    let body = body.with_context(|| format!("cannot read the body from {name}"))?;
    let Some(body) = body else {
        bail!(
            "{name} exceeds the limit of {bytes_max} bytes for a body{REMEDY}name a file that a \
             server would take"
        );
    };
    Ok(body)
}

/// Reads a list of users whole; a dash stands for the standard input.
///
/// # Errors
/// The file cannot be read, or holds more than 256 MiB.
pub(crate) fn read_users(path: &Path) -> anyhow::Result<Vec<u8>> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { "standard input".into() } else { path.display().to_string() };
    let context = || format!("cannot read the users from {name}");
    let source: Box<dyn Read> = match is_stdin {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(path).with_context(context)?),
    };
    let Some(text) = read_within(source, BODY_BYTES_MAX).with_context(context)? else {
        bail!(
            "{name} exceeds the limit of {BODY_BYTES_MAX} bytes for a list of users{REMEDY}put \
             the users into several files"
        );
    };
    Ok(text)
}

/// Reads the secret that a file holds; one line break at its end does not count.
///
/// # Errors
/// The file cannot be read, or holds more than 1 MiB.
pub(crate) fn read_secret_file(path: &Path) -> anyhow::Result<Secret> {
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot read the secret from {name}"))?;
    read_secret(file, &name)
}

/// The same from an open source, of which `name` is told.
///
/// # Errors
/// Those of [`read_secret_file`].
pub(crate) fn read_secret(source: impl Read, name: &str) -> anyhow::Result<Secret> {
    let bytes = read_within(source, SECRET_BYTES_MAX);
    let bytes = bytes.with_context(|| format!("cannot read the secret from {name}"))?;
    let Some(bytes) = bytes else {
        bail!("{name} holds more than {} MiB, which is no secret", SECRET_BYTES_MAX >> 20);
    };
    let Ok(text) = String::from_utf8(bytes) else {
        bail!("cannot read the secret from {name}: it is not UTF-8 text");
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

/// All that a source holds, or nothing where that is more than `bytes_max`.
fn read_within(source: impl Read, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= bytes_max).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_over_the_limit_is_an_error_that_names_the_file() {
        for (length, is_read) in [(0, true), (4, true), (5, false)] {
            let outcome = body_within(io::repeat(7).take(length), 4, "a file");
            assert_eq!(outcome.is_ok(), is_read, "{length} bytes");
        }
        let error = body_within(io::repeat(7), 4, "/dev/zero").unwrap_err().to_string();
        assert!(error.starts_with("/dev/zero exceeds the limit of 4 bytes"), "{error}");
    }

    #[test]
    fn a_secret_ends_before_the_line_break_of_its_file() {
        for (text, expected) in [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n")] {
            assert_eq!(read_secret(text.as_bytes(), "a file").unwrap().expose(), expected);
        }
    }
}
