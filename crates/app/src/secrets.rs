//! The operator's secrets: environment variables first, then a file only the operator can read.
//!
//! Secrets never come with an export, so each one that an app names must be given its value anew:
//!
//! 1. `HOOKSTEAD_SECRET_<name>`: the value itself;
//! 2. `HOOKSTEAD_SECRET_<name>_FILE`: the path of a file that holds it, as container platforms
//!    mount them; one newline at its end is not part of the value;
//! 3. `secrets.toml` in the data directory, which [`SecretStore::set`] writes.
//!
//! Shells cannot type a `-` in the name of a variable, so a `_` may stand in its place there.
//! An empty value counts as none, wherever it stands, and [`SecretStore::empty`] tells of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt, fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{Secret, io_words};

mod file;

const VARIABLE_PREFIX: &str = "HOOKSTEAD_SECRET_";
const VARIABLE_FILE_SUFFIX: &str = "_FILE";

/// Longer names are refused.
const NAME_BYTES_MAX: usize = 64;

/// Larger files are not read as the value of a secret.
const VALUE_BYTES_MAX: u64 = 1024 * 1024;

/// Where the value of a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretOrigin {
    /// This environment variable.
    Variable(String),
    /// The file that this environment variable names.
    VariableFile(String),
    /// The secrets file in the data directory.
    File,
}

impl fmt::Display for SecretOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(variable) => write!(f, "{variable}"),
            Self::VariableFile(variable) => write!(f, "the file in {variable}"),
            Self::File => write!(f, "{}", file::FILE_NAME),
        }
    }
}

/// Why a secret cannot be read or written. No message holds a value.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The name is not one that a secret can have.
    #[error("`{name}` is no name of a secret: use letters, digits, `_` and `-`, at most 64")]
    Name {
        /// The name.
        name: String,
    },
    /// A secret without a value protects nothing.
    #[error("the value of the secret `{name}` is empty, and would protect nothing: give it one")]
    Empty {
        /// The name.
        name: String,
    },
    /// A variable holds bytes that are no text.
    #[error("{origin} does not hold UTF-8 text: write the value as text, such as in base64")]
    NotUtf8 {
        /// Where the value comes from.
        origin: SecretOrigin,
    },
    /// Others can read the secrets file.
    #[error(
        "other users of this machine can read {}, so it is not used\n  → run: chmod 600 {}",
        path.display(), path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The secrets file cannot be understood.
    #[error(
        "{}{} is not a list of `name = \"value\"` lines: mend the line, or remove it and set the \
         secret again",
        path.display(),
        if *line > 0 { format!(":{line}") } else { String::new() }
    )]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The first line that cannot be understood, or 0 where none can be told.
        line: usize,
    },
    /// The file that a variable names cannot be read.
    #[error("{variable} names {}, which cannot be read: {}", path.display(), io_words(why))]
    VariableFile {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be {action}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// The operator's secrets.
pub struct SecretStore {
    data_dir: PathBuf,
    /// The variables that concern secrets, by name.
    variables: BTreeMap<String, OsString>,
    stored: BTreeMap<String, Secret>,
}

impl SecretStore {
    /// Opens the secrets of a data directory, which need not exist, and of this process's
    /// environment.
    ///
    /// # Errors
    /// The secrets file cannot be read or understood, or others can read it.
    pub fn open(data_dir: &Path) -> Result<Self, SecretError> {
        Self::open_with(data_dir, std::env::vars_os())
    }

    /// The same with other environment variables.
    ///
    /// # Errors
    /// Those of [`SecretStore::open`].
    pub fn open_with(
        data_dir: &Path,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SecretError> {
        let named = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            name.starts_with(VARIABLE_PREFIX).then_some((name, value))
        });
        Ok(Self {
            data_dir: data_dir.to_owned(),
            variables: named.collect(),
            stored: file::read(data_dir)?,
        })
    }

    /// The value of a secret; `None` where there is none, or an empty one only.
    ///
    /// # Errors
    /// The name is none of a secret, or what gives the value cannot be read as text.
    pub fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        check_name(name)?;
        for origin in origins(name) {
            match self.read(name, &origin)? {
                Some(secret) if !secret.expose().is_empty() => return Ok(Some(secret)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Whether the secrets file holds a secret of this name.
    pub fn holds(&self, name: &str) -> bool {
        self.stored.contains_key(name)
    }

    /// Writes the value of a secret into the secrets file.
    ///
    /// # Errors
    /// The name is none of a secret, the value is empty, or the file cannot be read or written; it
    /// then stays as it is.
    pub fn set(&mut self, name: &str, value: Secret) -> Result<(), SecretError> {
        check_name(name)?;
        if value.expose().is_empty() {
            return Err(SecretError::Empty { name: name.to_owned() });
        }
        // Somebody else may have written since this store was opened.
        let mut stored = file::read(&self.data_dir)?;
        stored.insert(name.to_owned(), value);
        file::write(&self.data_dir, &stored)?;
        self.stored = stored;
        Ok(())
    }

    /// Removes a secret from the secrets file; says whether it was there.
    ///
    /// # Errors
    /// The name is none of a secret, or the file cannot be read or written; it then stays as it is.
    pub fn remove(&mut self, name: &str) -> Result<bool, SecretError> {
        check_name(name)?;
        let mut stored = file::read(&self.data_dir)?;
        let was_there = stored.remove(name).is_some();
        if was_there {
            file::write(&self.data_dir, &stored)?;
        }
        self.stored = stored;
        Ok(was_there)
    }

    /// Every name that something gives a value to, and where that value comes from.
    ///
    /// # Errors
    /// What gives a value cannot be read as text.
    pub fn names(&self) -> Result<Vec<(String, SecretOrigin)>, SecretError> {
        self.list(|value| !value.expose().is_empty())
    }

    /// Every name that something gives an empty value to, which counts as none, and where.
    ///
    /// # Errors
    /// What gives a value cannot be read as text.
    pub fn empty(&self) -> Result<Vec<(String, SecretOrigin)>, SecretError> {
        self.list(|value| value.expose().is_empty())
    }

    /// The first origin of each name whose value is of the wanted kind.
    fn list(
        &self,
        wanted: impl Fn(&Secret) -> bool,
    ) -> Result<Vec<(String, SecretOrigin)>, SecretError> {
        let mut listed = Vec::new();
        for name in self.all_names() {
            for origin in origins(&name) {
                if self.read(&name, &origin)?.is_some_and(|value| wanted(&value)) {
                    listed.push((name, origin));
                    break;
                }
            }
        }
        Ok(listed)
    }

    fn all_names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self.stored.keys().cloned().collect();
        for variable in self.variables.keys() {
            let name = variable.strip_prefix(VARIABLE_PREFIX).unwrap_or(variable);
            let name = name.strip_suffix(VARIABLE_FILE_SUFFIX).unwrap_or(name);
            // A `_` may stand for the `-` of a name that is stored.
            let spelt = |stored: &&String| stored.replace('-', "_") == name;
            if is_secret_name(name) && !self.stored.keys().any(|stored| spelt(&stored)) {
                names.insert(name.to_owned());
            }
        }
        names
    }

    fn read(&self, name: &str, origin: &SecretOrigin) -> Result<Option<Secret>, SecretError> {
        let text = match origin {
            SecretOrigin::File => return Ok(self.stored.get(name).cloned()),
            SecretOrigin::Variable(variable) => match self.variables.get(variable) {
                None => return Ok(None),
                Some(value) => value.clone().into_string().ok(),
            },
            SecretOrigin::VariableFile(variable) => match self.variables.get(variable) {
                None => return Ok(None),
                Some(path) if path.is_empty() => Some(String::new()),
                Some(path) => {
                    let path = Path::new(path);
                    let value = read_value(path).map_err(|why| SecretError::VariableFile {
                        variable: variable.clone(),
                        path: path.to_owned(),
                        why,
                    })?;
                    String::from_utf8(value).ok().map(trim_end)
                }
            },
        };
        let text = text.ok_or_else(|| SecretError::NotUtf8 { origin: origin.clone() })?;
        Ok(Some(Secret::new(text)))
    }
}

/// The files that the values of secrets are read from, whether they exist or not: the secrets file
/// of a data directory, and what variables of this process name.
pub fn files_of_secrets(data_dir: &Path) -> Vec<PathBuf> {
    let is_file = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with(VARIABLE_PREFIX) && name.ends_with(VARIABLE_FILE_SUFFIX)
    };
    let named = std::env::vars_os().filter(|(name, path)| is_file(name) && !path.is_empty());
    let named = named.map(|(_, path)| PathBuf::from(path));
    [data_dir.join(file::FILE_NAME)].into_iter().chain(named).collect()
}

/// Whether a secret can have this name. The hosted service itself made names that begin with `_`.
pub fn is_secret_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let length = 1..=NAME_BYTES_MAX;
    length.contains(&name.len()) && !name.starts_with('-') && name.bytes().all(allowed)
}

fn check_name(name: &str) -> Result<(), SecretError> {
    if is_secret_name(name) { Ok(()) } else { Err(SecretError::Name { name: name.to_owned() }) }
}

/// Where the value of a secret is looked for, in this order.
fn origins(name: &str) -> Vec<SecretOrigin> {
    let exact = format!("{VARIABLE_PREFIX}{name}");
    let typed = format!("{VARIABLE_PREFIX}{}", name.replace('-', "_"));
    let mut variables = vec![exact];
    if !variables.contains(&typed) {
        variables.push(typed);
    }
    let files = variables.iter().map(|variable| format!("{variable}{VARIABLE_FILE_SUFFIX}"));
    let files = files.map(SecretOrigin::VariableFile).collect::<Vec<_>>();
    let variables = variables.into_iter().map(SecretOrigin::Variable);
    variables.chain(files).chain([SecretOrigin::File]).collect()
}

fn read_value(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait forever.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(VALUE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > VALUE_BYTES_MAX {
        let mebibytes = VALUE_BYTES_MAX >> 20;
        let why = format!("it holds more than {mebibytes} MiB, which is no secret");
        return Err(io::Error::other(why));
    }
    Ok(bytes)
}

fn trim_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}
