//! Errors of the platform, as callers and as the journal see them
//! (docs/behaviour/errors.md#which-error).
//!
//! A refusal has two messages: the caller's says what a stranger may know, the journal's says
//! what the operator needs. The code is the same for both, and a status that is no error cannot
//! be built.

use std::borrow::Cow;

use bytes::Bytes;
use hookstead_functions::{Failure, FailureKind};
use hookstead_journal::{CorrelationId, Outcome};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::{error_code::ErrorCode, excerpt::excerpt, trial::TrialFailure};

/// Seconds after which a sender may try again what there was no room for.
const RETRY_SECONDS: u16 = 5;

/// The same after an outage of a store.
const OUTAGE_RETRY_SECONDS: u16 = 10;

/// Why a request gets no answer from a function.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: ErrorCode,
    message: Cow<'static, str>,
    detail: Option<String>,
    /// Whether the caller sees the message alone, as when the app itself is not known.
    bare: bool,
    /// For 405: the methods that there are.
    allow: Option<HeaderValue>,
    /// For 429 and 503: seconds after which a sender may try again.
    retry_seconds: u16,
    /// Whether the connection ends here: where this request does cannot be relied on.
    closes: bool,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        code: ErrorCode,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (detail, allow, message) = (None, None, message.into());
        let retry_seconds = RETRY_SECONDS;
        Self { status, code, message, detail, bare: false, allow, retry_seconds, closes: false }
    }

    pub(crate) fn bad_request(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn unauthorized(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// For a header `Authorization` with the scheme `Bearer` and no token behind it.
    pub(crate) fn malformed_token() -> Self {
        Self::unauthorized(ErrorCode::InvalidSession, "invalid session")
            .with_detail("the Authorization header has not one space and a token behind Bearer")
    }

    pub(crate) fn forbidden(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// A condition does not hold. The reason is for the journal.
    pub(crate) fn no_rule_matched(why: &str) -> Self {
        let code = ErrorCode::NoMatchingRuleFound;
        Self::forbidden(code, "no rule matched").with_detail(why)
    }

    pub(crate) fn not_found(code: ErrorCode, message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn unknown_app(client_app_id: &str) -> Self {
        let client_app_id = excerpt(client_app_id);
        let message = format!("cannot find app using Client App ID '{client_app_id}'");
        Self { bare: true, ..Self::not_found(ErrorCode::AppNotFound, message) }
    }

    pub(crate) fn method_not_allowed(message: String, allow: HeaderValue) -> Self {
        let refusal =
            Self::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed, message);
        Self { allow: Some(allow), ..refusal }
    }

    pub(crate) fn body_timeout() -> Self {
        let message = "the request body was sent too slowly";
        Self::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::RequestTimeout, message)
    }

    pub(crate) fn body_too_large(bytes_max: usize) -> Self {
        let message = format!("the request body is larger than {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::RequestTooLarge, message)
    }

    /// For the journal alone: there is nobody to answer. The status is the one that proxies use.
    pub(crate) fn caller_gone() -> Self {
        let status = StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST);
        Self::new(status, ErrorCode::CallerGone, "the caller hung up, and the function was ended")
    }

    pub(crate) fn too_many_requests() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests, "too many requests")
    }

    /// There is no memory for a request that is under way already. Senders try again later.
    pub(crate) fn no_memory() -> Self {
        let message = "the server has no memory for this request now";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::ServiceUnavailable, message)
    }

    /// A store cannot be reached or cannot do its work, and the function did not handle it.
    pub(crate) fn store_unavailable() -> Self {
        let message = "the data source cannot be reached at the moment; try again later";
        let refusal =
            Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::ServiceUnavailable, message);
        Self { retry_seconds: OUTAGE_RETRY_SECONDS, ..refusal }
    }

    pub(crate) fn too_many_headers(headers_max: usize) -> Self {
        let message = format!("the request has more than {headers_max} headers");
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, ErrorCode::BadRequest, message)
    }

    /// A request that others could read as another one.
    pub(crate) fn malformed(message: &'static str) -> Self {
        Self { closes: true, ..Self::bad_request(ErrorCode::BadRequest, message) }
    }

    pub(crate) fn unknown_expectation() -> Self {
        let message = "the only expectation that can be met is 100-continue";
        Self::new(StatusCode::EXPECTATION_FAILED, ErrorCode::BadRequest, message)
    }

    pub(crate) fn http_version() -> Self {
        let message = "HTTP/1.1 or greater is required";
        Self::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, ErrorCode::BadRequest, message)
    }

    /// A response that the function asked for and HTTP does not have.
    pub(crate) fn impossible_response(message: String) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::FunctionExecutionError, message)
    }

    /// A fault of ours or of the operator's; the caller learns nothing about it.
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::InternalServerError,
            "internal server error",
        )
        .with_detail(detail)
    }

    /// Adds what only the journal is told.
    pub(crate) fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Adds to the message what only the journal is told.
    pub(crate) fn with_hint(self, hint: &str) -> Self {
        let detail = format!("{}; {hint}", self.message);
        self.with_detail(detail)
    }

    /// Whether there is no room for the request now.
    pub(crate) fn is_of_load(&self) -> bool {
        self.code == ErrorCode::TooManyRequests
    }

    /// Whether the server is to blame for it, or what it works with.
    pub(crate) fn is_of_server(&self) -> bool {
        self.status.is_server_error() || self.is_of_load()
    }

    /// What the caller is told.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The code of the error.
    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    /// What the journal is told: the message, or more.
    pub(crate) fn told(&self) -> &str {
        self.detail.as_deref().unwrap_or(&self.message)
    }

    /// Whether nothing answers at the path of the request.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// Whether the connection ends with this response.
    pub(crate) fn closes(&self) -> bool {
        self.closes
    }

    /// What the caller gets.
    pub(crate) fn response(&self, id: CorrelationId, base_url: &str) -> Response<Full<Bytes>> {
        let body = self.envelope(id, base_url);
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = self.status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if let Some(allow) = &self.allow {
            response.headers_mut().insert(header::ALLOW, allow.clone());
        }
        if matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            response.headers_mut().insert(header::RETRY_AFTER, self.retry_seconds.into());
        }
        if self.closes {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }

    /// The body of an error, keys in the order of the hosted service
    /// (docs/behaviour/errors.md#envelope).
    fn envelope(&self, id: CorrelationId, base_url: &str) -> Vec<u8> {
        let mut body = Vec::with_capacity(160 + self.message.len() + base_url.len());
        body.extend_from_slice(br#"{"error":"#);
        push_string(&mut body, &self.message);
        if !self.bare {
            // Codes are made of letters.
            body.extend_from_slice(br#","error_code":""#);
            body.extend_from_slice(self.code.as_str().as_bytes());
            body.extend_from_slice(br#"","link":"#);
            push_string(&mut body, base_url);
            // The link goes on within the string.
            body.pop();
            body.extend_from_slice(b"/logs?co_id=");
            body.extend_from_slice(&id.digits());
            body.push(b'"');
        }
        body.push(b'}');
        body
    }

    /// What the journal gets.
    pub(crate) fn outcome(&self) -> Outcome<'_> {
        let Self { code, message, detail, .. } = self;
        Outcome::Failed { code: code.as_str(), message, detail: detail.as_deref() }
    }
}

/// Adds a string of JSON.
fn push_string(json: &mut Vec<u8>, text: &str) {
    // Writing a string into memory cannot fail.
    let _ = serde_json::to_writer(json, text);
}

impl From<Refusal> for TrialFailure {
    fn from(Refusal { status, code, message, detail, .. }: Refusal) -> Self {
        Self { status: status.as_u16(), code, message: message.into_owned(), detail }
    }
}

impl From<Failure> for Refusal {
    fn from(Failure { kind, message, stack }: Failure) -> Self {
        let detail = stack.map(|stack| format!("{message}\n{stack}"));
        let refusal = match kind {
            FailureKind::FunctionExecutionError | FailureKind::MemoryLimitExceeded => {
                Self::bad_request(ErrorCode::FunctionExecutionError, message)
            }
            FailureKind::FunctionSyntaxError => {
                Self::bad_request(ErrorCode::FunctionSyntaxError, message)
            }
            FailureKind::FunctionNotFound => Self::not_found(ErrorCode::FunctionNotFound, message),
            // Not 408: clients repeat such requests by themselves, and this one has already run.
            FailureKind::ExecutionTimeLimitExceeded => {
                Self::bad_request(ErrorCode::ExecutionTimeLimitExceeded, message)
            }
            // Senders of webhooks try again after a 503.
            FailureKind::StoreUnavailable => Self::store_unavailable().with_detail(message),
            FailureKind::TooManyRequests => Self::too_many_requests().with_detail(message),
            FailureKind::NoMemory => Self::no_memory().with_detail(message),
            FailureKind::Internal => Self::internal(message),
        };
        Self { detail: detail.or(refusal.detail), ..refusal }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn body(refusal: &Refusal, id: CorrelationId, base: &str) -> String {
        let body = refusal.response(id, base).into_body();
        let collected = std::pin::pin!(body.collect());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Ok(collected)) = collected.poll(&mut context) else {
            panic!("a full body is ready");
        };
        String::from_utf8(collected.to_bytes().to_vec()).unwrap()
    }

    #[test]
    fn the_envelope_has_its_keys_in_order() {
        let id = CorrelationId::new();
        let refusal =
            Refusal::bad_request(ErrorCode::InvalidParameter, "a \"b\"").with_detail("hidden");
        let link = format!("https://x/logs?co_id={id}");
        let keys = r#"{"error":"a \"b\"","error_code":"InvalidParameter","link":"#;
        let expected = format!("{keys}\"{link}\"}}");
        assert_eq!(body(&refusal, id, "https://x"), expected);
        let bare = r#"{"error":"cannot find app using Client App ID 'xyz'"}"#;
        assert_eq!(body(&Refusal::unknown_app("xyz"), id, ""), bare);
    }

    #[test]
    fn failures_of_functions_have_their_status_and_code() {
        use FailureKind as Kind;
        let cases = [
            (Kind::FunctionExecutionError, 400, "FunctionExecutionError"),
            (Kind::MemoryLimitExceeded, 400, "FunctionExecutionError"),
            (Kind::FunctionSyntaxError, 400, "FunctionSyntaxError"),
            (Kind::FunctionNotFound, 404, "FunctionNotFound"),
            (Kind::ExecutionTimeLimitExceeded, 400, "ExecutionTimeLimitExceeded"),
            (Kind::StoreUnavailable, 503, "ServiceUnavailable"),
            (Kind::TooManyRequests, 429, "TooManyRequests"),
            (Kind::NoMemory, 503, "ServiceUnavailable"),
            (Kind::Internal, 500, "InternalServerError"),
        ];
        for (kind, status, code) in cases {
            let failure = Failure { kind, message: "why".into(), stack: None };
            let refusal = Refusal::from(failure);
            assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (status, code));
            let hidden = matches!(
                kind,
                Kind::StoreUnavailable | Kind::TooManyRequests | Kind::NoMemory | Kind::Internal
            );
            assert_eq!(refusal.message == "why", !hidden, "{kind:?}");
            assert_eq!(refusal.detail.is_some(), hidden, "{kind:?}");
        }
    }
}
