//! The keys that sign the tokens of an app.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::hmac;

use crate::random;

/// How short a key may be.
const KEY_BYTES_MIN: usize = 32;
/// How many keys there may be: each of them is tried on a forged token.
const KEYS_MAX: usize = 8;

/// What others than the owner of a file may do.
const MODE_OF_OTHERS: u32 = 0o077;

/// The keys that sign the tokens of an app: the first one signs, all of them verify.
#[derive(Clone)]
pub struct SigningKeys {
    keys: Arc<[hmac::Key]>,
}

/// Why there are no keys. The text never holds one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no key in the text.
    #[error("there is no signing key: write one per line, at least {KEY_BYTES_MIN} bytes long")]
    Empty,
    /// A key is too short to be safe.
    #[error(
        "the signing key in line {line} has {bytes} bytes; it must have at least {KEY_BYTES_MIN}"
    )]
    TooShort {
        /// The line, from 1.
        line: usize,
        /// How long the key is.
        bytes: usize,
    },
    /// There are too many keys.
    #[error("there are {0} signing keys; at most {KEYS_MAX} are allowed")]
    TooMany(usize),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// What is in the file are no keys.
    #[error("the signing key {}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<Self>,
    },
    /// Others than its owner may read the file.
    #[error(
        "the signing key {0} can be used by others than its owner: run `chmod 600 {0}`, and put a \
         new key in its place where others may have seen it",
        path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be made or read.
    #[error("the signing key {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

impl SigningKeys {
    /// Keys from text, such as that of a secret: one per line. The first one signs; tokens that
    /// the others have signed stay valid, so that a key can be replaced.
    ///
    /// # Errors
    /// No key, a key that is too short, too many keys.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() {
                continue;
            }
            if line.len() < KEY_BYTES_MIN {
                return Err(KeyError::TooShort { line: index + 1, bytes: line.len() });
            }
            keys.push(hmac::Key::new(hmac::HMAC_SHA256, line.as_bytes()));
        }
        match keys.len() {
            0 => Err(KeyError::Empty),
            1..=KEYS_MAX => Ok(Self { keys: keys.into() }),
            count => Err(KeyError::TooMany(count)),
        }
    }

    /// Keys from a file, which is made with a random key when it does not exist. Only its owner
    /// may read it. Programs that start at the same time agree on one key.
    ///
    /// # Errors
    /// The file cannot be made or read, or holds no keys.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: path.to_owned(), source };
        match File::open(path) {
            Ok(file) => return Self::of_open_file(file, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let key = random::bytes::<KEY_BYTES_MIN>().map_err(|_| KeyError::Random)?;
        create(path, &hex::encode(key)).map_err(failed)?;
        // The key of whoever was first.
        Self::of_open_file(File::open(path).map_err(failed)?, path)
    }

    fn of_open_file(mut file: File, path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: path.to_owned(), source };
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & MODE_OF_OTHERS != 0 {
            return Err(KeyError::Open { path: path.to_owned() });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let unusable =
            |source| KeyError::Content { path: path.to_owned(), source: Box::new(source) };
        Self::from_text(&text).map_err(unusable)
    }

    /// A random key that lasts as long as the program.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random() -> Result<Self, KeyError> {
        let key = random::bytes::<KEY_BYTES_MIN>().map_err(|_| KeyError::Random)?;
        Ok(Self { keys: Arc::new([hmac::Key::new(hmac::HMAC_SHA256, &key)]) })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<hmac::Tag> {
        self.keys.first().map(|key| hmac::sign(key, message))
    }

    /// Whether one of the keys has signed the message. The comparison takes constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        self.keys.iter().any(|key| hmac::verify(key, message, tag).is_ok())
    }
}

/// Makes a file with a content, whole or not at all; where there is one already, it stays.
fn create(path: &Path, content: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let suffix = random::bytes::<8>().map_err(io::Error::other)?;
    let temporary = folder.join(format!(".signing-key-{}", hex::encode(suffix)));
    let written = write(&temporary, content).and_then(|()| match fs::hard_link(&temporary, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&temporary);
    written?;
    removed?;
    File::open(folder)?.sync_all()
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{content}")?;
    file.sync_all()
}
