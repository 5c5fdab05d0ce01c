//! Has the changes of a collection kept.

use rusqlite::{OptionalExtension as _, params};

use crate::{
    DataError, ErrorKind, Namespace,
    embedded::{
        catalogue::TOUCH,
        changes::{layout, limits::LogLimits, log, watched::now_ms},
        collection::writing::Writing,
        failure::Outcome,
    },
};

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
///
/// # Errors
/// As many collections are watched as there may be.
pub(crate) fn register(
    source: &str,
    name: &Namespace,
    limits: &LogLimits,
    collections_max: u64,
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
            if count.unsigned_abs() >= collections_max {
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
    log::shorten(connection, limits)?;
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
    log::shorten(connection, limits)?;
    Ok(count > 0)
}

fn too_many(collections_max: u64) -> DataError {
    let message = "too many collections are watched at the moment";
    DataError::new(ErrorKind::Unavailable, message)
        .with_detail(format!("[data] watched_collections_max = {collections_max}"))
}
