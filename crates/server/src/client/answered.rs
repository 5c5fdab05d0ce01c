//! Answers to clients.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::Value as Json;

use crate::{error_code::ErrorCode, refusal::Refusal};

/// An answer.
pub(crate) struct Answered {
    /// The response.
    pub(crate) response: Response<Full<Bytes>>,
    /// Who has proven to be a user.
    pub(crate) user_id: Option<String>,
    /// What the operator has to do, for the journal.
    pub(crate) notice: Option<Cow<'static, str>>,
    /// Whether a page on another origin gets a cookie with it.
    pub(crate) sets_cookie: bool,
}

impl Answered {
    /// An answer with JSON.
    pub(super) fn json(status: StatusCode, json: &Json) -> Self {
        let mut response = Response::new(Full::new(Bytes::from(json.to_string())));
        *response.status_mut() = status;
        // Clients compare the whole value.
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        // There are tokens in it.
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, no_store);
        Self { response, user_id: None, notice: None, sets_cookie: false }
    }

    /// An answer without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        let mut response = Response::new(Full::default());
        *response.status_mut() = status;
        Self { response, user_id: None, notice: None, sets_cookie: false }
    }

    /// The same for a user who has proven to be one.
    pub(super) fn of(self, user_id: String) -> Self {
        Self { user_id: Some(user_id), ..self }
    }

    /// The same with something for the operator to do.
    pub(super) fn with_notice(self, notice: Option<&'static str>) -> Self {
        Self { notice: notice.map(Cow::Borrowed), ..self }
    }

    /// The same with something that only the journal is told.
    pub(super) fn with_detail(self, detail: Option<String>) -> Self {
        Self { notice: detail.map(Cow::Owned), ..self }
    }
}

/// There is no such call.
pub(super) fn unknown() -> Refusal {
    Refusal::not_found(ErrorCode::NotFound, "there is nothing at this path".to_owned())
}
