//! A Python with the servers in it, made once per machine.
//!
//! It lies in the user's cache, so that all checkouts share it. Two processes that want it at once
//! wait for each other at a file lock, and a half-made one is made anew.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What is installed, each package with its hashes.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// Is there when everything else is; says which of the two ways worked.
const MARKER: &str = "complete";
const VENV: &str = "venv";
const PACKAGES: &str = "packages";

/// Why there is no Python with the servers in it.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// No Python at all.
    #[error("tests with real servers need python3 (3.11 or later): {0}")]
    Missing(io::Error),
    /// A step did not work.
    #[error("{step} failed (it needs pip, and a network or a mirror of PyPI):\n{output}")]
    Step {
        /// Which.
        step: &'static str,
        /// What it printed.
        output: String,
    },
    /// The cache cannot be written.
    #[error("{path}: {error}")]
    Cache {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// How the Python is started.
pub(crate) struct Python {
    program: PathBuf,
    packages: Option<PathBuf>,
}

impl Python {
    /// The one of this machine, made if need be.
    pub(crate) fn of_this_machine() -> Result<Self, PythonError> {
        let version = version()?;
        let mut hasher = DefaultHasher::new();
        REQUIREMENTS.hash(&mut hasher);
        let cache = cache_folder();
        let name = format!("servers-{version}-{:016x}", hasher.finish());
        let folder = cache.join(&name);
        let at = |error| PythonError::Cache { path: folder.clone(), error };
        fs::create_dir_all(&cache).map_err(at)?;
        let lock = File::create(cache.join(format!("{name}.lock"))).map_err(at)?;
        lock.lock().map_err(at)?;
        let marker = folder.join(MARKER);
        let way = match fs::read_to_string(&marker) {
            Ok(way) => way,
            Err(_) => {
                let way = install(&folder)?;
                fs::write(&marker, way).map_err(at)?;
                way.to_owned()
            }
        };
        Ok(match way.as_str() {
            VENV => Self { program: venv_program(&folder), packages: None },
            _ => Self { program: "python3".into(), packages: Some(folder.join(PACKAGES)) },
        })
    }

    /// A command that runs some code.
    pub(crate) fn code(&self, code: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-c", code]);
        if let Some(packages) = &self.packages {
            command.env("PYTHONPATH", packages);
        }
        command
    }
}

/// Where what outlives a run of the tests is kept.
pub(crate) fn cache_folder() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    cache.or_else(home).unwrap_or_else(env::temp_dir).join("hookstead-testing")
}

/// Packages for one version do not suit another.
fn version() -> Result<String, PythonError> {
    let code = "import sys; print('%d.%d' % sys.version_info[:2], end='')";
    let output = Command::new("python3").args(["-c", code]).output();
    let output = output.map_err(PythonError::Missing)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Fills a folder, and tells in which way.
fn install(folder: &Path) -> Result<&'static str, PythonError> {
    let at = |error| PythonError::Cache { path: folder.to_owned(), error };
    if folder.is_dir() {
        fs::remove_dir_all(folder).map_err(at)?;
    }
    fs::create_dir_all(folder).map_err(at)?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(at)?;
    // Debian keeps what `venv` needs in a package of its own, which few machines have.
    let venv = folder.join(VENV);
    let way = match run("making a venv", Command::new("python3").args(["-m", VENV]).arg(&venv)) {
        Ok(()) => VENV,
        Err(_) => PACKAGES,
    };
    let mut pip = match way {
        VENV => Command::new(venv_program(folder)),
        _ => Command::new("python3"),
    };
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(["--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(&requirements);
    if way == PACKAGES {
        pip.args([OsStr::new("--target"), folder.join(PACKAGES).as_os_str()]);
    }
    run("installing the servers with pip", &mut pip)?;
    Ok(way)
}

fn venv_program(folder: &Path) -> PathBuf {
    folder.join(VENV).join("bin/python")
}

fn run(step: &'static str, command: &mut Command) -> Result<(), PythonError> {
    let Output { status, stdout, stderr } = command.output().map_err(PythonError::Missing)?;
    if status.success() {
        return Ok(());
    }
    let output = [stdout, stderr].concat();
    Err(PythonError::Step { step, output: String::from_utf8_lossy(&output).into_owned() })
}
