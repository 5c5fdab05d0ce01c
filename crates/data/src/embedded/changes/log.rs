//! The log of changes in the file: adding, reading and shortening it.

use bson::{RawDocument, RawDocumentBuf, Timestamp, raw::cstr};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{
    Change, ChangeKind, Namespace,
    changes::difference::difference,
    embedded::{
        changes::{limits::LogLimits, lost::history_lost, token::Token, watched::now_ms},
        failure::{Failure, Outcome},
    },
};

/// A read of the log ends with so many changes or bytes.
const BATCH_CHANGES_MAX: usize = 256;
const BATCH_BYTES_MAX: usize = 1 << 20;

/// So many changes are removed at a time, and so many bytes a change takes besides its documents.
const REMOVED_MAX: i64 = 1024;
const ROW_BYTES: usize = 64;

/// Changes that were read, each with its number.
pub(crate) struct Read {
    /// The changes, of one collection or of all.
    pub(crate) changes: Vec<Logged>,
    /// The number up to which there is nothing else.
    pub(crate) position: i64,
    /// Whether there is more behind it.
    pub(crate) has_more: bool,
}

/// A change of the log.
pub(crate) struct Logged {
    /// Its number.
    pub(crate) number: i64,
    /// The collection, as it is watched.
    pub(crate) watched: i64,
    kind: ChangeKind,
    at_ms: i64,
    before: Option<RawDocumentBuf>,
    after: Option<RawDocumentBuf>,
}

/// Adds a change, within the transaction that makes it; answers how many bytes it takes.
pub(crate) fn add(
    connection: &Connection,
    watched: i64,
    kind: ChangeKind,
    before: Option<&RawDocument>,
    after: Option<&RawDocument>,
) -> Outcome<u64> {
    let (before, after) = match kind {
        ChangeKind::Insert | ChangeKind::Replace => (None, after),
        ChangeKind::Update | ChangeKind::Delete => (before, after),
    };
    let (before, after) = (before.map(RawDocument::as_bytes), after.map(RawDocument::as_bytes));
    let bytes = ROW_BYTES + before.map_or(0, <[u8]>::len) + after.map_or(0, <[u8]>::len);
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "INSERT INTO changes (number, watched, at_ms, kind, before, after, total) \
         SELECT number + 1, ?1, ?2, ?3, ?4, ?5, total + ?6 \
         FROM changes ORDER BY number DESC LIMIT 1",
    )?;
    statement.execute(params![watched, now_ms(), number_of(kind), before, after, bytes])?;
    Ok(bytes.unsigned_abs())
}

/// The number of the last change.
pub(crate) fn last(connection: &Connection) -> Outcome<i64> {
    let mut statement = connection.prepare_cached("SELECT max(number) FROM changes")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// What the log is called in resume tokens.
pub(crate) fn name(connection: &Connection) -> Outcome<[u8; 8]> {
    let name = connection.query_row("SELECT name FROM change_log", [], |row| row.get(0))?;
    Ok(name)
}

/// Reads changes behind a number, of one watched collection or of all.
///
/// # Errors
/// Changes behind that number are gone.
pub(crate) fn read(connection: &Connection, behind: i64, watched: Option<i64>) -> Outcome<Read> {
    check_kept(connection, behind)?;
    let mut statement = connection.prepare_cached(
        "SELECT number, watched, at_ms, kind, before, after FROM changes \
         WHERE number > ?1 ORDER BY number",
    )?;
    let mut rows = statement.query([behind])?;
    let mut read = Read { changes: Vec::new(), position: behind, has_more: false };
    let (mut bytes, mut count) = (0, 0);
    while let Some(row) = rows.next()? {
        if count >= BATCH_CHANGES_MAX || bytes >= BATCH_BYTES_MAX {
            read.has_more = true;
            break;
        }
        count += 1;
        read.position = row.get(0)?;
        if watched.is_some_and(|watched| row.get(1) != Ok(watched)) {
            continue;
        }
        if let Some(logged) = logged(row)? {
            let len =
                |one: &Option<RawDocumentBuf>| one.as_ref().map_or(0, |one| one.as_bytes().len());
            bytes += len(&logged.before) + len(&logged.after);
            read.changes.push(logged);
        }
    }
    Ok(read)
}

/// What was added to the log, in bytes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Added {
    /// Since it was shortened.
    pub(crate) since: u64,
    /// By the transaction that shortens it.
    pub(crate) now: u64,
}

/// Removes what is over the limits, within a transaction, a part of it at a time: twice as much as
/// was added, so that large writes do not leave more behind than the next ones remove. What the
/// transaction itself has added stays: nobody has read it.
pub(crate) fn shorten(connection: &Connection, limits: &LogLimits, added: Added) -> Outcome<()> {
    let mut removed = 0_u64;
    while let Some(bytes) = remove_some(connection, limits, added.now)? {
        removed = removed.saturating_add(bytes);
        if removed >= added.since.saturating_mul(2) {
            break;
        }
    }
    Ok(())
}

/// Removes some of what is over the limits; answers how many bytes, or nothing where no more is
/// left of it.
fn remove_some(connection: &Connection, limits: &LogLimits, now: u64) -> Outcome<Option<u64>> {
    let mut statement = connection
        .prepare_cached("SELECT number, total FROM changes ORDER BY number DESC LIMIT 1")?;
    let last: Option<(i64, i64)> =
        statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((last, total)) = last else { return Ok(None) };
    let whole = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
    let time_ms = i64::try_from(limits.time.as_millis()).unwrap_or(i64::MAX);
    let kept_from = last.saturating_sub(whole(limits.changes_max));
    let total_from = total.saturating_sub(whole(limits.bytes_max));
    let read_to = total.saturating_sub(whole(now));
    let time_from = now_ms().saturating_sub(time_ms);
    let mut statement = connection.prepare_cached(
        "SELECT number, total, at_ms FROM changes WHERE number < ?1 ORDER BY number LIMIT ?2",
    )?;
    let mut rows = statement.query(params![last, REMOVED_MAX])?;
    let (mut removed, mut first_total, mut last_total, mut count) = (None, 0, 0, 0);
    while let Some(row) = rows.next()? {
        let (number, total, at_ms): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let is_within = number > kept_from && total > total_from && at_ms >= time_from;
        if is_within || total > read_to {
            break;
        }
        first_total = if count == 0 { total } else { first_total };
        (removed, last_total, count) = (Some(number), total, count + 1);
    }
    drop(rows);
    let Some(number) = removed else { return Ok(None) };
    let mut statement = connection.prepare_cached("DELETE FROM changes WHERE number <= ?1")?;
    statement.execute([number])?;
    let bytes = u64::try_from(last_total - first_total).unwrap_or_default();
    Ok((count == REMOVED_MAX).then_some(bytes))
}

/// Refuses a number behind which changes are gone, or that no change has had.
fn check_kept(connection: &Connection, behind: i64) -> Outcome<()> {
    let mut statement =
        connection.prepare_cached("SELECT min(number), max(number) FROM changes")?;
    let (first, last): (i64, i64) =
        statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if behind < first - 1 || behind > last {
        return Err(history_lost().into());
    }
    Ok(())
}

fn logged(row: &Row<'_>) -> Outcome<Option<Logged>> {
    let Some(kind) = kind_of(row.get(3)?) else { return Ok(None) };
    let document = |column| -> Outcome<Option<RawDocumentBuf>> {
        let bytes: Option<Vec<u8>> = row.get(column)?;
        let document = bytes.map(RawDocumentBuf::from_bytes).transpose();
        document.map_err(|_| Failure::Storage(rusqlite::Error::InvalidQuery))
    };
    Ok(Some(Logged {
        number: row.get(0)?,
        watched: row.get(1)?,
        at_ms: row.get(2)?,
        kind,
        before: document(4)?,
        after: document(5)?,
    }))
}

fn number_of(kind: ChangeKind) -> i64 {
    match kind {
        ChangeKind::Insert => 1,
        ChangeKind::Update => 2,
        ChangeKind::Replace => 3,
        ChangeKind::Delete => 4,
    }
}

fn kind_of(number: i64) -> Option<ChangeKind> {
    use ChangeKind::{Delete, Insert, Replace, Update};
    [Insert, Update, Replace, Delete].into_iter().find(|kind| number_of(*kind) == number)
}

impl Logged {
    /// The change as streams hand it on.
    pub(crate) fn into_change(self, log: [u8; 8], namespace: &Namespace) -> Change {
        let Self { number, watched, kind, at_ms, before, after } = self;
        let mut document_key = RawDocumentBuf::new();
        let id = after.as_ref().or(before.as_ref()).and_then(|one| one.get("_id").ok().flatten());
        document_key.append(cstr!("_id"), id.unwrap_or(bson::RawBsonRef::Null));
        let token = Token { log, watched, number }.document();
        let cluster_time = Timestamp {
            time: u32::try_from(at_ms / 1000).unwrap_or(u32::MAX),
            // Numbers go up, and so does what is left of them for a while.
            increment: u32::try_from(number & i64::from(u32::MAX)).unwrap_or(u32::MAX),
        };
        let mut change = Change::new(kind, namespace.clone(), token, document_key, cluster_time);
        if let (ChangeKind::Update, Some(before), Some(after)) = (kind, &before, &after) {
            change.description = Some(difference(before, after));
        }
        change.before = before;
        change.document = after;
        change
    }
}
