//! An OpenID server, which stands in for Google and Apple, with Facebook's own calls beside it:
//! `openid/server.mjs`, over packages of npm.
//!
//! The packages lie in the user's cache, as those of Python do.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use crate::python::cache_folder;

/// What the folder holds before npm adds the packages, each with its hash.
const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../openid/package.json")),
    ("package-lock.json", include_str!("../openid/package-lock.json")),
    ("server.mjs", include_str!("../openid/server.mjs")),
];

/// Is there when everything else is.
const MARKER: &str = "complete";

/// A server on a port of its own.
pub struct OpenIdServer {
    url: String,
    process: Child,
}

impl OpenIdServer {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// When there cannot be one; the text says what is missing.
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| {
            panic!("tests with an OpenID server need Node.js 20 and npm: {error}")
        })
    }

    /// Where it listens, such as `http://127.0.0.1:9000`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn try_start() -> io::Result<Self> {
        let folder = folder()?;
        let mut command = Command::new("node");
        // It ends when nobody holds the other side of its input.
        command.arg("server.mjs").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).spawn()?;
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut url = String::new();
        BufReader::new(output).read_line(&mut url)?;
        let url = url.trim().to_owned();
        let server = Self { url, process };
        if server.url.is_empty() {
            return Err(io::Error::other("it has ended before it began to listen"));
        }
        Ok(server)
    }
}

impl Drop for OpenIdServer {
    fn drop(&mut self) {
        // Neither can fail for a child that nobody has waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The folder with the server and its packages, made if need be. Two processes that want it at
/// once wait for each other, and a half-made one is made anew.
fn folder() -> io::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    FILES.hash(&mut hasher);
    let name = format!("openid-{:016x}", hasher.finish());
    let cache = cache_folder();
    let folder = cache.join(&name);
    fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join(format!("{name}.lock")))?;
    lock.lock()?;
    if !folder.join(MARKER).exists() {
        install(&folder)?;
        fs::write(folder.join(MARKER), "")?;
    }
    Ok(folder)
}

fn install(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for (name, text) in FILES {
        fs::write(folder.join(name), text)?;
    }
    let arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
    let Output { status, stdout, stderr } =
        Command::new("npm").args(arguments).current_dir(folder).output()?;
    if status.success() {
        return Ok(());
    }
    let output = [stdout, stderr].concat();
    Err(io::Error::other(format!("npm ci: {}", String::from_utf8_lossy(&output))))
}
