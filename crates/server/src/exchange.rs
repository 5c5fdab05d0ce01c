//! One request, from its headers to its response.

use std::{
    net::IpAddr,
    pin::pin,
    sync::Arc,
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use hookstead_functions::{Completion, LogLevel, LogLine};
use hookstead_journal::{ConsoleLevel, ConsoleLine, CorrelationId, Entry, Outcome, RunBy};
use hookstead_memory::Share as Memory;
use hookstead_site::Site;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use http::{header, request::Parts};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};

use crate::{
    admit::{self, Arrived, Known, Passed, Permitted, Stop, origin},
    body,
    call::{self, Caller},
    called::{self, Called},
    client::Watching,
    event_stream::EventStream,
    excerpt::excerpt,
    outgoing::{Outgoing, Unread},
    parse::client_address,
    refusal::Refusal,
    reply::{self, Shape},
    running::Running,
    shared::Shared,
    shield::shielded,
};

/// A request and all that is known about it so far.
pub(crate) struct Exchange {
    site: Arc<Site>,
    id: CorrelationId,
    started: SystemTime,
    clock: Instant,
    parts: Arc<Parts>,
    caller: Caller,
    known: Known,
    /// Held until the response is made: a stream that its client resets is gone, and its function
    /// runs on.
    running: Running,
}

/// What came of a request, for the caller and for the journal.
struct Ending {
    result: Result<Response<Full<Bytes>>, Refusal>,
    /// What the response takes of the memory budget.
    memory: Option<Memory>,
    console: Vec<ConsoleLine>,
    run_by: Option<RunBy>,
}

/// A response, counted until it has been taken.
type Answer = Response<Outgoing>;

/// Responses up to this size that no function made are not counted.
const UNCOUNTED_BYTES_MAX: usize = 1 << 10;

/// Answers a request. Never fails and never panics.
pub(crate) async fn answer(running: Running, request: Request<Incoming>) -> Answer {
    let (parts, mut body) = request.into_parts();
    let mut exchange = Exchange::new(running, parts);
    let admitted = shielded(pin!(exchange.admit(&mut body))).await;
    let work = match admitted.unwrap_or_else(|_| Err(panicked().into())) {
        Ok(permitted) => Work::Permitted(permitted),
        Err(Stop::Called(called)) => Work::Called(called),
        Err(Stop::Answered(response)) => return exchange.finish(Ending::new(Ok(*response))),
        Err(Stop::Streams(watching)) => return exchange.stream(*watching),
        Err(Stop::Refused(refusal)) => {
            if !body.is_end_stream() {
                exchange.leave(body, &refusal);
            }
            return exchange.finish(Ending::new(Err(refusal)));
        }
    };
    let link = Arc::clone(exchange.running.link());
    // In a box: the library moves the future of a request several times before it runs.
    let answered = if link.shared.config.finish_without_caller {
        let run = async move { exchange.conclude(work).await };
        link.seat.run(Box::pin(run)).await
    } else {
        Some(Box::pin(Awaited { exchange: Some(exchange) }.run(work)).await)
    };
    link.seat.gather().await;
    // Its worker is gone: this is the end, and nobody will read this.
    answered.unwrap_or_else(nobodys)
}

/// What runs for a request that has passed its checks.
enum Work {
    /// The function of an endpoint or of a webhook.
    Permitted(Permitted),
    /// What a client calls.
    Called(Box<Called>),
}

/// An exchange that ends with its caller. The journal hears of it even so.
struct Awaited {
    exchange: Option<Exchange>,
}

impl Awaited {
    async fn run(mut self, work: Work) -> Answer {
        let answered = match &self.exchange {
            Some(exchange) => exchange.conclude(work).await,
            None => nobodys(),
        };
        self.exchange = None;
        answered
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.finish(Ending::new(Err(Refusal::caller_gone())));
        }
    }
}

/// An answer that nobody gets.
fn nobodys() -> Answer {
    Outgoing::of(panicked().response(CorrelationId::new(), ""), None)
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
            known: Known::nothing(),
            running,
            parts: Arc::new(parts),
        }
    }

    fn shared(&self) -> &Shared {
        &self.running.link().shared
    }

    /// Takes the request through every check.
    async fn admit(&mut self, body: &mut Incoming) -> Result<Permitted, Stop> {
        let Self { running, site, parts, started, caller, id, known, .. } = self;
        let arrived = Arrived { parts, at: *started, caller: *caller, id: *id };
        admit::admit(Passed::new(running, site, arrived, body, known)).await
    }

    /// Leaves the rest of a refused body. A small one is read, so that the connection can serve
    /// further requests; a stream of HTTP/2 that is dropped is reset after its response, which
    /// tells the client to stop.
    fn leave(&self, body: Incoming, refusal: &Refusal) {
        self.running.link().activity.leave_body();
        // A sender that waits for leave to send its body will not send it now.
        let waits = self.parts.headers.contains_key(header::EXPECT);
        if self.parts.version < Version::HTTP_2 && !waits && !refusal.closes() {
            body::drain(body, &self.shared().config.limits);
        }
    }

    /// Begins an event stream, which counts as a running request until it ends.
    fn stream(self, watching: Watching) -> Answer {
        let answer = self.finish(Ending::new(Ok(EventStream::response())));
        let stream = EventStream::begin(watching, self.running);
        answer.map(|_| Outgoing::stream(stream))
    }

    /// Runs the function of a request. Never panics.
    async fn conclude(&self, work: Work) -> Answer {
        let answered = shielded(pin!(self.run(work))).await;
        answered.unwrap_or_else(|_| self.finish(Ending::new(Err(panicked()))))
    }

    async fn run(&self, work: Work) -> Answer {
        match work {
            Work::Permitted(permitted) => self.run_permitted(&permitted).await,
            // In a box: otherwise every request would carry the room for it.
            Work::Called(called) => Box::pin(self.run_called(*called)).await,
        }
    }

    async fn run_called(&self, called: Called) -> Answer {
        let run_by = Some(called.run_by());
        let called::Outcome { result, log, memory } = called.run(&self.site).await;
        let console = log.into_iter().map(console_line).collect();
        self.finish(Ending { result, console, run_by, memory })
    }

    async fn run_permitted(&self, permitted: &Permitted) -> Answer {
        let (target, body) = (permitted.target(), permitted.body());
        let (caller, runs_as) = (self.caller, permitted.runs_as());
        let invocation = call::invocation(target, &self.parts, body, runs_as, caller, self.id);
        let functions = self.site.functions();
        let Completion { outcome, log, memory, .. } = functions.invoke_admitted(invocation).await;
        let shape = Shape::of(target, &self.parts.headers);
        let reply = outcome.map_err(Refusal::from);
        let limits = &self.shared().config.limits;
        self.finish(Ending {
            result: reply.and_then(|reply| reply::response(shape, reply, limits)),
            console: log.into_iter().map(console_line).collect(),
            run_by: Some(runs_as.run_by()),
            memory,
        })
    }

    /// Completes the response and tells the journal.
    fn finish(&self, ending: Ending) -> Answer {
        let Ending { result, memory, console, run_by } = ending;
        let user = || self.known.user_id.clone().map(RunBy::User);
        let run_by = run_by.or_else(user);
        let before = self.known.log.iter().cloned().map(console_line);
        let console: Vec<_> = before.chain(console).collect();
        let counted = result.and_then(|response| self.count(response, memory));
        let (mut response, unread, refusal) = match counted {
            Ok((response, unread)) => (response, unread, None),
            Err(refusal) => {
                let response = refusal.response(self.id, self.site.base_url());
                // A refusal is small, and is counted as well as there is room.
                let counted = self.count(Response::new(response.body().clone()), None);
                (response, counted.ok().and_then(|(_, unread)| unread), Some(refusal))
            }
        };
        self.complete(&mut response);
        let (kind, name) = self.known.called();
        let elapsed = self.clock.elapsed();
        let entry = Entry {
            id: self.id,
            kind,
            app: if self.known.of_app { self.site.client_app_id() } else { "" },
            name,
            method: &excerpt(self.parts.method.as_str()),
            path: &excerpt(self.parts.uri.path()),
            status: response.status().as_u16(),
            outcome: refusal.as_ref().map_or(Outcome::Ok, Refusal::outcome),
            run_by,
            remote_ip: Some(self.caller.address),
            started: self.started,
            elapsed,
            console: &console,
        };
        let journal = &self.shared().journal;
        // Whoever pays nothing for a request must not be able to fill the log with it.
        let is_busy = refusal.as_ref().is_some_and(Refusal::is_of_load);
        if entry.run_by.is_none() || is_busy {
            journal.refuse(&entry, self.clock + elapsed);
        } else {
            journal.record(&entry);
        }
        Outgoing::of(response, unread)
    }

    /// Counts a response until its client has taken it.
    fn count(
        &self,
        response: Response<Full<Bytes>>,
        memory: Option<Memory>,
    ) -> Result<(Response<Full<Bytes>>, Option<Unread>), Refusal> {
        let bytes = usize::try_from(response.body().size_hint().lower()).unwrap_or(usize::MAX);
        let memory = match memory {
            Some(memory) => memory,
            None if bytes <= UNCOUNTED_BYTES_MAX => return Ok((response, None)),
            None => self.shared().memory.take_anyway(bytes),
        };
        let unread = Unread::begin(self.running.link(), memory).ok_or_else(|| {
            Refusal::no_memory().with_detail("too many responses wait for their clients to read")
        })?;
        Ok((response, Some(unread)))
    }

    /// Adds what every response has, and takes away what this one cannot have.
    fn complete(&self, response: &mut Response<Full<Bytes>>) {
        origin::complete(response.headers_mut(), &self.known.origin);
        // Hexadecimal digits are a valid value.
        if let Ok(id) = HeaderValue::from_bytes(&self.id.digits()) {
            origin::add(response.headers_mut(), HeaderName::from_static("x-request-id"), id);
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
        Self { result, memory: None, console: Vec::new(), run_by: None }
    }
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
