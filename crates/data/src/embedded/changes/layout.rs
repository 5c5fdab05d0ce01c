//! The tables of the log, which a file has from the first time that somebody watches.

use rusqlite::Connection;

use crate::embedded::failure::Outcome;

/// The layout of a file without a log of changes, and that of one with it. A version of this
/// program that does not know the log must not write to such a file.
pub(crate) const WITHOUT_LOG: i32 = 1;
pub(crate) const WITH_LOG: i32 = 2;

/// `number` counts all changes of the file, and `total` their bytes. The first row is no change:
/// one row is always there, so that numbers go on where they were.
const TABLES: &str = "
    CREATE TABLE watched (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        database TEXT NOT NULL,
        name TEXT NOT NULL,
        until_ms INTEGER NOT NULL,
        UNIQUE (source, database, name)
    ) STRICT;
    CREATE TABLE changes (
        number INTEGER PRIMARY KEY,
        watched INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        before BLOB,
        after BLOB,
        total INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE change_log (name BLOB NOT NULL) STRICT;
    INSERT INTO change_log (name) VALUES (randomblob(8));
    INSERT INTO changes (number, watched, at_ms, kind, total) VALUES (1, 0, 0, 0, 0);
";

/// Whether the file has a log.
pub(crate) fn has_log(connection: &Connection) -> Outcome<bool> {
    let mut statement = connection.prepare_cached("PRAGMA user_version")?;
    let layout: i32 = statement.query_row([], |row| row.get(0))?;
    Ok(layout == WITH_LOG)
}

/// Gives the file a log, within a transaction.
pub(crate) fn create(connection: &Connection) -> Outcome<()> {
    connection.execute_batch(&format!("{TABLES} PRAGMA user_version = {WITH_LOG};"))?;
    Ok(())
}
