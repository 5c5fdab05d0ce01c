//! `hookstead function run --request`: a function called as the server calls it.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use bytes::Bytes;
use hookstead_server::TrialFailure;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri, header};

use super::tell_log;
use crate::{
    exit::{Exit, REMEDY, UsageError},
    prepare::{Prepared, server_config},
    settings::Settings,
    terminal::{self, DIM, clean, paint},
};

/// What a body is taken for where no header says so.
const CONTENT_TYPE: &str = "application/json";

/// Flags that make up a request.
#[derive(Debug, clap::Args)]
pub(super) struct RequestFlags {
    /// Call the function with a request, such as 'GET /hello?name=Ada'; the method may be left out
    #[arg(long, value_name = "REQUEST", conflicts_with = "arguments")]
    request: Option<String>,

    /// Body of the request
    #[arg(long, value_name = "TEXT", requires = "request")]
    data: Option<String>,

    /// File with the body of the request; - is standard input
    #[arg(long, value_name = "FILE", requires = "request", conflicts_with = "data")]
    data_file: Option<PathBuf>,

    /// Header of the request, such as 'Content-Type: text/plain'; may be given more than once
    #[arg(long = "header", value_name = "HEADER", requires = "request")]
    headers: Vec<String>,
}

impl RequestFlags {
    /// The request, where one is asked for.
    pub(super) fn read(&self) -> anyhow::Result<Option<Request<Bytes>>> {
        let Some(line) = &self.request else { return Ok(None) };
        let body = self.body()?;
        let (method, uri) = method_and_uri(line, body.is_some()).map_err(UsageError)?;
        let mut request = Request::new(body.unwrap_or_default());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        for text in &self.headers {
            let (name, value) = name_and_value(text).map_err(UsageError)?;
            request.headers_mut().append(name, value);
        }
        if !request.body().is_empty() {
            let headers = request.headers_mut().entry(header::CONTENT_TYPE);
            headers.or_insert(HeaderValue::from_static(CONTENT_TYPE));
        }
        Ok(Some(request))
    }

    fn body(&self) -> anyhow::Result<Option<Bytes>> {
        if let Some(text) = &self.data {
            return Ok(Some(text.clone().into()));
        }
        let Some(path) = &self.data_file else { return Ok(None) };
        let mut body = Vec::new();
        if path == Path::new("-") {
            let read = io::stdin().lock().read_to_end(&mut body);
            read.context("cannot read the body from standard input")?;
        } else {
            let read = fs::read(path);
            body = read.with_context(|| format!("cannot read the body from {}", path.display()))?;
        }
        Ok(Some(body.into()))
    }
}

/// Calls a function with a request, and prints the response.
pub(super) async fn run(
    name: &str,
    request: Request<Bytes>,
    prepared: &Prepared,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let limits = server_config(settings)?.limits;
    let trial = prepared.site.try_request(name, request, &limits).await;
    let trial = trial.with_context(|| format!("the app has no function {name:?}"))?;
    for difference in &trial.differences {
        terminal::note(&format!("the server does otherwise: {difference}"));
    }
    tell_log(&trial.log);
    match trial.outcome {
        Ok(response) => {
            tell_head(&response);
            print(response.body())?;
            Ok(Exit::Success)
        }
        Err(failure) => {
            tell_failure(&failure);
            Ok(Exit::Failure)
        }
    }
}

fn tell_head(response: &Response<Bytes>) {
    let mut lines = vec![response.status().to_string()];
    lines.extend(
        response
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))),
    );
    let mut err = anstream::stderr().lock();
    for line in lines {
        let _ = writeln!(err, "{}", paint(DIM, &clean(&line)));
    }
}

/// The body, byte for byte where a program reads it, and harmless where a terminal shows it.
fn print(body: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        let text = String::from_utf8_lossy(body);
        for line in text.lines() {
            writeln!(out, "{}", clean(line))?;
        }
    } else {
        out.write_all(body)?;
    }
    out.flush()
}

fn tell_failure(failure: &TrialFailure) {
    let TrialFailure { status, code, message, detail } = failure;
    terminal::error(&format!("{message} (callers get {status} with {code})"));
    if let Some(detail) = detail {
        // A stack has the message in front, which is told already.
        terminal::note(detail.strip_prefix(message.as_str()).unwrap_or(detail).trim_start());
    }
}

/// A method and a path; where there is no method, a body asks for POST.
fn method_and_uri(line: &str, has_body: bool) -> Result<(Method, Uri), String> {
    let wanted = |what: &str| {
        format!(
            "--request {line:?}: {what}{REMEDY}write a method and a path, such as 'GET \
             /hello?name=Ada'"
        )
    };
    let line = line.trim();
    let (method, target) = match line.split_once(char::is_whitespace) {
        Some((method, target)) => (method.to_ascii_uppercase(), target.trim_start()),
        None => ((if has_body { "POST" } else { "GET" }).to_owned(), line),
    };
    if target.contains(char::is_whitespace) {
        return Err(wanted("a space in a path is written %20"));
    }
    let is_method = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let method = method.parse().ok().filter(|_| is_method(&method));
    let method = method.ok_or_else(|| wanted("that is no method"))?;
    let uri: Uri =
        target.parse().map_err(|error| wanted(&format!("the path is wrong, {error}")))?;
    // Of a whole URL, the path is what counts: nothing is sent to its host.
    let path = uri.path_and_query().filter(|path| path.as_str().starts_with('/'));
    let path = path.ok_or_else(|| wanted("the path begins with /"))?;
    Ok((method, path.clone().into()))
}

fn name_and_value(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = text.split_once(':').and_then(|(name, value)| {
        let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    });
    parsed.ok_or_else(|| {
        format!(
            "--header {text:?} is no header{REMEDY}write a name, a colon and a value, such as \
             'Content-Type: text/plain'"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_method_and_a_path() {
        let cases = [
            ("GET /hello?name=Ada", false, "GET /hello?name=Ada"),
            ("post /a", false, "POST /a"),
            (" PUT   /a ", false, "PUT /a"),
            ("/a", false, "GET /a"),
            ("/a", true, "POST /a"),
            (
                "DELETE http://127.0.0.1:7080/app/x/endpoint/a?b=1",
                false,
                "DELETE /app/x/endpoint/a?b=1",
            ),
        ];
        for (line, has_body, expected) in cases {
            let (method, uri) = method_and_uri(line, has_body).unwrap();
            assert_eq!(format!("{method} {uri}"), expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_request_is_told_with_what_to_write() {
        let cases = [
            ("GET", "the path begins with /"),
            ("", "the path"),
            ("GET hello", "the path begins with /"),
            ("GET /a b", "a space in a path is written %20"),
            ("G{T /a", "that is no method"),
        ];
        for (line, expected) in cases {
            let told = method_and_uri(line, false).unwrap_err();
            assert!(told.contains(expected) && told.contains("'GET /hello"), "{line}: {told}");
        }
        for text in ["Content-Type", ": x", "a b: c", "a: \u{1}"] {
            assert!(name_and_value(text).unwrap_err().contains("such as 'Content-Type"), "{text}");
        }
    }
}
