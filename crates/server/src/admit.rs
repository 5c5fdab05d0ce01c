//! The checks of a request, in their order: one file a step.
//!
//! A request is a [`Passed`], whose type names the step that it has passed last. Each step takes
//! what the step before it has made, and only the last one makes a [`Permitted`], without which no
//! function runs: a step that is left out or swapped with another one does not compile.
//!
//! The cheap checks come first, so that a forged request costs microseconds and no JavaScript.

mod address;
mod body;
mod capacity;
mod claim;
mod condition;
mod framing;
mod function;
pub(crate) mod head;
mod identity;
pub(crate) mod origin;
mod preflight;
mod proof;
mod route;
mod size;
mod turn;

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use hookstead_site::{Kind, Site, Target};
use http::{Response, request::Parts};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::{
    activity::Running, body::Held, budget::Share, config::ServerLimits, refusal::Refusal,
    server::Shared,
};

/// Defines [`admit`], which takes a request through the steps, and [`STEPS`], their names.
macro_rules! steps {
    ($($step:ident $(. $wait:ident)?),* $(,)?) => {
        /// The names of the steps, in their order.
        #[cfg(test)]
        const STEPS: &[&str] = &[$(stringify!($step)),*];

        /// Takes a request through every step.
        pub(crate) async fn admit(request: Passed<'_, Received>) -> Result<Permitted, Stop> {
            $(let request = $step::check(request)$(.$wait)??;)*
            Ok(request)
        }
    };
}

steps! {
    framing,
    capacity,
    head,
    address,
    origin,
    preflight,
    size,
    route,
    claim,
    body.await,
    proof,
    identity,
    condition,
    function,
    turn,
}

/// What is found out about a request on its way, for its response and for the journal.
pub(crate) struct Known {
    /// Whether its path is one of the app.
    pub(crate) of_app: bool,
    /// What its origin means.
    pub(crate) origin: origin::Verdict,
    /// The endpoint or webhook that it asks for.
    pub(crate) target: Option<Arc<Target>>,
}

/// A request that has passed a step.
pub(crate) struct Passed<'a, Step> {
    running: &'a Running,
    site: &'a Site,
    parts: &'a Parts,
    /// When the head had arrived.
    arrived: SystemTime,
    body: &'a mut Incoming,
    known: &'a mut Known,
    /// What the steps have found that later ones need.
    step: Step,
}

/// No step is passed yet.
pub(crate) struct Received;

/// A request whose function may run: it has passed every step.
pub(crate) struct Permitted {
    target: Arc<Target>,
    body: Held,
    /// Held until the response is made, so that running requests can be counted.
    _share: Share,
}

/// Why a request goes no further.
pub(crate) enum Stop {
    /// A check refuses it.
    Refused(Refusal),
    /// It has a response that no function makes.
    Answered(Box<Response<Full<Bytes>>>),
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
        (parts, arrived): (&'a Parts, SystemTime),
        body: &'a mut Incoming,
        known: &'a mut Known,
    ) -> Self {
        Self { running, site, parts, arrived, body, known, step: Received }
    }
}

impl<'a, Step> Passed<'a, Step> {
    /// The same request after another step.
    fn then<Next>(self, next: impl FnOnce(Step) -> Next) -> Passed<'a, Next> {
        let Self { running, site, parts, arrived, body, known, step } = self;
        Passed { running, site, parts, arrived, body, known, step: next(step) }
    }

    /// What a proof can cover beside the body.
    fn asked(&self, kind: Kind) -> proof::Asked<'a> {
        let (parts, arrived, base_url) = (self.parts, self.arrived, self.site.base_url());
        proof::Asked { kind, parts, base_url, arrived }
    }

    fn shared(&self) -> &'a Shared {
        &self.running.link().shared
    }

    fn limits(&self) -> &'a ServerLimits {
        &self.shared().config.limits
    }
}

impl Known {
    /// What is known before the first step.
    pub(crate) fn nothing() -> Self {
        Self { of_app: false, origin: origin::Verdict::NotABrowser, target: None }
    }
}

impl Permitted {
    /// What runs.
    pub(crate) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// The body, byte for byte.
    pub(crate) fn body(&self) -> Bytes {
        self.body.bytes.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::STEPS;

    /// The steps that ARCHITECTURE.md lists under "The way of a request".
    fn documented() -> Vec<String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (_, section) = text.split_once("\n## The way of a request\n").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let items = section.lines().filter_map(|line| line.split_once(". `"));
        items
            .filter(|(number, _)| number.parse::<usize>().is_ok())
            .map(|(_, item)| item.split('`').next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn the_steps_are_those_of_the_architecture_in_its_order() {
        assert_eq!(STEPS, documented(), "the code (left) and ARCHITECTURE.md (right)");
    }
}
