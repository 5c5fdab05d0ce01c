//! MongoDB's numbers for what can go wrong with an update, beside those of `QueryError`.

/// `Overflow`: among others, a document that is nested too deeply.
pub(super) const OVERFLOW: i32 = 15;
/// `InvalidBSON`.
pub(super) const INVALID_BSON: i32 = 22;
/// `PathNotViable`: a path leads through a value that has no fields.
pub(super) const PATH_NOT_VIABLE: i32 = 28;
/// `CannotBackfillArray`.
pub(super) const CANNOT_BACKFILL_ARRAY: i32 = 34;
/// `DollarPrefixedFieldName`.
pub(super) const DOLLAR_PREFIXED_FIELD_NAME: i32 = 52;
/// `InvalidIdField`.
pub(super) const INVALID_ID_FIELD: i32 = 53;
/// `NotSingleValueField`.
pub(super) const NOT_SINGLE_VALUE_FIELD: i32 = 54;
/// `EmptyFieldName`.
pub(super) const EMPTY_FIELD_NAME: i32 = 56;
/// `NotExactValueField`.
pub(super) const NOT_EXACT_VALUE_FIELD: i32 = 111;
/// `QueryFeatureNotAllowed`.
pub(super) const QUERY_FEATURE_NOT_ALLOWED: i32 = 224;
/// `BSONObjectTooLarge`.
pub(super) const OBJECT_TOO_LARGE: i32 = 10334;
/// A document that an update made too large.
pub(super) const UPDATED_TOO_LARGE: i32 = 17419;
/// A document to upsert that is too large.
pub(super) const UPSERTED_TOO_LARGE: i32 = 17420;
