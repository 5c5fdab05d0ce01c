//! The data folder: it is made for its owner alone, and kept out of Git.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    path::Path,
};

use hookstead_app::io_words;

use crate::terminal;

/// The name of the data folder where nothing else is set.
pub(crate) const DEFAULT_NAME: &str = ".hookstead";

/// The file of documents, with its siblings, which begin with the same name.
const DOCUMENTS: &str = "documents.";

/// The file of secrets; the drafts of it begin with a dot.
const SECRETS: &str = "secrets.toml";

/// The file of the keys that sign tokens of users; the drafts of it begin with a dot.
pub(crate) const SIGNING_KEY: &str = "signing-key";

const IGNORE_FILE: &str = ".gitignore";

/// For a folder in which there is nothing but our files.
const IGNORE_ALL: &str = "*\n";

/// For a folder that holds other files too, which are not ours to hide.
const IGNORE_OURS: &str = "/.gitignore\n/documents.*\n/secrets.toml\n/.secrets.toml.*\n\
    /signing-key\n/.signing-key-*\n";

/// A longer file is not looked through.
const IGNORE_BYTES_MAX: u64 = 64 * 1024;

/// Makes the folder where it is missing, and keeps Git from adding what it holds.
///
/// # Errors
/// The folder cannot be made.
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    keep_out_of_git(folder);
    Ok(())
}

/// Keeps Git from adding what the folder holds, where there is such a folder.
///
/// A `.gitignore` that somebody else wrote is never changed: a warning says what is missing.
pub(crate) fn keep_out_of_git(folder: &Path) {
    if !folder.is_dir() {
        return;
    }
    let path = folder.join(IGNORE_FILE);
    match write_new(&path, if holds_only_ours(folder) { IGNORE_ALL } else { IGNORE_OURS }) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if !ignores_ours(&path) {
                terminal::warning(&format!(
                    "{} does not keep the documents and secrets of this folder out of Git\n  \
                     → add a line that holds only * to it",
                    path.display()
                ));
            }
        }
        // Nobody can add files to a repository that does not exist.
        Err(error) if is_in_repository(folder) => terminal::warning(&format!(
            "{} cannot be written ({}), and the folder lies in a Git repository\n  \
             → name the folder in a .gitignore of the repository, or move it with --data-dir",
            path.display(),
            io_words(&error)
        )),
        Err(_) => {}
    }
}

/// Whether a folder holds documents, secrets or keys.
pub(crate) fn is_used(folder: &Path) -> bool {
    [SECRETS, SIGNING_KEY, "documents.sqlite3"].iter().any(|name| folder.join(name).is_file())
}

/// The file is made in one step, so that a link is never followed and nothing is overwritten.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn holds_only_ours(folder: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else { return false };
    entries.all(|entry| entry.is_ok_and(|entry| is_ours(&entry.file_name().to_string_lossy())))
}

fn is_ours(name: &str) -> bool {
    let name = name.strip_prefix('.').unwrap_or(name);
    let starts = [DOCUMENTS, SECRETS, SIGNING_KEY];
    starts.iter().any(|start| name.starts_with(start)) || name == "gitignore"
}

/// Whether every line that this program would write, or one that stands for all, is there, and
/// nothing is taken out again. A file that cannot be read counts as one that ignores nothing.
fn ignores_ours(path: &Path) -> bool {
    // Opening a pipe would wait forever.
    if !path.is_file() {
        return false;
    }
    let mut text = String::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(IGNORE_BYTES_MAX).read_to_string(&mut text));
    if read.is_err() {
        return false;
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let exception = |line: &&str| line.starts_with('!') && *line != "!.gitignore";
    if lines.iter().any(exception) {
        return false;
    }
    let is_all = |line: &&str| ["*", "/*", "**", "/**"].contains(line);
    let needed = IGNORE_OURS.lines().filter(|line| !line.contains("gitignore"));
    let has = |line: &str| lines.contains(&line) || lines.contains(&line.trim_start_matches('/'));
    lines.iter().any(is_all) || { needed }.all(has)
}

fn is_in_repository(folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    folder.ancestors().any(|parent| parent.join(".git").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_somebody_else_counts_only_where_it_hides_everything_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(IGNORE_FILE);
        let cases = [
            ("*", true),
            ("# ours\r\n*\r\n!.gitignore\r\n", true),
            (IGNORE_OURS, true),
            ("documents.*\nsecrets.toml\n.secrets.toml.*\nsigning-key\n.signing-key-*", true),
            ("documents.*\nsecrets.toml\n.secrets.toml.*", false),
            ("", false),
            ("*.log", false),
            ("secrets.toml", false),
            ("*\n!secrets.toml", false),
            ("#*", false),
        ];
        for (text, expected) in cases {
            fs::write(&path, text).unwrap();
            assert_eq!(ignores_ours(&path), expected, "{text:?}");
        }
    }

    #[test]
    fn files_of_others_are_not_hidden() {
        let folder = tempfile::tempdir().unwrap();
        assert!(holds_only_ours(folder.path()));
        for name in [
            "documents.sqlite3-wal",
            "documents.lock",
            ".secrets.toml.12",
            "secrets.toml",
            "signing-key",
            ".signing-key-1a",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(holds_only_ours(folder.path()));
        fs::write(folder.path().join("main.js"), "").unwrap();
        assert!(!holds_only_ours(folder.path()));
    }
}
