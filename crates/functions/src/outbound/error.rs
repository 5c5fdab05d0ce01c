//! What can be wrong: with the settings, or with a call.

use std::{error::Error, iter, time::Duration};

use hookstead_isolate::Thrown;
use hookstead_memory::Refused;

use super::guard::Refusal;
use crate::memory::Broken;

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

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("{0}")]
    Argument(String),
    #[error(transparent)]
    Refused(Refusal),
    #[error("{origin}: {reason}")]
    Network { origin: String, reason: String },
    #[error("response body exceeds {bytes_max} bytes ([limits] outbound_body_mib)")]
    TooLarge { bytes_max: usize },
    #[error("response body: {0}")]
    Body(String),
    #[error("there is no memory for the response")]
    Memory(Refused),
    #[error("no complete response within {0:?} ([limits] outbound_time_s)")]
    TimedOut(Duration),
    #[error("stopped after {0} redirects")]
    Redirects(usize),
}

impl CallError {
    /// The error of an exchange with an origin. A refusal hides in it when it was the connector's.
    pub(super) fn of_exchange(origin: String, error: &(dyn Error + 'static)) -> Self {
        if let Some(refusal) = chain(error).find_map(|cause| cause.downcast_ref::<Refusal>()) {
            return Self::Refused(refusal.clone());
        }
        // The outermost error only says that a request failed.
        let outermost = usize::from(error.source().is_some());
        Self::Network { origin, reason: reason(error, outermost) }
    }

    /// What the function is told.
    pub(super) fn message(&self) -> String {
        format!("http request: {self}")
    }

    /// What only the operator is told: where a host leads to, and what would permit it.
    pub(super) fn detail(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => Some(refusal.detail()),
            _ => None,
        }
    }

    /// The error of a body that ended too soon.
    pub(super) fn of_body(error: &(dyn Error + 'static)) -> Self {
        Self::Body(reason(error, 0))
    }
}

impl From<CallError> for Broken {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Memory(refused) => Self::Memory(refused),
            error => Self::Thrown(error.into()),
        }
    }
}

impl From<CallError> for Thrown {
    fn from(error: CallError) -> Self {
        let code = match error {
            CallError::Refused(_) => "RestrictedHost",
            _ => "HTTPError",
        };
        Thrown::new("FunctionError", error.message()).with_code(code)
    }
}

/// What went wrong, from the general to the particular.
fn reason(error: &(dyn Error + 'static), skipped: usize) -> String {
    let mut levels: Vec<_> = chain(error).skip(skipped).map(ToString::to_string).collect();
    // An error that wraps another often repeats it.
    levels.dedup();
    levels.join(": ")
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error| (*error).source())
}
