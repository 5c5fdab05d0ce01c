//! The file of documents: where it lies, how it is opened, and which layout it has.

use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use crate::{
    DataError, ErrorKind,
    embedded::{
        changes::layout::{WITH_LOG, WITHOUT_LOG},
        failure::{Failure, FileFault, Outcome, at_opening},
        file::write_lock::{Turn, private},
    },
};

/// The name of the file in its folder.
const NAME: &str = "documents.sqlite3";

/// Marks the file as ours; SQLite keeps the number in its header.
const APPLICATION_ID: i32 = 0x486f_6f6b;

/// The layouts that this version reads and writes.
const LAYOUTS: [i32; 2] = [WITHOUT_LOG, WITH_LOG];

/// How long another process may hold the file before a write fails.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(60);

/// How often a waiting process looks whether the lock is free. The turn sees to it that only one
/// of them looks.
const LOCK_POLL: Duration = Duration::from_millis(1);

/// More statements than collections and indexes need at a time.
const STATEMENTS_CACHED_MAX: usize = 512;

const TABLES: &str = "
    CREATE TABLE collections (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        database TEXT NOT NULL,
        name TEXT NOT NULL,
        UNIQUE (source, database, name)
    ) STRICT;
    CREATE TABLE indexes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        collection INTEGER NOT NULL,
        name TEXT NOT NULL,
        keys BLOB NOT NULL,
        is_unique INTEGER NOT NULL,
        is_sparse INTEGER NOT NULL,
        is_multikey INTEGER NOT NULL DEFAULT 0,
        UNIQUE (collection, name)
    ) STRICT;
";

/// A file of documents.
#[derive(Debug)]
pub(crate) struct DocumentFile {
    path: PathBuf,
    /// How long the file may become.
    bytes_max: Option<u64>,
    turn: Turn,
}

impl DocumentFile {
    /// The file in a folder; both are created where they are missing.
    pub(crate) fn open(folder: &Path, bytes_max: Option<u64>) -> Result<Self, DataError> {
        let path = folder.join(NAME);
        if path.is_dir() {
            return Err(FileFault::folder(&path).into());
        }
        let turn = create(folder, &path).map_err(|error| {
            let message = format!("{}: cannot be created or opened: {error}", path.display());
            DataError::new(ErrorKind::Internal, message).caused_by(error)
        })?;
        let file = Self { path, bytes_max, turn };
        file.prepare().map_err(|failure| match failure {
            Failure::Storage(error) => at_opening(&file.path, bytes_max, &error),
            other => file.explain(other),
        })?;
        Ok(file)
    }

    /// What the caller of an operation is told, with the fault of the file for the operator.
    pub(crate) fn explain(&self, failure: Failure) -> DataError {
        failure.into_error(&self.path, self.bytes_max)
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A connection that writes; there is one in a process.
    pub(crate) fn writer(&self) -> Result<Connection, DataError> {
        self.connect_to_write(self.bytes_max)
            .map_err(|error| at_opening(&self.path, self.bytes_max, &error))
    }

    fn connect_to_write(&self, bytes_max: Option<u64>) -> rusqlite::Result<Connection> {
        let connection = self.connect()?;
        if let Some(bytes_max) = bytes_max {
            let page_bytes: u32 =
                connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let pages_max = bytes_max / u64::from(page_bytes.max(1));
            let pages_max = u32::try_from(pages_max).unwrap_or(u32::MAX - 1).max(1);
            connection.pragma_update(None, "max_page_count", pages_max)?;
        }
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -16 * 1024)?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        Ok(connection)
    }

    /// A connection that only reads.
    pub(crate) fn reader(&self) -> rusqlite::Result<Connection> {
        let connection = self.connect()?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -8 * 1024)?;
        Ok(connection)
    }

    /// Begins a transaction that writes, as soon as no other process does.
    pub(crate) fn begin(&self, connection: &Connection) -> rusqlite::Result<()> {
        let _turn = self.turn.take();
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags)?;
        let tries_max = i32::try_from(LOCK_WAIT_MAX.as_millis() / LOCK_POLL.as_millis());
        let tries_max = tries_max.unwrap_or(i32::MAX);
        connection.busy_handler(Some(move |tries| {
            thread::sleep(LOCK_POLL);
            tries < tries_max
        }))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    }

    /// Checks whose file it is, and gives an empty one its tables.
    fn prepare(&self) -> Outcome<()> {
        let connection = self.connect_to_write(None)?;
        let _turn = self.turn.take();
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let layout = number("user_version")?;
        match number("application_id")? {
            0 if tables == 0 && layout == 0 => create_tables(&connection)?,
            APPLICATION_ID if LAYOUTS.contains(&layout) => {}
            APPLICATION_ID => return Err(Failure::Answer(self.foreign_layout(layout))),
            _ => return Err(Failure::Answer(FileFault::not_a_database(&self.path).into())),
        }
        // Whoever converts a file by hand may have left it in another mode.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        Ok(())
    }

    fn foreign_layout(&self, layout: i32) -> DataError {
        let message = format!(
            "{}: was written by another version of Hookstead (layout {layout}, this version \
             knows layouts {WITHOUT_LOG} and {WITH_LOG}); run that version, or move the file \
             away to begin with an empty one",
            self.path.display()
        );
        DataError::new(ErrorKind::Internal, message)
    }
}

fn create(folder: &Path, path: &Path) -> io::Result<Turn> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // SQLite gives the files that it puts beside it the permissions of this one.
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    private(&mut options);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    Turn::beside(path)
}

fn create_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; \
         PRAGMA user_version = {WITHOUT_LOG}; COMMIT;"
    ))
}
