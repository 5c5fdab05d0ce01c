//! Which of two declarations asks more of a caller
//! (docs/behaviour/duplicates.md#where-two-places-disagree).
//!
//! Exports hold the same endpoint, webhook or function in two places more often than one would
//! think. The declaration that asks more counts. The order is partial: neither of two different
//! secrets asks more than the other one, and then neither declaration is served.

use std::cmp::Ordering;

use hookstead_signature::{Scheme, presets};
use serde_json::Value as Json;

use crate::{
    Endpoint, Function, Protection, RunAs, SecretSource, Webhook, functions::Functions, schemes,
};

/// What a declaration asks of a caller.
pub(crate) struct Demands<'a> {
    closed: Closed,
    protection: &'a Protection,
    /// Users that the caller must be, or be mapped to. The system user is none.
    users: Vec<&'a RunAs>,
    /// Conditions that must hold. One that always holds is none.
    conditions: Vec<&'a Json>,
    /// Whether clients may not call it at all.
    private: bool,
}

/// Whether nobody may call. What is switched off stays off, whatever else is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closed {
    No,
    Refused,
    Disabled,
}

impl<'a> Demands<'a> {
    /// What an endpoint asks together with its function. A function that is not in the export
    /// adds nothing, because it never runs.
    pub(crate) fn of_endpoint(endpoint: &'a Endpoint, functions: &'a Functions) -> Self {
        let function = functions.kept.get(&endpoint.function_name);
        let run_as = function.map(|function| &function.run_as);
        let can_evaluate = function.and_then(|function| function.can_evaluate.as_ref());
        Self::new(
            endpoint.disabled,
            &endpoint.protection,
            run_as.into_iter().chain(&endpoint.run_as),
            can_evaluate.into_iter().chain(&endpoint.can_evaluate),
        )
    }

    /// What a webhook asks.
    pub(crate) fn of_webhook(webhook: &'a Webhook) -> Self {
        let run_as = [&webhook.run_as].into_iter();
        Self::new(false, &webhook.protection, run_as, webhook.can_evaluate.iter())
    }

    /// What a function asks.
    pub(crate) fn of_function(function: &'a Function) -> Self {
        let run_as = [&function.run_as].into_iter();
        let conditions = function.can_evaluate.iter();
        let demands = Self::new(false, &Protection::None, run_as, conditions);
        Self { private: function.private, ..demands }
    }

    fn new(
        disabled: bool,
        protection: &'a Protection,
        run_as: impl Iterator<Item = &'a RunAs>,
        conditions: impl Iterator<Item = &'a Json>,
    ) -> Self {
        let closed = match protection {
            _ if disabled => Closed::Disabled,
            Protection::Refused(_) => Closed::Refused,
            _ => Closed::No,
        };
        let users = run_as.filter(|run_as| **run_as != RunAs::System).collect();
        Self { closed, protection, users, conditions: conditions.collect(), private: false }
    }

    /// Whether everybody may call.
    pub(crate) fn are_none(&self) -> bool {
        self.closed == Closed::No
            && matches!(self.protection, Protection::None)
            && self.users.is_empty()
            && self.conditions.is_empty()
            && !self.private
    }

    /// `Greater` where this asks more than the other, `None` where they cannot be ordered.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.closed != Closed::No || other.closed != Closed::No {
            return Some(self.closed.cmp(&other.closed));
        }
        all_of([
            compare_protections(self.protection, other.protection),
            compare_sets(&self.users, &other.users),
            compare_sets(&self.conditions, &other.conditions),
            Some(self.private.cmp(&other.private)),
        ])
    }
}

/// The declaration that asks at least as much as each other one: the first of them. `None` where
/// there is none such.
pub(crate) fn strictest(all: &[Demands<'_>]) -> Option<usize> {
    let mut strictest = 0;
    for (index, demands) in all.iter().enumerate() {
        if demands.compare(&all[strictest]) == Some(Ordering::Greater) {
            strictest = index;
        }
    }
    let bound = all.get(strictest)?;
    let is_bounded = |other| bound.compare(other).is_some_and(Ordering::is_ge);
    all.iter().all(is_bounded).then_some(strictest)
}

/// The order of protections: open is below everything, and what is refused above everything.
/// Whoever can sign with a secret can also send it, and a signature covers the body as well.
/// Schemes of different providers cannot be ordered.
pub(crate) fn compare_protections(one: &Protection, other: &Protection) -> Option<Ordering> {
    use Ordering::{Equal, Greater, Less};
    use Protection::{None, Refused, Signed};
    match (one, other) {
        (None, None) | (Refused(_), Refused(_)) => Some(Equal),
        (None, _) | (_, Refused(_)) => Some(Less),
        (_, None) | (Refused(_), _) => Some(Greater),
        (
            Signed { scheme: one, secrets, tolerance_s },
            Signed { scheme: other, secrets: others, tolerance_s: other_s },
        ) => {
            let by_scheme = match (*one, *other) {
                (one, other) if one == other => Equal,
                (schemes::ENDPOINT | schemes::WEBHOOK, schemes::SECRET) => Greater,
                (schemes::SECRET, schemes::ENDPOINT | schemes::WEBHOOK) => Less,
                _ => return Option::None,
            };
            let by_time = window_s(other, *other_s).cmp(&window_s(one, *tolerance_s));
            all_of([Some(by_scheme), compare_secrets(secrets, others), Some(by_time)])
        }
    }
}

/// Adds a protection to others that hold together. It counts in place of those that ask for less,
/// beside those that it cannot be ordered with, and not at all where one asks for as much: callers
/// never have to prove less than before.
pub fn strengthen<'a>(mut all: Vec<&'a Protection>, added: &'a Protection) -> Vec<&'a Protection> {
    let is_met = |one: &&Protection| compare_protections(one, added).is_some_and(Ordering::is_ge);
    if !all.iter().any(is_met) {
        all.retain(|one| compare_protections(one, added) != Some(Ordering::Less));
        all.push(added);
    }
    all
}

/// How far from now the time of signing may be; without end where none is signed.
fn window_s(scheme: &str, tolerance_s: Option<u64>) -> u64 {
    let usual = || presets::by_name(scheme).and_then(Scheme::tolerance_s).unwrap_or(u64::MAX);
    tolerance_s.unwrap_or_else(usual)
}

/// Whoever accepts fewer secrets asks for more.
fn compare_secrets(one: &[SecretSource], other: &[SecretSource]) -> Option<Ordering> {
    let holds = |all: &[SecretSource], some: &[SecretSource]| {
        some.iter().all(|secret| all.iter().any(|one| is_same_secret(one, secret)))
    };
    match (holds(other, one), holds(one, other)) {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(Ordering::Greater),
        (false, true) => Some(Ordering::Less),
        (false, false) => None,
    }
}

/// The order of wholes by the orders of their parts.
fn all_of<const N: usize>(parts: [Option<Ordering>; N]) -> Option<Ordering> {
    parts.into_iter().try_fold(Ordering::Equal, |all, part| match (all, part?) {
        (Ordering::Equal, part) => Some(part),
        (all, Ordering::Equal) => Some(all),
        (all, part) => (all == part).then_some(all),
    })
}

/// Whether two declarations mean one secret. The name of a secret and a secret spelt out are two,
/// because the value behind the name is not known here.
fn is_same_secret(one: &SecretSource, other: &SecretSource) -> bool {
    match (one, other) {
        (SecretSource::Named(one), SecretSource::Named(other)) => one == other,
        (SecretSource::Literal(one), SecretSource::Literal(other)) => {
            one.expose() == other.expose()
        }
        (SecretSource::Named(_), SecretSource::Literal(_))
        | (SecretSource::Literal(_), SecretSource::Named(_)) => false,
    }
}

fn compare_sets<T: PartialEq>(one: &[T], other: &[T]) -> Option<Ordering> {
    let holds = |all: &[T], some: &[T]| some.iter().all(|item| all.contains(item));
    match (holds(one, other), holds(other, one)) {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(Ordering::Greater),
        (false, true) => Some(Ordering::Less),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    /// Every kind of protection, with secrets and windows of time that differ.
    fn all() -> Vec<Protection> {
        let named = |name: &str| SecretSource::Named(name.to_owned());
        let literal = || SecretSource::Literal(Secret::new("a".to_owned()));
        let secrets =
            [vec![named("a")], vec![named("b")], vec![named("a"), named("b")], vec![literal()]];
        let mut all = vec![Protection::None, Protection::Refused("unclear".to_owned())];
        for scheme in presets::ALL {
            for secrets in &secrets {
                let windows =
                    if scheme.tolerance_s().is_some() { &[None, Some(5)][..] } else { &[None] };
                all.extend(windows.iter().map(|tolerance_s| Protection::Signed {
                    scheme: scheme.name,
                    secrets: secrets.clone(),
                    tolerance_s: *tolerance_s,
                }));
            }
        }
        all
    }

    #[test]
    fn what_is_added_never_weakens_and_always_counts() {
        let all = all();
        for stated in &all {
            for added in &all {
                let together = strengthen(vec![stated], added);
                for asked in [stated, added] {
                    let is_met = together
                        .iter()
                        .any(|one| compare_protections(one, asked).is_some_and(Ordering::is_ge));
                    assert!(is_met);
                }
                assert!(together.len() <= 2);
            }
        }
    }

    #[test]
    fn the_order_of_protections_is_an_order() {
        let all = all();
        for one in &all {
            assert_eq!(compare_protections(one, one), Some(Ordering::Equal));
            for other in &all {
                let back = compare_protections(other, one).map(Ordering::reverse);
                assert_eq!(compare_protections(one, other), back);
            }
        }
    }
}
