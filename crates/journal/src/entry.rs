//! What the journal holds of one request (docs/behaviour/logs.md#entries).

use std::{
    fmt,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use serde::Serialize;

use crate::CorrelationId;

/// One request, from its arrival to its response; borrowed, for it is written down at once.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The id that the caller has seen.
    pub id: CorrelationId,
    /// What was called.
    pub kind: Kind,
    /// The slug of the application; empty when the request named none that is served here.
    pub app: &'a str,
    /// The route of an endpoint, `service/webhook` of a webhook, the name of a function,
    /// `service/method` of a method of a service.
    pub name: &'a str,
    /// The HTTP method.
    pub method: &'a str,
    /// The path, without the query: that may hold a secret.
    pub path: &'a str,
    /// The HTTP status of the response.
    pub status: u16,
    /// What came of it.
    pub outcome: Outcome<'a>,
    /// Whose rights it ran with; `None` when nothing ran.
    pub run_by: Option<RunBy>,
    /// The caller's address.
    pub remote_ip: Option<IpAddr>,
    /// When it arrived.
    pub started: SystemTime,
    /// From its arrival to its response.
    pub elapsed: Duration,
    /// What the function wrote to its console, oldest first.
    pub console: &'a [ConsoleLine],
}

/// What was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// An HTTPS endpoint.
    Endpoint,
    /// An incoming webhook of a service.
    Webhook,
    /// A function, by name.
    Function,
    /// A method of a service, by `service/method`.
    ServiceFunction,
    /// Anything else: a path that belongs to nobody.
    Api,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// A response that the function built.
    Ok,
    /// An error.
    Failed {
        /// The code that the caller has seen too.
        code: &'static str,
        /// What the caller was told.
        message: &'a str,
        /// What only the operator is told.
        detail: Option<&'a str>,
    },
}

/// Whose rights a function ran with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunBy {
    /// The system user's.
    System,
    /// A user's, by id.
    User(String),
}

/// A line of a function's console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleLine {
    /// Which method wrote it.
    pub level: ConsoleLevel,
    /// The text, control characters and all.
    pub text: String,
}

/// Which console method wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the console's")]
pub enum ConsoleLevel {
    Debug,
    Info,
    Log,
    Warn,
    Error,
}

impl fmt::Display for ConsoleLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Log => "log",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}
