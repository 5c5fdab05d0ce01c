//! `hookstead licenses`: whose work is a part of the program.

use std::io::{self, Read as _, Write as _};

use flate2::read::GzDecoder;
use hookstead_functions::BUNDLED_NOTICES;

use crate::exit::Exit;

/// Made by the build script from what is linked: see `build/main.rs`.
const LINKED_NOTICES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/notices.txt.gz"));

/// Print the licences of the software of others that the program contains
///
/// These are the third-party notices of Rust crates and of npm packages: a line for each with its
/// licence and its sources, and then the licences' texts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Prints them.
pub(crate) fn run() -> anyhow::Result<Exit> {
    let mut linked = String::new();
    GzDecoder::new(LINKED_NOTICES).read_to_string(&mut linked)?;
    let mut out = io::stdout().lock();
    writeln!(out, "Hookstead is licensed under Apache-2.0. It contains software of others.\n")?;
    writeln!(out, "==== Rust crates, and the C libraries in them\n\n{linked}")?;
    writeln!(out, "==== npm packages\n\n{BUNDLED_NOTICES}")?;
    writeln!(
        out,
        "==== The standard library of Rust\n\nMIT OR Apache-2.0 https://www.rust-lang.org"
    )?;
    out.flush()?;
    Ok(Exit::Success)
}
