//! Where a response sends a request, and what of it goes along.

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};

use crate::{
    credentials::Credentials,
    error::CallError,
    request::{Request, argument, parse_url},
};

/// The request that follows a redirect, `None` if the response is none.
pub(crate) fn next_request<B>(
    request: &Request,
    response: &Response<B>,
) -> Result<Option<Request>, CallError> {
    let keeps_method = match response.status() {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        _ => return Ok(None),
    };
    // A redirect to nowhere is an ordinary response.
    let Some(location) = response.headers().get(header::LOCATION) else {
        return Ok(None);
    };
    let location = String::from_utf8_lossy(location.as_bytes());
    let url = request
        .url
        .join(&location)
        .map_err(|error| argument(format!("the redirect's Location is no URL: {error}")))?;
    // What cannot be called as a request cannot be called as a redirect.
    let url = parse_url("Location", url.as_str())?;
    let mut next = request.clone();
    if url.origin() != request.url.origin() {
        next.forget_secrets();
    }
    next.credentials = Credentials::of_url(&url).or(next.credentials);
    next.digest &= next.credentials.is_some();
    next.url = url;
    if !keeps_method {
        next.become_get();
    }
    Ok(Some(next))
}

impl Request {
    /// Another origin gets nothing that was meant for this one.
    fn forget_secrets(&mut self) {
        self.credentials = None;
        self.cookies.clear();
        for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::HOST] {
            self.headers.remove(name);
        }
    }

    fn become_get(&mut self) {
        if self.method != Method::HEAD {
            self.method = Method::GET;
        }
        self.body = Bytes::new();
        for name in [
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
            header::CONTENT_LOCATION,
        ] {
            self.headers.remove(name);
        }
    }
}
