//! `hookstead deps`: the npm packages that functions require.

mod plan;
mod project;

use std::{
    fs::{self, OpenOptions},
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::Command as Process,
};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::Value as Json;

use self::plan::{Plan, Step, Version};
use crate::{
    exit::{Exit, REMEDY, UsageError},
    terminal::{self, clean},
    workspace::{AppFlags, folder_of_app},
};

/// The npm packages of the functions
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Install(InstallArgs),
}

/// Install the packages that functions require into functions/node_modules
///
/// The versions are those of functions/package.json. A package that it does not declare gets the
/// version that the function names, one that is known to work, or the latest one. What would be
/// added is printed before anything is written; npm runs without the scripts of packages.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {
    /// Do not ask before anything is written
    #[arg(long, short)]
    yes: bool,

    /// Folder of the app
    #[arg(long, value_name = "DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app: PathBuf,

    #[command(flatten)]
    flags: AppFlags,
}

/// Runs one of the commands.
pub(crate) fn run(command: &Command) -> anyhow::Result<Exit> {
    match command {
        Command::Install(args) => install(args),
    }
}

fn install(args: &InstallArgs) -> anyhow::Result<Exit> {
    let workspace = args.flags.open(&args.app, Vec::new())?;
    let loaded = workspace.load()?;
    let mut plan = Plan::of(&loaded.app)?;
    for refused in &plan.refused {
        terminal::warning(refused);
    }
    if plan.steps.is_empty() {
        terminal::note("the functions require no packages that could be installed");
        return Ok(Exit::Success);
    }
    let folder = workspace.app_dir.join("functions");
    project::check(&folder)?;
    for step in plan.steps.iter_mut().filter(|step| step.version == Version::Latest) {
        step.version = Version::Found(latest(&folder, &step.name)?);
    }
    let mut out = io::stdout();
    writeln!(out, "packages for functions/node_modules:")?;
    for step in &plan.steps {
        let (range, reason) = (clean(step.version.range()), clean(&step.reason));
        writeln!(out, "  {} {range}  ({reason})", step.name)?;
    }
    out.flush()?;
    if !args.yes && !asked()? {
        terminal::note("nothing was written");
        return Ok(Exit::Failure);
    }
    write_and_install(&folder, &plan.steps)?;
    Ok(if plan.refused.is_empty() { Exit::Success } else { Exit::Failure })
}

fn asked() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        let message = format!("nobody can be asked here{REMEDY}run it again with --yes");
        return Err(UsageError(message).into());
    }
    eprint!("add them to functions/package.json and install them? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The latest version of a package, as the registry says.
fn latest(folder: &Path, name: &str) -> anyhow::Result<String> {
    let output = npm(folder)
        .args(["view", "--json", "--", name, "version"])
        .output()
        .with_context(npm_is_missing)?;
    let version: Option<String> = serde_json::from_slice(&output.stdout).ok();
    match version.filter(|version| hookstead_functions::satisfies(version, "*") == Some(true)) {
        Some(version) if output.status.success() => Ok(version),
        _ => bail!(
            "the registry of npm knows no package {name:?}, or cannot be reached{REMEDY}correct \
             the name in the function, or name a version in functions/package.json"
        ),
    }
}

/// Adds the packages to `functions/package.json`, and lets npm install all that it declares. Where
/// npm fails, the file is as it was.
fn write_and_install(folder: &Path, steps: &[Step]) -> anyhow::Result<()> {
    let file = folder.join("package.json");
    let before = match fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).context("functions/package.json cannot be read"),
    };
    let text = with_packages(before.as_deref().unwrap_or("{}"), steps)?;
    write(&file, &text)?;
    let status = npm(folder)
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"])
        .status()
        .with_context(npm_is_missing);
    if status.as_ref().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    match &before {
        Some(before) => write(&file, before)?,
        None => fs::remove_file(&file).context("functions/package.json cannot be removed")?,
    }
    status?;
    bail!("npm could not install the packages; functions/package.json is as it was")
}

/// A `package.json` with more dependencies; whatever else it says stays.
fn with_packages(text: &str, steps: &[Step]) -> anyhow::Result<String> {
    let mut json: Json = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .context("functions/package.json is no JSON")?;
    project::check_manifest(&json)?;
    let Some(object) = json.as_object_mut() else { bail!("functions/package.json is no object") };
    let entry = object.entry("dependencies").or_insert_with(|| Json::Object(Default::default()));
    let Some(dependencies) = entry.as_object_mut() else {
        bail!("`dependencies` of functions/package.json is no object");
    };
    for step in steps {
        dependencies.insert(step.name.clone(), step.version.range().into());
    }
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}

/// Writes a file so that nobody ever sees half of it, and through no link.
fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let beside = file.with_extension("json.new");
    // What was left behind, or was put there to lead elsewhere.
    let _ = fs::remove_file(&beside);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut new| new.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, file));
    written.with_context(|| format!("{} cannot be written", file.display()))
}

/// npm in a folder, and in no other one that it would find above.
fn npm(folder: &Path) -> Process {
    let mut npm = Process::new("npm");
    npm.current_dir(folder).args(["--prefix", "."]);
    npm
}

fn npm_is_missing() -> String {
    format!("npm cannot be started{REMEDY}install Node.js with npm, or run npm elsewhere")
}

#[cfg(test)]
mod tests {
    use super::{plan::is_name, *};

    #[test]
    fn a_file_is_written_through_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("package.json"), folder.path().join("other"));
        std::os::unix::fs::symlink(&other, folder.path().join("package.json.new")).unwrap();
        write(&file, "{}").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "{}");
        assert!(!other.exists() && !file.is_symlink());
    }

    #[test]
    fn packages_are_added_to_a_package_json_that_keeps_the_rest() {
        let step = |name: &str, range: &str| Step {
            name: name.to_owned(),
            version: Version::Found(range.to_owned()),
            reason: String::new(),
        };
        let steps = [step("b", "2"), step("a", "^1.0.0")];
        let text = with_packages(r#"{"name":"x","dependencies":{"a":"^1.0.0","c":"3"}}"#, &steps);
        let json: Json = serde_json::from_str(&text.unwrap()).unwrap();
        let expected =
            serde_json::json!({"name":"x","dependencies":{"a":"^1.0.0","c":"3","b":"2"}});
        assert_eq!(json, expected);
        assert!(with_packages("[]", &steps).is_err());
        assert!(with_packages(r#"{"dependencies":1}"#, &steps).is_err());
        assert!(with_packages("{}", &steps).is_ok());
    }

    #[test]
    fn only_names_that_npm_allows_reach_it() {
        for name in ["lodash", "@scope/name", "a.b-c_d", "JSONStream"] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(215);
        for name in
            ["", "-g", "--prefix=/", "../a", "a/b", "@a", "@/b", "a b", ".a", "@a/.b", &long]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
