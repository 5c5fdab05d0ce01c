//! Whether the changes of a collection are kept.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
};

use bson::DateTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    Namespace,
    embedded::{changes::layout, failure::Outcome},
};

/// A collection whose changes are kept, until a time that those who watch put off.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Names this time of keeping changes: after a break, there is another one.
    pub(crate) id: i64,
    /// As it was read last; the file may know a later one.
    until_ms: AtomicI64,
    /// Bytes that were added since somebody asked.
    added: AtomicU64,
}

/// The watched collections of a file, by their sources and names.
pub(crate) type AllWatched = HashMap<(String, Namespace), Watched>;

/// Reads which collections are watched.
pub(crate) fn read_all(connection: &Connection) -> Outcome<AllWatched> {
    let mut all = HashMap::new();
    if !layout::has_log(connection)? {
        return Ok(all);
    }
    let sql = "SELECT id, source, database, name, until_ms FROM watched";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name = Namespace { database: row.get(2)?, collection: row.get(3)? };
        let (until_ms, added) = (AtomicI64::new(row.get(4)?), AtomicU64::new(0));
        let watched = Watched { id: row.get(0)?, until_ms, added };
        all.insert((row.get(1)?, name), watched);
    }
    Ok(all)
}

/// The collections that are watched.
pub(crate) fn ids(connection: &Connection) -> Outcome<HashSet<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM watched")?;
    let ids = statement.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The time, in milliseconds.
pub(crate) fn now_ms() -> i64 {
    DateTime::now().timestamp_millis()
}

impl Watched {
    /// Whether changes are kept now. Asked by who writes, within the transaction: the first that
    /// finds the time over ends the keeping, for everybody.
    pub(crate) fn is_on(&self, connection: &Connection) -> Outcome<bool> {
        let now_ms = now_ms();
        match self.until_ms.load(Ordering::Relaxed) {
            i64::MIN => return Ok(false),
            until_ms if now_ms < until_ms => return Ok(true),
            _ => {}
        }
        let mut statement =
            connection.prepare_cached("SELECT until_ms FROM watched WHERE id = ?1")?;
        let until_ms: Option<i64> = statement.query_row([self.id], |row| row.get(0)).optional()?;
        let until_ms = until_ms.filter(|until_ms| now_ms < *until_ms);
        self.until_ms.store(until_ms.unwrap_or(i64::MIN), Ordering::Relaxed);
        if until_ms.is_none() {
            let mut statement = connection.prepare_cached("DELETE FROM watched WHERE id = ?1")?;
            statement.execute(params![self.id])?;
        }
        Ok(until_ms.is_some())
    }

    /// Notes that so many bytes were added to the log.
    pub(crate) fn add(&self, bytes: u64) {
        self.added.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The bytes that were added since the last time that this was asked.
    pub(crate) fn take_added(&self) -> u64 {
        self.added.swap(0, Ordering::Relaxed)
    }
}
