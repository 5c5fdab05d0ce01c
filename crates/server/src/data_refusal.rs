//! What clients are told when a data source does not do what they ask
//! (docs/behaviour/client-api.md#errors).

use hookstead_functions::{DataCallError, DataCallErrorKind as Kind};
use http::StatusCode;

use crate::{error_code::ErrorCode, refusal::Refusal};

impl From<DataCallError> for Refusal {
    fn from(error: DataCallError) -> Self {
        let DataCallError { kind, message, detail } = error;
        let (status, code) = match kind {
            Kind::ServiceNotFound => (StatusCode::NOT_FOUND, ErrorCode::ServiceNotFound),
            Kind::CommandNotFound => (StatusCode::NOT_FOUND, ErrorCode::ServiceCommandNotFound),
            Kind::InvalidArguments => (StatusCode::BAD_REQUEST, ErrorCode::InvalidParameter),
            Kind::NotPermitted => (StatusCode::FORBIDDEN, ErrorCode::NoMatchingRuleFound),
            Kind::SchemaViolation => {
                (StatusCode::BAD_REQUEST, ErrorCode::SchemaValidationFailedWrite)
            }
            Kind::Refused => (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::MongoDBError),
            Kind::ResultTooLarge => (StatusCode::BAD_REQUEST, ErrorCode::ReadSizeLimitExceeded),
            Kind::TimeLimit => (StatusCode::BAD_REQUEST, ErrorCode::ExecutionTimeLimitExceeded),
            Kind::MemoryLimit => (StatusCode::BAD_REQUEST, ErrorCode::FunctionExecutionError),
            Kind::NoMemory => return Self::no_memory().with_detail(detail.unwrap_or(message)),
            Kind::Unavailable => {
                return Self::store_unavailable().with_detail(detail.unwrap_or(message));
            }
            Kind::Internal => return Self::internal(detail.unwrap_or(message)),
        };
        let refusal = Self::new(status, code, message);
        match detail {
            Some(detail) => refusal.with_detail(detail),
            None => refusal,
        }
    }
}
