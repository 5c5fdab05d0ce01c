//! Bundles the JavaScript half (`js/`) and compiles it to bytecode, so that no start has to. The
//! output folder gets `runtime.bytecode`, `modules.rs` with the bytecode of every module, and
//! `notices.txt` with the licences of the packages in them.
//!
//! `npm ci` runs only when the lock file is newer than what it installed last.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use hookstead_isolate::{Bytecode, Detail, Script};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let js = manifest.join("../../js").canonicalize()?;
    for watched in ["src", "build.mjs", "notices.mjs", "package.json", "package-lock.json"] {
        println!("cargo::rerun-if-changed={}", js.join(watched).display());
    }
    check_target()?;
    if !is_installed(&js) {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&js))?;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let runtime = out.join("runtime.js");
    run(Command::new("node").arg("build.mjs").arg(&runtime).arg("--minify").current_dir(&js))?;
    // Nobody is to see the prelude in a stack trace, and it loads at every start.
    let runtime = compile("hookstead", &fs::read_to_string(&runtime)?, Detail::Stripped)?;
    fs::write(out.join("runtime.bytecode"), runtime)?;
    compile_modules(&out)
}

/// Bytecode is written here and read there.
fn check_target() -> Outcome<()> {
    let here_endian = if cfg!(target_endian = "big") { "big" } else { "little" };
    let here = format!("{here_endian}-endian, {} bits", usize::BITS);
    let (endian, bits) =
        (env::var("CARGO_CFG_TARGET_ENDIAN")?, env::var("CARGO_CFG_TARGET_POINTER_WIDTH")?);
    let there = format!("{endian}-endian, {bits} bits");
    if here == there {
        return Ok(());
    }
    let message = format!(
        "the engine's bytecode, which is compiled now, would not fit the target: it is {there}, \
         and this machine is {here}; build on a machine that is like the target in this"
    );
    Err(message.into())
}

/// Every module with the modules that it requires, and its bytecode.
fn compile_modules(out: &Path) -> Outcome<()> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(out.join("modules"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "js") {
            // A dot stands for the slash in names such as `fs/promises`.
            let name = path.file_stem().unwrap_or_default().to_string_lossy().replace('.', "/");
            sources.push((name, fs::read_to_string(&path)?, path));
        }
    }
    sources.sort();
    let mut table = "&[\n".to_owned();
    for (name, text, path) in &sources {
        let is_needed = |other: &str| text.contains(&format!("require(\"{other}\")"));
        let needs: Vec<_> =
            sources.iter().map(|(other, ..)| other).filter(|other| is_needed(other)).collect();
        // Functions see a module's lines in stack traces, and by its text what is a class.
        let bytecode = compile(&format!("node:{name}"), text, Detail::Full)?;
        let target = path.with_extension("bytecode");
        fs::write(&target, bytecode)?;
        writeln!(
            table,
            "Module {{ name: {name:?}, needs: &{needs:?}, \
             bytecode: include_bytes!({target:?}) }},"
        )?;
    }
    table.push_str("]\n");
    Ok(fs::write(out.join("modules.rs"), table)?)
}

fn compile(name: &str, source: &str, detail: Detail) -> Outcome<Vec<u8>> {
    let script = Script { name: name.to_owned(), source: source.to_owned(), lines_before: 0 };
    let bytecode = Bytecode::compile(&script, detail)
        .map_err(|thrown| format!("{name} does not compile: {thrown}"))?;
    Ok(bytecode.bytes().to_vec())
}

fn is_installed(js: &Path) -> bool {
    let modified = |file: &str| fs::metadata(js.join(file)).and_then(|meta| meta.modified()).ok();
    let installed = modified("node_modules/.package-lock.json");
    installed.is_some() && installed >= modified("package-lock.json")
}

fn run(command: &mut Command) -> Outcome<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(|error| format!("cannot start {name}, which the build needs: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed: {status}").into()) }
}
