//! One call on the wire: `authUrl` first, then the request, its digest answer and its redirects.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri, header,
    uri::{Authority, PathAndQuery},
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use url::{Position, Url};

use crate::{
    Client,
    cookies::Jar,
    credentials::secret_header,
    digest::{self, Proof},
    error::CallError,
    redirect::next_request,
    request::{Plan, Request, argument},
    response::Answer,
};

const USER_AGENT: &str = concat!("hookstead/", env!("CARGO_PKG_VERSION"));
const REDIRECTS_MAX: usize = 10;
/// A body that nobody wants is read up to this size, so that its connection can be used again.
const DRAINED_BYTES_MAX: u64 = 16 << 10;

type Response = http::Response<Incoming>;

/// One call: the client, and the cookies so far.
pub(crate) struct Exchange<'a> {
    client: &'a Client,
    jar: Jar,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client, jar: Jar::default() }
    }

    pub(crate) async fn run(mut self, plan: Plan) -> Result<Answer, CallError> {
        if let Some(first) = plan.authorization {
            // Only its cookies matter. Signing in tends to redirect.
            self.follow(first, REDIRECTS_MAX).await?;
        }
        match plan.follow_redirects {
            true => self.follow(plan.request, REDIRECTS_MAX).await,
            false => self.authenticate(&plan.request).await,
        }
    }

    async fn follow(&mut self, request: Request, max: usize) -> Result<Answer, CallError> {
        let mut request = request;
        for _ in 0..=max {
            let answer = self.authenticate(&request).await?;
            match next_request(&request, &answer.response)? {
                Some(next) => request = next,
                None => return Ok(answer),
            }
            drain(answer.response).await;
        }
        Err(CallError::Redirects(max))
    }

    /// Sends a request, and once more if its digest was demanded.
    async fn authenticate(&mut self, request: &Request) -> Result<Answer, CallError> {
        let credentials = match &request.credentials {
            Some(credentials) if request.digest => credentials,
            Some(credentials) if !request.headers.contains_key(header::AUTHORIZATION) => {
                return self.send(request, Some(credentials.basic()?)).await;
            }
            _ => return self.send(request, None).await,
        };
        let answer = self.send(request, None).await?;
        if answer.response.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let proof = Proof {
            credentials,
            method: &request.method,
            target: target_of(&request.url),
            body: &request.body,
        };
        let challenges = answer.response.headers().get_all(header::WWW_AUTHENTICATE);
        let Some(authorization) = digest::answer(challenges.iter(), &proof)? else {
            return Ok(answer);
        };
        drain(answer.response).await;
        self.send(request, Some(authorization)).await
    }

    async fn send(
        &mut self,
        request: &Request,
        authorization: Option<HeaderValue>,
    ) -> Result<Answer, CallError> {
        let (mut headers, is_unpacked) = self.headers(request)?;
        if let Some(authorization) = authorization {
            headers.insert(header::AUTHORIZATION, authorization);
        }
        let response = self.client.exchange(request, headers).await?;
        self.jar.store(&request.url, response.headers());
        Ok(Answer { response, is_head: request.method == Method::HEAD, is_unpacked })
    }

    /// The headers of a request, and whether its response is to be unpacked: as in Go, if the
    /// function did not say what it accepts.
    fn headers(&self, request: &Request) -> Result<(HeaderMap, bool), CallError> {
        let mut headers = request.headers.clone();
        if let Some(cookies) = self.jar.header(&request.url, &request.cookies) {
            headers.insert(header::COOKIE, secret_header(&cookies)?);
        }
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        let is_unpacked = request.method != Method::HEAD
            && !headers.contains_key(header::ACCEPT_ENCODING)
            && !headers.contains_key(header::RANGE);
        if is_unpacked {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok((headers, is_unpacked))
    }
}

impl Client {
    async fn exchange(
        &self,
        request: &Request,
        mut headers: HeaderMap,
    ) -> Result<Response, CallError> {
        let detour = self.detours.of(&request.url);
        let (url, clients) = match &detour {
            Some(url) => (url, &self.detoured),
            None => (&request.url, &self.direct),
        };
        let host = match headers.remove(header::HOST) {
            Some(host) => host,
            None => HeaderValue::from_str(authority_of(&request.url))
                .map_err(|error| argument(error.to_string()))?,
        };
        let client = if host == authority_of(url) {
            &clients.any_version
        } else {
            headers.insert(header::HOST, host);
            &clients.http1
        };
        // A method that may have a body says so when it has none; some servers insist.
        let may_have_body = !matches!(request.method, Method::GET | Method::HEAD | Method::DELETE);
        if request.body.is_empty() && may_have_body {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let mut wire = http::Request::new(Full::<Bytes>::new(request.body.clone()));
        *wire.method_mut() = request.method.clone();
        *wire.uri_mut() = uri_of(url)?;
        *wire.headers_mut() = headers;
        client.request(wire).await.map_err(|error| {
            CallError::of_exchange(request.url.origin().ascii_serialization(), &error)
        })
    }
}

/// The URL without what stays at home: user, password and fragment.
fn uri_of(url: &Url) -> Result<Uri, CallError> {
    let invalid = || argument("the URL is too long or has characters that HTTP cannot carry");
    let authority: Authority = authority_of(url).parse().map_err(|_| invalid())?;
    let target: PathAndQuery = target_of(url).parse().map_err(|_| invalid())?;
    let uri = Uri::builder().scheme(url.scheme()).authority(authority).path_and_query(target);
    uri.build().map_err(|_| invalid())
}

fn authority_of(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

fn target_of(url: &Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}

/// Reads a small body to its end. A large one costs more than a new connection.
async fn drain(response: Response) {
    let body = response.into_body();
    if body.size_hint().upper().is_some_and(|bytes| bytes <= DRAINED_BYTES_MAX) {
        // If it breaks off, so does the connection, and that is all.
        let _ = body.collect().await;
    }
}
