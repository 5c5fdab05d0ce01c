//! Writes `notices.txt.gz` into the output folder: every package that is linked into the program,
//! with its licence, for `hookstead licenses`.

mod notices;
mod packages;

use std::{
    env,
    error::Error,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={}", lock_file(&manifest)?.display());
    let packages = packages::linked(&manifest, &env::var("TARGET")?)?;
    let target = PathBuf::from(env::var("OUT_DIR")?).join("notices.txt.gz");
    let mut file = GzEncoder::new(File::create(target)?, Compression::best());
    file.write_all(notices::text(&packages)?.as_bytes())?;
    file.finish()?;
    Ok(())
}

/// The lock file of the workspace, which says which versions are linked.
fn lock_file(manifest: &Path) -> Outcome<PathBuf> {
    let mut folders = manifest.ancestors().skip(1).map(|folder| folder.join("Cargo.lock"));
    folders.find(|file| file.is_file()).ok_or_else(|| "there is no Cargo.lock".into())
}
