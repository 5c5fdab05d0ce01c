//! Changes that are not in the log any more.

use hookstead_query::MongoCode;

use crate::{DataError, ErrorKind};

/// What a stream is told whose changes are not in the log any more.
pub(crate) fn history_lost() -> DataError {
    let message = "Resume of change stream was not possible, as the resume point may no longer be \
                   in the log of changes.";
    DataError::new(ErrorKind::Refused, message).with_code(MongoCode::CHANGE_STREAM_HISTORY_LOST)
}
