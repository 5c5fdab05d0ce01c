//! `hookstead function run --request`: a function called as the server calls it.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use bytes::Bytes;
use hookstead_server::{TrialFailure, TrialRequest, TrialResponse, try_request};

use super::{no_memory, tell_log};
use crate::{
    exit::{Exit, REMEDY, UsageError},
    input,
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
    pub(super) fn read(&self) -> anyhow::Result<Option<TrialRequest>> {
        let Some(line) = &self.request else { return Ok(None) };
        let body = self.body()?;
        let (method, path) = method_and_path(line, body.is_some());
        let body = body.unwrap_or_default();
        let has_body = !body.is_empty();
        let request = TrialRequest::new(&method, path, body);
        let mut request = request.map_err(|why| UsageError(no_request(line, &why)))?;
        for text in &self.headers {
            let header = text
                .split_once(':')
                .and_then(|(name, value)| request.add_header(name.trim(), value.trim()).ok());
            header.ok_or_else(|| UsageError(no_header(text)))?;
        }
        if has_body && !request.has_header("content-type") {
            request.add_header("content-type", CONTENT_TYPE)?;
        }
        Ok(Some(request))
    }

    fn body(&self) -> anyhow::Result<Option<Bytes>> {
        if let Some(text) = &self.data {
            return Ok(Some(text.clone().into()));
        }
        let Some(path) = &self.data_file else { return Ok(None) };
        Ok(Some(input::read_body(path)?.into()))
    }
}

/// Calls a function with a request, and prints the response.
pub(super) async fn run(
    name: &str,
    request: TrialRequest,
    prepared: &Prepared,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let limits = server_config(settings)?.limits;
    let trial = try_request(&prepared.site, name, request, &limits).await;
    let trial = trial.with_context(|| format!("the app has no function {name:?}"))?;
    for difference in &trial.differences {
        terminal::note(&format!("the server does otherwise: {difference}"));
    }
    tell_log(&trial.log);
    match trial.outcome {
        Ok(response) => {
            tell_head(&response);
            print(&response.body)?;
            Ok(Exit::Success)
        }
        Err(failure) => {
            match failure.status {
                // Nothing else runs here that a run would have to wait for.
                429 => terminal::error(&no_memory(settings)),
                _ => tell_failure(&failure),
            }
            Ok(Exit::Failure)
        }
    }
}

fn tell_head(response: &TrialResponse) {
    let headers = response.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let mut err = anstream::stderr().lock();
    for line in [response.status.clone()].into_iter().chain(headers) {
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

/// The method and the path; where there is no method, a body asks for POST.
fn method_and_path(line: &str, has_body: bool) -> (String, &str) {
    let line = line.trim();
    match line.split_once(char::is_whitespace) {
        Some((method, path)) => (method.to_ascii_uppercase(), path.trim_start()),
        None => ((if has_body { "POST" } else { "GET" }).to_owned(), line),
    }
}

fn no_request(line: &str, why: &impl std::fmt::Display) -> String {
    format!(
        "--request {line:?}: {why}{REMEDY}write a method and a path, such as 'GET /hello?name=Ada'"
    )
}

fn no_header(text: &str) -> String {
    format!(
        "--header {text:?} is no header{REMEDY}write a name, a colon and a value, such as \
         'Content-Type: text/plain'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str, data: Option<&str>, headers: &[&str]) -> anyhow::Result<TrialRequest> {
        let flags = RequestFlags {
            request: Some(line.to_owned()),
            data: data.map(str::to_owned),
            data_file: None,
            headers: headers.iter().map(|header| (*header).to_owned()).collect(),
        };
        flags.read().map(Option::unwrap)
    }

    #[test]
    fn a_request_is_a_method_and_a_path() {
        let whole = "DELETE http://127.0.0.1:7080/app/x/endpoint/a?b=1";
        let cases = [
            ("GET /hello?name=Ada", None, "method: GET, uri: /hello?name=Ada,"),
            ("post /a", None, "method: POST, uri: /a,"),
            (" PUT   /a ", None, "method: PUT, uri: /a,"),
            ("/a", None, "method: GET, uri: /a,"),
            ("/a", Some("{}"), "method: POST, uri: /a,"),
            (whole, None, "method: DELETE, uri: /app/x/endpoint/a?b=1,"),
        ];
        for (line, data, expected) in cases {
            let request = format!("{:?}", read(line, data, &[]).unwrap());
            assert!(request.contains(expected), "{line}: {request}");
            assert_eq!(request.contains(CONTENT_TYPE), data.is_some(), "{line}: {request}");
        }
    }

    #[test]
    fn what_is_no_request_is_told_with_what_to_write() {
        for line in ["GET", "", "GET hello", "GET /a b", "G{T /a"] {
            let told = read(line, None, &[]).unwrap_err().to_string();
            assert!(told.starts_with("--request ") && told.contains("'GET /hello"), "{told}");
        }
        for text in ["Content-Type", ": x", "a b: c", "a: \u{1}"] {
            let told = read("/", None, &[text]).unwrap_err().to_string();
            assert!(told.starts_with("--header ") && told.contains("'Content-Type: "), "{told}");
        }
    }
}
