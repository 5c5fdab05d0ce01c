//! Chores of this repository: `cargo xtask tidy` and `cargo xtask test`.

mod repo;
mod run_tests;
mod tidy;

use std::{env, process::ExitCode};

use repo::Repo;

const USAGE: &str = "\
usage: cargo xtask <chore>

  tidy    holds the sources and documents to the rules of the house
  test    runs every test: JavaScript, documentation, Rust
";

fn main() -> ExitCode {
    let chore = env::args().nth(1).unwrap_or_default();
    let outcome = match chore.as_str() {
        "tidy" => Repo::open().and_then(|repo| tidy::run(&repo)),
        "test" => Repo::open().and_then(|repo| run_tests::run(&repo)),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
