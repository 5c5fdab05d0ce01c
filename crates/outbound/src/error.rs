//! What can be wrong: with the settings, or with a call.

use std::{error::Error, io, iter, time::Duration};

use hookstead_memory::Refused;

use crate::guard::Refusal;

/// Settings of outgoing calls that make no sense.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// An entry of the list is not an entry.
    #[error(
        "[outbound] allow: {entry:?} is neither a host name, an address nor a network; \
         write \"intranet.example\", \"intranet.example:8080\", \"10.1.2.3\", \"10.1.2.3:80\" \
         or \"10.0.0.0/8\""
    )]
    Allow {
        /// The entry.
        entry: String,
    },
    /// A key is not an origin.
    #[error(
        "[outbound.redirect] {from:?} is not an origin; write scheme, host and perhaps a port, \
         such as \"https://api.example.com\""
    )]
    RedirectSource {
        /// The key.
        from: String,
    },
    /// A value is not an origin.
    #[error(
        "[outbound.redirect] {from:?} = {to:?}: the value is not an origin; write scheme, host \
         and perhaps a port, such as \"http://127.0.0.1:9000\""
    )]
    RedirectTarget {
        /// The key.
        from: String,
        /// The value.
        to: String,
    },
    /// Two keys are the same origin.
    #[error("[outbound.redirect] {from:?}: this origin is there more than once; keep one")]
    RedirectTwice {
        /// One of the keys.
        from: String,
    },
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The request document is wrong.
    #[error("{0}")]
    Argument(String),
    /// The guard does not allow the host.
    #[error(transparent)]
    Refused(Refusal),
    /// The connection or the exchange failed.
    #[error("{origin}: {reason}")]
    Network {
        /// The origin that was called.
        origin: String,
        /// The causes, outermost first.
        reason: String,
    },
    /// The response is larger than the settings allow.
    #[error("response body exceeds {bytes_max} bytes ([limits] outbound_body_mib)")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The response body ended too soon or cannot be decoded.
    #[error("response body: {0}")]
    Body(String),
    /// The memory budget has no room for the response.
    #[error("there is no memory for the response")]
    Memory(Refused),
    /// The time for a whole call is over.
    #[error("no complete response within {0:?} ([limits] outbound_time_s)")]
    TimedOut(Duration),
    /// The servers redirected too often.
    #[error("stopped after {0} redirects")]
    Redirects(usize),
    /// The task that reads the request document failed.
    #[error("{0}")]
    Internal(String),
}

impl CallError {
    /// The error of an exchange with an origin. A refusal hides in it when it was the connector's.
    pub(crate) fn of_exchange(origin: String, error: &(dyn Error + 'static)) -> Self {
        if let Some(refusal) = chain(error).find_map(|cause| cause.downcast_ref::<Refusal>()) {
            return Self::Refused(refusal.clone());
        }
        // The outermost error only says that a request failed.
        let outermost = usize::from(error.source().is_some());
        Self::Network { origin, reason: reason(error, outermost) }
    }

    /// The message for the code that made the call.
    pub fn message(&self) -> String {
        format!("http request: {self}")
    }

    /// What only the operator may read: the address that a host resolved to, and the setting that
    /// would allow it.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => Some(refusal.detail()),
            _ => None,
        }
    }

    /// The error of a body that did not arrive.
    pub(crate) fn of_body(error: &(dyn Error + 'static)) -> Self {
        let is_end = |cause: &(dyn Error + 'static)| {
            let error = cause.downcast_ref::<io::Error>();
            error.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
        };
        if chain(error).any(is_end) {
            return Self::Body("the connection ended before the whole body had arrived".to_owned());
        }
        Self::Body(reason(error, 0))
    }
}

/// What went wrong, from the general to the particular.
fn reason(error: &(dyn Error + 'static), skipped: usize) -> String {
    let mut levels: Vec<_> = chain(error).skip(skipped).map(words).collect();
    // An error that wraps another often repeats it.
    levels.dedup();
    levels.join(": ")
}

/// What an error says, or something plainer where it is known.
fn words(error: &(dyn Error + 'static)) -> String {
    // An error of the system may hold another one.
    let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    if let Some(held) = held {
        return words(held);
    }
    let no_tls = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
    if error.downcast_ref::<rustls::Error>() == Some(&no_tls) {
        return "the server does not speak TLS at this port; is http:// meant?".to_owned();
    }
    error.to_string()
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error| (*error).source())
}
