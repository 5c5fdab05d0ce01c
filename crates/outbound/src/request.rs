//! The document that a function gave to `context.http`, and what it comes to.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Deserialize;
use url::Url;

use crate::{credentials::Credentials, error::CallError, form};

/// The request document: what a caller hands over as JSON (docs/behaviour/http-calls.md#request).
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RequestDocument {
    method: String,
    url: Option<String>,
    scheme: Option<String>,
    host: Option<String>,
    path: Option<String>,
    username: Option<String>,
    password: Option<String>,
    auth_url: Option<String>,
    digest_auth: bool,
    follow_redirects: bool,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    cookies: Vec<String>,
    form: Option<Vec<(String, String)>>,
}

/// One request, before cookies and credentials become headers.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// Cookies that the function gave, each `name=value`.
    pub(crate) cookies: Vec<String>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) digest: bool,
    pub(crate) body: Bytes,
}

/// What a call asks for, for those who judge it before.
pub struct Asked {
    /// Where it goes, the query included.
    pub url: Url,
    /// Whether it goes wherever it is redirected.
    pub follows_redirects: bool,
    /// Whether another URL is called first.
    pub has_authorization: bool,
}

impl Asked {
    /// Reads the document of a call, as the call does.
    ///
    /// # Errors
    /// The document is not one of a call.
    pub fn read(head_json: &str) -> Result<Self, CallError> {
        let plan = Plan::read(head_json, None)?;
        Ok(Self {
            url: plan.request.url,
            follows_redirects: plan.follow_redirects,
            has_authorization: plan.authorization.is_some(),
        })
    }
}

/// What a call asks for.
pub(crate) struct Plan {
    pub(crate) request: Request,
    /// A request that goes first, for its cookies.
    pub(crate) authorization: Option<Request>,
    pub(crate) follow_redirects: bool,
}

impl Plan {
    /// Reads the document; `body` is there when the function gave one.
    pub(crate) fn read(head_json: &str, body: Option<Vec<u8>>) -> Result<Self, CallError> {
        let document: RequestDocument = serde_json::from_str(head_json)
            .map_err(|error| argument(format!("the argument cannot be read: {error}")))?;
        let authorization =
            document.auth_url.as_deref().map(|url| parse_url("authUrl", url)).transpose()?;
        let follow_redirects = document.follow_redirects;
        let request = document.into_request(body)?;
        let authorization = authorization.map(|url| request.first_to(url));
        Ok(Self { request, authorization, follow_redirects })
    }
}

impl RequestDocument {
    fn into_request(self, body: Option<Vec<u8>>) -> Result<Request, CallError> {
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| argument(format!("{:?} is not a method", self.method)))?;
        let url = self.target()?;
        let credentials = match self.username {
            Some(username) => Some(Credentials::new(username, self.password.unwrap_or_default())),
            None => Credentials::of_url(&url),
        };
        let (mut headers, mut cookies) = read_headers(&self.headers)?;
        cookies.extend(self.cookies.iter().flat_map(|line| split_cookies(line)));
        let body = match self.form {
            Some(fields) => {
                let (content_type, body) = form::encode(&fields)?;
                headers.insert(header::CONTENT_TYPE, content_type);
                body
            }
            None => body.unwrap_or_default(),
        };
        let digest = self.digest_auth;
        if digest && credentials.is_none() {
            return Err(argument("\"digestAuth\" needs \"username\" and \"password\""));
        }
        Ok(Request { method, url, headers, cookies, credentials, digest, body: body.into() })
    }

    /// Where the request goes, `query` included.
    fn target(&self) -> Result<Url, CallError> {
        let mut url = match (&self.url, &self.host) {
            (Some(url), _) => parse_url("url", url)?,
            (None, Some(host)) => self.target_of_parts(host)?,
            (None, None) => return Err(argument("\"url\" or \"host\" argument is required")),
        };
        // Asking for the serialiser already leaves a `?`.
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    fn target_of_parts(&self, host: &str) -> Result<Url, CallError> {
        if host.is_empty() || host.contains(['/', '\\', '?', '#', '@']) {
            return Err(argument(format!("\"host\" argument {host:?} is not a host")));
        }
        let scheme = self.scheme.as_deref().unwrap_or("http");
        let mut url = parse_url("host", &format!("{scheme}://{host}"))?;
        url.set_path(self.path.as_deref().unwrap_or_default());
        Ok(url)
    }
}

impl Request {
    /// The request whose cookies this one needs. It gets no more of this one than it has a right
    /// to: the credentials, where it goes to the same origin.
    fn first_to(&self, url: Url) -> Self {
        let same_origin = url.origin() == self.url.origin();
        let own = self.credentials.clone().filter(|_| same_origin);
        let credentials = Credentials::of_url(&url).or(own);
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            cookies: Vec::new(),
            digest: self.digest && credentials.is_some(),
            credentials,
            body: Bytes::new(),
        }
    }
}

/// An absolute URL that can be called. Any other scheme has no business here.
pub(crate) fn parse_url(name: &str, text: &str) -> Result<Url, CallError> {
    // The text may hold a password, so the message leaves it out.
    let url = Url::parse(text).map_err(|error| argument(format!("{name:?} argument: {error}")))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(argument(format!("unsupported protocol scheme {other:?}"))),
    }
}

/// The headers that the function decides, and the cookies among them.
fn read_headers(pairs: &[(String, String)]) -> Result<(HeaderMap, Vec<String>), CallError> {
    let mut headers = HeaderMap::new();
    let mut cookies = Vec::new();
    for (name, value) in pairs {
        let field = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| argument(format!("invalid header field name {name:?}")))?;
        if is_of_connection(&field) {
            continue;
        }
        if field == header::COOKIE {
            cookies.extend(split_cookies(value));
            continue;
        }
        // The value may be a credential, so the message leaves it out.
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| argument(format!("invalid header field value for {name:?}")))?;
        headers.try_append(field, value).map_err(|_| argument("too many headers"))?;
    }
    Ok((headers, cookies))
}

/// Headers that describe the connection or the body's framing. Code that sets them means no harm
/// and would get a broken request; the connection has its own.
fn is_of_connection(name: &HeaderName) -> bool {
    const NAMES: [HeaderName; 7] = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::EXPECT,
    ];
    NAMES.contains(name) || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// `a=1; b=2` as its cookies.
fn split_cookies(line: &str) -> impl Iterator<Item = String> {
    line.split(';').map(str::trim).filter(|pair| !pair.is_empty()).map(str::to_owned)
}

pub(crate) fn argument(message: impl Into<String>) -> CallError {
    CallError::Argument(message.into())
}
