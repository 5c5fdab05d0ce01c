//! What a caller proves with who they are: in the headers, and on webhooks in the body
//! (docs/behaviour/rights.md#callers).

use hookstead_identity::Credentials;
use http::{HeaderMap, HeaderValue, header};

use crate::{
    error_code::ErrorCode,
    parse::{Bearer, JsonObject, bearer},
    refusal::Refusal,
};

/// Bodies beyond this are not searched for credentials: they would hold the thread.
const BODY_BYTES_MAX: usize = 256 << 10;

/// What a caller proves with who they are. There is no `Debug`: it is secret.
pub(super) enum Given {
    /// An access token.
    Token(String),
    /// Credentials.
    Credentials(Credentials),
}

/// Reads what a caller has given. The body is searched where credentials may stand in it.
///
/// # Errors
/// There is nothing, only a part of something, or more than one thing.
pub(super) fn read(headers: &HeaderMap, body: Option<&[u8]>) -> Result<Given, Refusal> {
    if let Some(token) = token_of(headers)? {
        return Ok(Given::Token(token));
    }
    let of_headers = Fields::of_headers(headers)?.credentials()?;
    let of_body = match body.map(Fields::of_body) {
        Some(fields) => fields.credentials()?,
        None => None,
    };
    match (of_headers, of_body) {
        (Some(credentials), None) | (None, Some(credentials)) => {
            Ok(Given::Credentials(credentials))
        }
        (None, None) => Err(ambiguous("no authentication methods were specified")),
        (Some(_), Some(_)) => Err(ambiguous(
            "authentication must be specified in the request header or body, not in both",
        )),
    }
}

/// The token of an `Authorization` header with the scheme `Bearer`. Who has one is judged by it
/// and by nothing else.
fn token_of(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ambiguous("there is more than one Authorization header"));
    }
    match bearer(value.as_bytes()) {
        Bearer::Other => Ok(None),
        Bearer::Token(token) => Ok(Some(token.to_owned())),
        Bearer::Malformed => Err(Refusal::malformed_token()),
    }
}

/// The fields of all kinds of credentials.
#[derive(Default)]
struct Fields {
    email: Option<String>,
    password: Option<String>,
    api_key: Option<String>,
    /// The header's older name.
    api_key_before: Option<String>,
    token: Option<String>,
}

/// The names of the fields in a body. Whatever else is there is skipped.
const IN_BODY: [&str; 4] = ["email", "password", "api-key", "jwtTokenString"];

impl Fields {
    fn of_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let text = |name: &'static str| {
            let mut values = headers.get_all(name).iter();
            let value = values.next().map(text_of);
            match values.next() {
                Some(_) => Err(ambiguous(format!("there is more than one header '{name}'"))),
                None => Ok(value),
            }
        };
        Ok(Self {
            email: text("email")?,
            password: text("password")?,
            api_key: text("apikey")?,
            api_key_before: text("api-key")?,
            token: text("jwttokenstring")?,
        })
    }

    /// Those of a JSON object. A body that is none has no credentials, and neither has one that
    /// names a field twice.
    fn of_body(body: &[u8]) -> Self {
        if body.len() > BODY_BYTES_MAX {
            return Self::default();
        }
        let object = JsonObject::read(body, &IN_BODY);
        let Some(object) = object.filter(|object| !object.has_duplicates()) else {
            return Self::default();
        };
        let [email, password, api_key, token] = IN_BODY.map(|name| object.text(name));
        Self { email, password, api_key, api_key_before: None, token }
    }

    /// What the fields make together; `None` where there are none.
    fn credentials(self) -> Result<Option<Credentials>, Refusal> {
        let Self { email, password, api_key, api_key_before, token } = self;
        let by_password = email.is_some() || password.is_some();
        let kinds = [by_password, api_key.is_some(), api_key_before.is_some(), token.is_some()];
        match kinds.into_iter().filter(|is_given| *is_given).count() {
            0 => return Ok(None),
            1 => {}
            _ => return Err(ambiguous("more than one authentication method was specified")),
        }
        if let Some(key) = api_key.or(api_key_before) {
            return Ok(Some(Credentials::ApiKey(key)));
        }
        if let Some(token) = token {
            return Ok(Some(Credentials::CustomToken(token)));
        }
        match (email, password) {
            (Some(email), Some(password)) => {
                Ok(Some(Credentials::EmailPassword { email, password }))
            }
            _ => Err(incomplete()),
        }
    }
}

/// A header's value. One that is no text is the credential of nobody.
fn text_of(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn ambiguous(message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::bad_request(ErrorCode::InvalidParameter, message)
}

fn incomplete() -> Refusal {
    let message = "must specify some form of authentication \
        (either email+password, api-key, or jwt) in the request header or body";
    Refusal::bad_request(ErrorCode::MissingParameter, message)
}
