//! The codes of errors that callers get, in their `error_code`.

use std::fmt;

/// Defines [`ErrorCode`]. A code is written as its name is.
macro_rules! codes {
    ($($code:ident),* $(,)?) => {
        /// The code of an error that a caller gets.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the names say it")]
        pub enum ErrorCode {
            $($code),*
        }

        impl ErrorCode {
            /// As callers get it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => stringify!($code)),*
                }
            }
        }
    };
}

codes! {
    APIKeyAlreadyExists,
    APIKeyNotFound,
    AccountNameInUse,
    AppNotFound,
    AuthError,
    AuthProviderNotFound,
    BadRequest,
    CallerGone,
    DomainNotAllowed,
    EndpointNotFound,
    ExecutionTimeLimitExceeded,
    Forbidden,
    FunctionExecutionError,
    FunctionNotFound,
    FunctionSyntaxError,
    IncomingWebhookAuthFailed,
    IncomingWebhookNotFound,
    InternalServerError,
    InvalidParameter,
    InvalidPassword,
    InvalidSession,
    MethodNotAllowed,
    MissingAuthReq,
    MissingParameter,
    MongoDBError,
    NoMatchingRuleFound,
    NotFound,
    NotSupported,
    ReadSizeLimitExceeded,
    RequestTimeout,
    RequestTooLarge,
    SchemaValidationFailedWrite,
    ServiceCommandNotFound,
    ServiceNotFound,
    ServiceUnavailable,
    TooManyRequests,
    UserAlreadyConfirmed,
    UserDisabled,
    UserNotFound,
    UserpassTokenInvalid,
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
