//! Bundles the JavaScript half (`js/`) into the output folder: `runtime.js` and `modules.json`.
//!
//! `npm ci` runs only when the lock file is newer than what it installed last.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let js = manifest.join("../../js").canonicalize()?;
    for watched in ["src", "build.mjs", "package.json", "package-lock.json"] {
        println!("cargo::rerun-if-changed={}", js.join(watched).display());
    }
    if !is_installed(&js) {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&js))?;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    run(Command::new("node").arg("build.mjs").arg(out.join("runtime.js")).current_dir(&js))
}

fn is_installed(js: &Path) -> bool {
    let modified = |file: &str| fs::metadata(js.join(file)).and_then(|meta| meta.modified()).ok();
    let installed = modified("node_modules/.package-lock.json");
    installed.is_some() && installed >= modified("package-lock.json")
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(|error| format!("cannot start {name}, which the build needs: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed: {status}").into()) }
}
