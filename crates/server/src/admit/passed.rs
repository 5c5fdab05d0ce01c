//! A request on its way through the steps, and where the way may end.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use hookstead_functions::LogLine;
use hookstead_journal::{CorrelationId, Kind as EntryKind};
use hookstead_site::{Kind, Site, Target};
use http::{HeaderValue, Response, request::Parts};
use http_body_util::Full;
use hyper::body::Incoming;

use super::verify::Asked;
use crate::{
    body::Held, budget::Share, call::Caller, called::Called, config::ServerLimits,
    refusal::Refusal, running::Running, runs_as::RunsAs, shared::Shared,
};

/// What is found out about a request on its way, for its response and for the journal.
pub(crate) struct Known {
    /// Whether its path is one of the app.
    pub(crate) of_app: bool,
    /// What its origin means.
    pub(crate) origin: Verdict,
    /// The endpoint or webhook that it asks for.
    pub(crate) target: Option<Arc<Target>>,
    /// What a script and the functions of conditions wrote to the console.
    pub(crate) log: Vec<LogLine>,
    /// Who has proven to be a user, where that is what the request is for.
    pub(crate) user_id: Option<String>,
    /// What a client calls by name.
    pub(crate) called: Option<(EntryKind, Arc<str>)>,
}

/// What an `Origin` header means for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The request has none, so there is nothing to judge and nothing to say.
    NotABrowser,
    /// It is let in, and told this in `Access-Control-Allow-Origin`.
    Allowed(HeaderValue),
    /// It is not.
    Refused,
}

/// A request that has passed a step.
pub(crate) struct Passed<'a, Step> {
    pub(super) running: &'a Running,
    pub(super) site: &'a Site,
    pub(super) parts: &'a Arc<Parts>,
    /// When the head had arrived.
    pub(super) arrived: SystemTime,
    pub(super) caller: Caller,
    pub(super) id: CorrelationId,
    pub(super) body: &'a mut Incoming,
    pub(super) known: &'a mut Known,
    /// What the steps have found that later ones need.
    pub(super) step: Step,
}

/// What those who look for a user, or run something for it, want to know of a request.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) running: &'a Running,
    pub(crate) site: &'a Site,
    pub(crate) parts: &'a Arc<Parts>,
    pub(crate) caller: Caller,
    pub(crate) id: CorrelationId,
}

/// The head of a request, with what is known of how it came.
pub(crate) struct Arrived<'a> {
    pub(crate) parts: &'a Arc<Parts>,
    pub(crate) at: SystemTime,
    pub(crate) caller: Caller,
    pub(crate) id: CorrelationId,
}

/// No step is passed yet.
pub(crate) struct Received;

/// A request whose function may run: it has passed every step.
pub(crate) struct Permitted {
    pub(super) target: Arc<Target>,
    pub(super) body: Held,
    pub(super) runs_as: RunsAs,
    /// Held until the response is made, so that running requests can be counted.
    pub(super) _share: Share,
}

/// Why a request goes no further.
pub(crate) enum Stop {
    /// A check refuses it.
    Refused(Refusal),
    /// It has a response that no function makes.
    Answered(Box<Response<Full<Bytes>>>),
    /// It is a client's call, which has passed the checks of its own.
    Called(Box<Called>),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<'a> Passed<'a, Received> {
    /// A request whose head has arrived.
    pub(crate) fn new(
        running: &'a Running,
        site: &'a Site,
        Arrived { parts, at, caller, id }: Arrived<'a>,
        body: &'a mut Incoming,
        known: &'a mut Known,
    ) -> Self {
        Self { running, site, parts, arrived: at, caller, id, body, known, step: Received }
    }
}

impl<'a, Step> Passed<'a, Step> {
    /// The same request after another step.
    pub(super) fn then<Next>(self, next: impl FnOnce(Step) -> Next) -> Passed<'a, Next> {
        let Self { running, site, parts, arrived, caller, id, body, known, step } = self;
        Passed { running, site, parts, arrived, caller, id, body, known, step: next(step) }
    }

    /// What a proof can cover beside the body.
    pub(super) fn asked(&self, kind: Kind) -> Asked<'a> {
        let (parts, arrived, base_url) = (self.parts, self.arrived, self.site.base_url());
        Asked { kind, parts, base_url, arrived }
    }

    pub(super) fn asking(&self) -> Asking<'a> {
        let Self { running, site, parts, caller, id, .. } = *self;
        Asking { running, site, parts, caller, id }
    }

    pub(super) fn shared(&self) -> &'a Shared {
        &self.running.link().shared
    }

    pub(super) fn limits(&self) -> &'a ServerLimits {
        &self.shared().config.limits
    }
}

impl Known {
    /// What is known before the first step.
    pub(crate) fn nothing() -> Self {
        Self {
            of_app: false,
            origin: Verdict::NotABrowser,
            target: None,
            log: Vec::new(),
            user_id: None,
            called: None,
        }
    }

    /// What is asked for, as the journal tells it: its kind and its name.
    pub(crate) fn called(&self) -> (EntryKind, &str) {
        match (&self.called, &self.target) {
            (Some((kind, name)), _) => (*kind, name),
            (None, Some(target)) => match target.kind {
                Kind::Endpoint => (EntryKind::Endpoint, &target.name),
                Kind::Webhook => (EntryKind::Webhook, &target.name),
            },
            (None, None) => (EntryKind::Api, ""),
        }
    }
}

impl Permitted {
    /// What runs.
    pub(crate) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// Whose rights it runs with.
    pub(crate) fn runs_as(&self) -> &RunsAs {
        &self.runs_as
    }

    /// The body, byte for byte.
    pub(crate) fn body(&self) -> Bytes {
        self.body.bytes.clone()
    }
}
