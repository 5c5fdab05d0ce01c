//! One request, from its headers to its response (the order of endpoints.md §1.4).

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use hookstead_functions::{Completion, LogLevel, LogLine};
use hookstead_journal::{ConsoleLevel, ConsoleLine, CorrelationId, Entry, Outcome, RunBy};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http::{header, request::Parts};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};

use crate::{
    activity::Running,
    body::{self, Held},
    budget::Share,
    call::{self, Caller},
    connection::STREAMS_MAX,
    head,
    listing::Kind,
    origins::{self, Verdict},
    parse::{Address, client_address},
    refusal::Refusal,
    reply::{self, Shape},
    server::Shared,
    shield::shielded,
    site::Site,
    target::Target,
};

/// A request and all that is known about it so far.
pub(crate) struct Exchange {
    site: Arc<Site>,
    id: CorrelationId,
    started: SystemTime,
    clock: Instant,
    parts: Arc<Parts>,
    caller: Caller,
    verdict: Verdict,
    of_app: bool,
    target: Option<Arc<Target>>,
    /// Held until the response is made, so that running requests can be counted.
    share: Option<Share>,
    /// Held as long: a stream that its client resets is gone, and its function runs on.
    running: Running,
}

/// What an admitted request leads to.
enum Admitted {
    /// A response that no function makes.
    Answered(Response<Full<Bytes>>),
    /// A function runs.
    Run(Arc<Target>, Held),
}

/// What came of a request, for the caller and for the journal.
struct Ending {
    result: Result<Response<Full<Bytes>>, Refusal>,
    console: Vec<ConsoleLine>,
    run_by: Option<RunBy>,
}

/// Answers a request. Never fails and never panics.
pub(crate) async fn answer(running: Running, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, mut body) = request.into_parts();
    let mut exchange = Exchange::new(running, parts);
    let admitted = shielded(exchange.admit(&mut body)).await;
    let (target, held) = match admitted.unwrap_or_else(|_| Err(panicked())) {
        Ok(Admitted::Run(target, held)) => (target, held),
        Ok(Admitted::Answered(response)) => return exchange.finish(Ending::new(Ok(response))),
        Err(refusal) => {
            // A sender that waits for leave to send its body will not send it now.
            if !body.is_end_stream() && !exchange.parts.headers.contains_key(header::EXPECT) {
                body::drain(body, &exchange.shared().config.limits);
            }
            return exchange.finish(Ending::new(Err(refusal)));
        }
    };
    let link = Arc::clone(exchange.running.link());
    let answered = if link.shared.config.finish_without_caller {
        let run = async move { exchange.conclude(&target, held).await };
        link.seat.run(Box::pin(run)).await
    } else {
        Some(Awaited(Some(exchange)).run(&target, held).await)
    };
    link.seat.gather().await;
    // Its worker is gone: this is the end, and nobody will read this.
    answered.unwrap_or_else(|| panicked().response(CorrelationId::new(), ""))
}

/// An exchange that ends with its caller. The journal hears of it even so.
struct Awaited(Option<Exchange>);

impl Awaited {
    async fn run(mut self, target: &Arc<Target>, held: Held) -> Response<Full<Bytes>> {
        let answered = match &self.0 {
            Some(exchange) => exchange.conclude(target, held).await,
            None => panicked().response(CorrelationId::new(), ""),
        };
        self.0 = None;
        answered
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(exchange) = self.0.take() {
            exchange.finish(Ending::new(Err(Refusal::caller_gone())));
        }
    }
}

fn panicked() -> Refusal {
    Refusal::internal("the server panicked while it handled this request")
}

impl Exchange {
    fn new(running: Running, parts: Parts) -> Self {
        let link = running.link();
        let started = SystemTime::now();
        Self {
            site: link.shared.site(),
            id: CorrelationId::at(started),
            started,
            clock: Instant::now(),
            caller: caller(link.peer, &parts.headers, &link.shared),
            verdict: Verdict::NotABrowser,
            of_app: false,
            target: None,
            share: link.shared.requests.take(1),
            running,
            parts: Arc::new(parts),
        }
    }

    fn shared(&self) -> &Shared {
        &self.running.link().shared
    }

    /// Takes a request through every check, the cheap ones first.
    async fn admit(&mut self, body: &mut Incoming) -> Result<Admitted, Refusal> {
        if self.share.is_none() {
            return Err(Refusal::too_many_requests());
        }
        if self.running.others() >= STREAMS_MAX.into() {
            let detail = "this connection has too many requests that still run";
            return Err(Refusal::too_many_requests().with_detail(detail));
        }
        let (parts, shared) = (&self.parts, &self.running.link().shared);
        let limits = &shared.config.limits;
        head::check(parts, limits)?;
        let site = &self.site;
        let address = Address::of(parts.uri.path());
        match address.app() {
            Some(app) if *app == *site.app => self.of_app = true,
            Some(app) => return Err(Refusal::unknown_app(app)),
            None => return Err(nothing_here()),
        }
        self.verdict = site.origins.judge(&parts.headers);
        if self.verdict == Verdict::Refused {
            let message = "requests from this origin are not allowed";
            return Err(Refusal::forbidden("DomainNotAllowed", message));
        }
        if parts.method == Method::OPTIONS {
            return Ok(Admitted::Answered(self.preflight()));
        }
        body::check_declared(body, limits)?;

        let target = site.routes.find(&address, &parts.method)?;
        self.target = Some(Arc::clone(target));
        target.guard.check_head(target.kind, parts)?;
        let held = body::read(body, limits, &shared.bodies).await?;
        target.guard.check(target.kind, parts, &held.bytes)?;
        if let Some(unmet) = target.unmet {
            return Err(unmet.refuse(&parts.headers));
        }
        if target.missing {
            let message = format!("function not found: '{}'", target.entry);
            return Err(Refusal::not_found("FunctionNotFound", message));
        }
        Ok(Admitted::Run(Arc::clone(target), held))
    }

    fn preflight(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.verdict != Verdict::NotABrowser {
            self.site.origins.preflight(response.headers_mut());
        }
        response
    }

    /// Runs the function of an admitted request. Never panics.
    async fn conclude(&self, target: &Arc<Target>, held: Held) -> Response<Full<Bytes>> {
        let answered = shielded(self.run(target, held)).await;
        answered.unwrap_or_else(|_| self.finish(Ending::new(Err(panicked()))))
    }

    async fn run(&self, target: &Arc<Target>, held: Held) -> Response<Full<Bytes>> {
        let bytes = held.bytes.clone();
        let invocation = call::invocation(target, &self.parts, bytes, self.caller, self.id);
        let Completion { outcome, log, .. } = self.site.functions.invoke(invocation).await;
        let shape = Shape {
            kind: target.kind,
            respond_result: target.respond_result,
            format: call::format(target, &self.parts.headers),
        };
        let reply = outcome.map_err(Refusal::from);
        self.finish(Ending {
            result: reply.and_then(|reply| reply::response(shape, reply)),
            console: log.into_iter().map(console_line).collect(),
            run_by: Some(RunBy::System),
        })
    }

    /// Completes the response and tells the journal.
    fn finish(&self, ending: Ending) -> Response<Full<Bytes>> {
        let (mut response, refusal) = match ending.result {
            Ok(response) => (response, None),
            Err(refusal) => (refusal.response(self.id, &self.site.base_url), Some(refusal)),
        };
        self.complete(&mut response);
        let target = self.target.as_deref();
        let elapsed = self.clock.elapsed();
        let entry = Entry {
            id: self.id,
            kind: target.map_or(hookstead_journal::Kind::Api, |target| match target.kind {
                Kind::Endpoint => hookstead_journal::Kind::Endpoint,
                Kind::Webhook => hookstead_journal::Kind::Webhook,
            }),
            app: if self.of_app { &self.site.app } else { "" },
            name: target.map_or("", |target| &target.name),
            method: self.parts.method.as_str(),
            path: self.parts.uri.path(),
            status: response.status().as_u16(),
            outcome: refusal.as_ref().map_or(Outcome::Ok, Refusal::outcome),
            run_by: ending.run_by,
            remote_ip: Some(self.caller.address),
            started: self.started,
            elapsed,
            console: &ending.console,
        };
        let journal = &self.shared().journal;
        // Whoever pays nothing for a request must not be able to fill the log with it.
        let is_busy = matches!(entry.outcome, Outcome::Failed { code: "TooManyRequests", .. });
        if entry.run_by.is_none() || is_busy {
            journal.refuse(&entry, self.clock + elapsed);
        } else {
            journal.record(&entry);
        }
        response
    }

    /// Adds what every response has, and takes away what this one cannot have.
    fn complete(&self, response: &mut Response<Full<Bytes>>) {
        origins::complete(response.headers_mut(), &self.verdict);
        // Hexadecimal digits are a valid value.
        if let Ok(id) = HeaderValue::from_bytes(&self.id.digits()) {
            origins::add(response.headers_mut(), HeaderName::from_static("x-request-id"), id);
        }
        if self.parts.method == Method::HEAD && response.status() != StatusCode::NO_CONTENT {
            let bytes = response.body().size_hint().lower();
            response.headers_mut().insert(header::CONTENT_LENGTH, bytes.into());
            *response.body_mut() = Full::default();
        }
    }
}

impl Ending {
    fn new(result: Result<Response<Full<Bytes>>, Refusal>) -> Self {
        Self { result, console: Vec::new(), run_by: None }
    }
}

fn nothing_here() -> Refusal {
    Refusal::not_found("NotFound", "there is nothing at this path".to_owned())
}

fn caller(peer: IpAddr, headers: &HeaderMap, shared: &Shared) -> Caller {
    let trusted = &shared.config.trusted_proxies;
    // Nobody who is not trusted is read at all.
    if trusted.is_empty() {
        return Caller { address: peer.to_canonical(), by_proxy: false };
    }
    // What cannot be read stays in its place, where it ends the chain of what is believed.
    let hops: Vec<_> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|value| value.to_str().unwrap_or("unreadable"))
        .collect();
    let cluster = headers.get("x-cluster-client-ip").and_then(|value| value.to_str().ok());
    let address = client_address(peer, trusted, hops.into_iter(), cluster);
    let by_proxy = trusted.iter().any(|network| network.contains(peer));
    Caller { address, by_proxy }
}

fn console_line(line: LogLine) -> ConsoleLine {
    let level = match line.level {
        LogLevel::Debug => ConsoleLevel::Debug,
        LogLevel::Info => ConsoleLevel::Info,
        LogLevel::Log => ConsoleLevel::Log,
        LogLevel::Warn => ConsoleLevel::Warn,
        LogLevel::Error => ConsoleLevel::Error,
    };
    ConsoleLine { level, text: line.text }
}
