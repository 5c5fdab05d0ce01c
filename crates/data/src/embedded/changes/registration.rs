//! Has the changes of a collection kept.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    DataError, ErrorKind, Namespace,
    embedded::{
        catalogue::TOUCH,
        changes::{layout, limits::LogLimits, log, watched::now_ms},
        collection::writing::Writing,
        failure::Outcome,
    },
};

/// So long the registration of a collection is left alone that nobody has a stream of: a stream may
/// be about to begin.
const SETTLED: Duration = Duration::from_secs(10);

/// A collection whose changes are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registration {
    /// See [`Watched::id`](super::watched::Watched).
    pub(crate) watched: i64,
    /// The log.
    pub(crate) log: [u8; 8],
    /// The number of the last change before.
    pub(crate) position: i64,
}

/// Has the changes of a collection kept from now on, within a transaction of the writer.
/// `live` are the collections that this process watches.
///
/// # Errors
/// As many collections are watched as there may be.
pub(crate) fn register(
    source: &str,
    name: &Namespace,
    limits: &LogLimits,
    (collections_max, live): (u64, &[i64]),
    writing: &mut Writing<'_>,
) -> Outcome<Registration> {
    let connection = writing.connection();
    if !layout::has_log(connection)? {
        layout::create(connection)?;
    }
    let now_ms = now_ms();
    let until_ms =
        now_ms.saturating_add(i64::try_from(limits.time.as_millis()).unwrap_or(i64::MAX));
    let known: Option<i64> = connection
        .prepare_cached(
            "UPDATE watched SET until_ms = max(until_ms, ?4) \
             WHERE source = ?1 AND database = ?2 AND name = ?3 AND until_ms > ?5 RETURNING id",
        )?
        .query_row(params![source, name.database, name.collection, until_ms, now_ms], |row| {
            row.get(0)
        })
        .optional()?;
    let watched = match known {
        Some(watched) => watched,
        None => {
            connection.execute("DELETE FROM watched WHERE until_ms <= ?1", [now_ms])?;
            let count: i64 =
                connection.query_row("SELECT count(*) FROM watched", [], |row| row.get(0))?;
            let is_full = count.unsigned_abs() >= collections_max;
            if is_full && !make_room(connection, limits, live)? {
                return Err(too_many(collections_max).into());
            }
            connection.execute(
                "INSERT INTO watched (source, database, name, until_ms) VALUES (?1, ?2, ?3, ?4)",
                params![source, name.database, name.collection, until_ms],
            )?;
            let watched = connection.last_insert_rowid();
            // Others have to read the catalogue anew, too.
            connection.execute_batch(TOUCH)?;
            writing.read_catalogue()?;
            watched
        }
    };
    log::shorten(connection, limits, log::Added::default())?;
    let (log, position) = (log::name(connection)?, log::last(connection)?);
    Ok(Registration { watched, log, position })
}

/// Puts off the end of keeping changes; false where it has come already.
pub(crate) fn renew(watched: i64, limits: &LogLimits, writing: &Writing<'_>) -> Outcome<bool> {
    let connection = writing.connection();
    let time_ms = i64::try_from(limits.time.as_millis()).unwrap_or(i64::MAX);
    let sql = "UPDATE watched SET until_ms = max(until_ms, ?2) WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let count = statement.execute(params![watched, now_ms().saturating_add(time_ms)])?;
    log::shorten(connection, limits, log::Added::default())?;
    Ok(count > 0)
}

/// Forgets the collection that has been watched by nobody for the longest time; answers whether
/// there was one. Those that this process watches stay, and those that somebody may be about to.
fn make_room(connection: &Connection, limits: &LogLimits, live: &[i64]) -> Outcome<bool> {
    let settled = limits.time.saturating_sub(SETTLED.min(limits.time / 16));
    let settled_ms = i64::try_from(settled.as_millis()).unwrap_or(i64::MAX);
    let mut statement = connection
        .prepare_cached("SELECT id FROM watched WHERE until_ms < ?1 ORDER BY until_ms")?;
    let mut rows = statement.query([now_ms().saturating_add(settled_ms)])?;
    while let Some(row) = rows.next()? {
        let watched: i64 = row.get(0)?;
        if !live.contains(&watched) {
            connection.execute("DELETE FROM watched WHERE id = ?1", [watched])?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn too_many(collections_max: u64) -> DataError {
    let message = "too many collections are watched at the moment";
    DataError::new(ErrorKind::Unavailable, message)
        .with_detail(format!("[data] watched_collections_max = {collections_max}"))
}
