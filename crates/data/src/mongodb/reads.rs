//! Commands that read, as a server wants them: raw BSON around raw BSON.

use bson::{
    RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf, Timestamp,
    raw::{CStr, cstr},
    rawdoc,
};

use super::shared::Shared;
use crate::{Aggregate, Count, Distinct, Find};

/// What every read says besides itself.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) shared: &'a Shared,
    pub(super) collection: &'a str,
    /// A transaction has concerns of its own; commands in it must not bring any.
    pub(super) in_transaction: bool,
    /// The data that it reads must have come so far.
    pub(super) after: Option<Timestamp>,
}

/// `find`.
pub(super) fn find(context: Context<'_>, find: &Find) -> RawDocumentBuf {
    let mut command = rawdoc! { "find": context.collection };
    command.append(cstr!("filter"), &*find.filter);
    append(&mut command, cstr!("projection"), find.projection.as_deref());
    append(&mut command, cstr!("sort"), find.sort.as_deref());
    append_number(&mut command, cstr!("skip"), find.skip);
    append_number(&mut command, cstr!("limit"), find.limit);
    end(context, command, None)
}

/// `aggregate`.
pub(super) fn aggregate(context: Context<'_>, aggregate: &Aggregate) -> RawDocumentBuf {
    let mut command = match aggregate.of_database {
        true => rawdoc! { "aggregate": 1 },
        false => rawdoc! { "aggregate": context.collection },
    };
    let stages: RawArrayBuf = aggregate.pipeline.iter().cloned().collect();
    command.append(cstr!("pipeline"), stages);
    let mut cursor = RawDocumentBuf::new();
    let mut time_max = None;
    for (key, value) in aggregate.options.iter().flatten() {
        match (key.as_str(), value) {
            (_, RawBsonRef::Null | RawBsonRef::Undefined) => {}
            ("maxTimeMS", value) => time_max = whole(value),
            ("batchSize", value) if !writes(aggregate) => cursor.append(key, value),
            (
                "allowDiskUse"
                | "bypassDocumentValidation"
                | "collation"
                | "comment"
                | "hint"
                | "let",
                value,
            ) => command.append(key, value),
            _ => {}
        }
    }
    command.append(cstr!("cursor"), cursor);
    if writes(aggregate) && !context.in_transaction {
        append(&mut command, cstr!("writeConcern"), context.shared.write_concern.as_deref());
    }
    end(context, command, time_max)
}

/// Whether a pipeline writes its result somewhere.
pub(super) fn writes(aggregate: &Aggregate) -> bool {
    let last = aggregate.pipeline.last().and_then(|stage| stage.iter().next()?.ok());
    last.is_some_and(|(key, _)| matches!(key.as_str(), "$out" | "$merge"))
}

/// Whether a pipeline that writes may still begin at a secondary.
pub(super) fn enforces_read_preference(aggregate: &Aggregate) -> bool {
    aggregate.options.get_bool("enforceReadPref").unwrap_or(false)
}

/// `count`, which knows the number of all documents without looking at them.
pub(super) fn count(context: Context<'_>, count: &Count) -> RawDocumentBuf {
    let mut command = rawdoc! { "count": context.collection };
    command.append(cstr!("query"), &*count.filter);
    append_number(&mut command, cstr!("skip"), count.skip);
    append_number(&mut command, cstr!("limit"), count.limit);
    end(context, command, None)
}

/// The same for transactions, which know no `count`: one document `{ n }`, or none for 0.
pub(super) fn count_by_pipeline(context: Context<'_>, count: &Count) -> RawDocumentBuf {
    let mut pipeline = vec![rawdoc! { "$match": count.filter.clone() }];
    if count.skip > 0 {
        pipeline.push(rawdoc! { "$skip": number(count.skip) });
    }
    if count.limit > 0 {
        pipeline.push(rawdoc! { "$limit": number(count.limit) });
    }
    pipeline.push(rawdoc! { "$group": { "_id": null, "n": { "$sum": 1 } } });
    aggregate(context, &Aggregate { pipeline, ..Aggregate::default() })
}

/// `distinct`.
pub(super) fn distinct(context: Context<'_>, distinct: &Distinct) -> RawDocumentBuf {
    let mut command = rawdoc! { "distinct": context.collection };
    command.append(cstr!("key"), distinct.field.as_str());
    command.append(cstr!("query"), &*distinct.filter);
    end(context, command, None)
}

fn end(context: Context<'_>, mut command: RawDocumentBuf, time_max: Option<i64>) -> RawDocumentBuf {
    let limit = context.shared.milliseconds_max();
    let time = time_max.filter(|time| *time > 0).map_or(limit, |time| time.min(limit));
    command.append(cstr!("maxTimeMS"), time);
    let concern = context.shared.read_concern.as_deref();
    if !context.in_transaction && (concern.is_some() || context.after.is_some()) {
        let mut read_concern = RawDocumentBuf::new();
        if let Some(level) = concern {
            read_concern.append(cstr!("level"), level);
        }
        if let Some(after) = context.after {
            read_concern.append(cstr!("afterClusterTime"), after);
        }
        command.append(cstr!("readConcern"), read_concern);
    }
    command
}

fn append(command: &mut RawDocumentBuf, key: &CStr, value: Option<&RawDocument>) {
    if let Some(value) = value {
        command.append(key, value);
    }
}

fn append_number(command: &mut RawDocumentBuf, key: &CStr, value: u64) {
    if value > 0 {
        command.append(key, number(value));
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn whole(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int32(value) => Some(value.into()),
        RawBsonRef::Int64(value) => Some(value),
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        RawBsonRef::Double(value) => Some(value as i64),
        _ => None,
    }
}
