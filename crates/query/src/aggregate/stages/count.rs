//! `$count` and `$sortByCount`.

use bson::{RawBsonRef, RawDocumentBuf, rawdoc};

use crate::{
    MongoCode, QueryError,
    aggregate::{
        accumulators::whole,
        context::Context,
        documents::{Collections, Documents, deferred},
        stage::{Operation, Stage},
        stages::{group, sort},
        write::Writer,
    },
};

/// Parses `$count`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    _context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let refused = |code, text| Err(QueryError::new(code, text));
    let RawBsonRef::String(name) = value else {
        return refused(
            MongoCode::COUNT_FIELD_NOT_STRING,
            "the count field must be a non-empty string",
        );
    };
    if name.is_empty() {
        return refused(MongoCode::COUNT_FIELD_EMPTY, "the count field must be a non-empty string");
    }
    if name.starts_with('$') {
        return refused(
            MongoCode::COUNT_FIELD_STARTS_WITH_DOLLAR,
            "the count field cannot be a $-prefixed path",
        );
    }
    if name.contains('\0') {
        return refused(
            MongoCode::COUNT_FIELD_HAS_NULL_BYTE,
            "the count field cannot contain a null byte",
        );
    }
    if name.contains('.') {
        return refused(MongoCode::COUNT_FIELD_HAS_DOT, "the count field cannot contain '.'");
    }
    Ok(vec![Stage::Other(Box::new(Count { name: name.to_owned() }))])
}

/// Parses `$sortByCount`: groups, and those with the most documents first.
pub(in crate::aggregate) fn parse_sort_by_count(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let refused = |code, text| Err(QueryError::new(code, text));
    match value {
        RawBsonRef::Document(document) => {
            let first = document.iter().next().and_then(Result::ok);
            if first.is_none_or(|(name, _)| !name.as_str().starts_with('$')) {
                let text = "the sortByCount field must be defined as a $-prefixed path or an \
                            expression inside an object";
                return refused(MongoCode::SORT_BY_COUNT_OBJECT_NOT_EXPRESSION, text);
            }
        }
        RawBsonRef::String(path) if path.starts_with('$') => {}
        RawBsonRef::String(_) => {
            let text = "the sortByCount field must be defined as a $-prefixed path or an \
                        expression inside an object";
            return refused(MongoCode::SORT_BY_COUNT_STRING_NOT_PATH, text);
        }
        _ => {
            let text = "the sortByCount field must be specified as a string or as an object";
            return refused(MongoCode::SORT_BY_COUNT_NOT_STRING_OR_OBJECT, text);
        }
    }
    let mut writer = Writer::with_capacity(64);
    writer.append("_id", value)?;
    writer.begin_document("count")?;
    writer.append("$sum", RawBsonRef::Int32(1))?;
    writer.end();
    let mut stages = group::parse(RawBsonRef::Document(&writer.finish()?), context)?;
    let order = rawdoc! { "count": -1 };
    stages.append(&mut sort::parse(RawBsonRef::Document(&order), context)?);
    Ok(stages)
}

struct Count {
    name: String,
}

impl Operation for Count {
    fn run<'a>(&'a self, source: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        deferred(move || {
            let mut count: i64 = 0;
            for document in source {
                document?;
                count += 1;
            }
            let documents: Option<Result<RawDocumentBuf, QueryError>> =
                (count > 0).then(|| self.document(count));
            Ok(Box::new(documents.into_iter()))
        })
    }
}

impl Count {
    fn document(&self, count: i64) -> Result<RawDocumentBuf, QueryError> {
        let mut writer = Writer::with_capacity(64);
        writer.append(&self.name, whole(count))?;
        writer.finish()
    }
}
