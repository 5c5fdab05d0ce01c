//! Endpoints that are declared more than once: the stricter declaration counts.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    Endpoint, Method, ProblemCode, Protection,
    functions::Functions,
    report::{Report, Spot},
    strictness::{Demands, strictest},
};

use super::subject;

const ALIKE: &str = "ask the same of callers in both places";
const UNORDERED: &str = "it is declared twice, with different proofs";

/// An endpoint as one entry declares it.
pub(super) struct Declared {
    pub(super) endpoint: Endpoint,
    pub(super) spot: Spot,
}

/// What a route is called: odd exports hold empty ones and ones without a leading slash.
fn route_key(route: &str) -> &str {
    route.strip_prefix('/').unwrap_or(route)
}

fn key(endpoint: &Endpoint) -> (String, Method) {
    (route_key(&endpoint.route).to_owned(), endpoint.method)
}

/// Refuses the open endpoints of one folder, for the other one may protect them and cannot be
/// read.
pub(super) fn refuse_open(declared: &mut [Declared], other: &str) {
    let endpoints = declared.iter_mut().map(|one| &mut one.endpoint);
    for endpoint in endpoints.filter(|one| matches!(one.protection, Protection::None)) {
        let reason = format!("`{other}` may protect it, and not all of it can be read");
        endpoint.protection = Protection::Refused(reason);
    }
}

/// Keeps of one folder what may make an endpoint of the other one stricter, and nothing that adds
/// an endpoint which lets everybody in.
pub(super) fn keep_stricter(
    declared: &mut Vec<Declared>,
    others: &[Declared],
    functions: &Functions,
) {
    let keys: BTreeSet<_> = others.iter().map(|one| key(&one.endpoint)).collect();
    let routes: BTreeSet<_> = keys.iter().map(|(route, _)| route.as_str()).collect();
    declared.retain(|one| {
        let key = key(&one.endpoint);
        let asks = || !Demands::of_endpoint(&one.endpoint, functions).are_none();
        keys.contains(&key) || routes.contains(key.0.as_str()) && asks()
    });
}

/// Leaves one endpoint for each route and method, in the order in which they were declared first.
pub(super) fn settle(
    report: &mut Report,
    all: Vec<Declared>,
    functions: &Functions,
) -> Vec<Endpoint> {
    let mut places: BTreeMap<(String, Method), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<Declared>> = Vec::new();
    for declared in all {
        let place = *places.entry(key(&declared.endpoint)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(declared),
            None => groups.push(vec![declared]),
        }
    }
    let settled = groups.into_iter().filter_map(|group| settle_group(report, group, functions));
    let settled = settled.collect();
    settle_methods(report, settled, functions)
}

/// The one of several declarations of a route and a method that counts: the strictest, and the
/// first of equals. Where there is none such, the first one is refused.
fn settle_group(
    report: &mut Report,
    mut group: Vec<Declared>,
    functions: &Functions,
) -> Option<Declared> {
    if group.len() < 2 {
        return group.pop();
    }
    let demands: Vec<_> =
        group.iter().map(|one| Demands::of_endpoint(&one.endpoint, functions)).collect();
    let counting = strictest(&demands);
    for (index, twin) in group.iter().enumerate().skip(1) {
        let is_equal = demands[index].compare(&demands[0]) == Some(Ordering::Equal);
        tell_twin(report, (&group[index - 1], twin), counting.map(|one| &group[one]), is_equal);
    }
    let mut chosen = group.swap_remove(counting.unwrap_or(0));
    if counting.is_none() {
        chosen.endpoint.protection = Protection::Refused(UNORDERED.to_owned());
    }
    Some(chosen)
}

/// Tells of a second declaration: always within one file, and in two where the folder of the
/// version does not decide, because many exports hold both folders.
fn tell_twin(
    report: &mut Report,
    (before, twin): (&Declared, &Declared),
    counting: Option<&Declared>,
    is_equal: bool,
) {
    let outcome = match counting {
        None => "the two ask for different proofs, so neither is served".to_owned(),
        Some(counting) => {
            let which = if is_equal { "first one" } else { "one that asks more of callers" };
            let place = &counting.endpoint.declared_in;
            format!("the {which} counts: {} of `{}`", place.field, place.file)
        }
    };
    let (code, spot) = (ProblemCode::EndpointProtectionDiffers, twin.spot.clone());
    let message = format!("{} is declared twice; {outcome}", subject(&twin.endpoint));
    if before.spot.file == twin.spot.file {
        let remedy = "keep one of them, the one that lets fewer callers in";
        return report.error(ProblemCode::EndpointDuplicate, spot, message, remedy);
    }
    match counting {
        None => report.error(code, spot, message, ALIKE),
        Some(counting) if counting.spot.file == twin.spot.file => {
            report.warn(code, spot, message, ALIKE);
        }
        Some(_) => {}
    }
}

/// A request for which there is an endpoint of its method and one of any method goes to the one of
/// its method, as App Services documented (docs/behaviour/routes.md#methods). Where the two stand
/// in different folders, nobody decided that one of them should take precedence, and the request
/// goes to the stricter of them.
fn settle_methods(
    report: &mut Report,
    mut settled: Vec<Declared>,
    functions: &Functions,
) -> Vec<Endpoint> {
    let any = settled.iter().enumerate().filter(|(_, one)| one.endpoint.method == Method::Any);
    let any: BTreeMap<String, usize> =
        any.map(|(index, one)| (route_key(&one.endpoint.route).to_owned(), index)).collect();
    let mut kept = vec![true; settled.len()];
    for index in 0..settled.len() {
        let endpoint = &settled[index].endpoint;
        let Some(&of_any) = any.get(route_key(&endpoint.route)).filter(|any| **any != index) else {
            continue;
        };
        if settled[index].spot.file == settled[of_any].spot.file {
            continue;
        }
        let demands = Demands::of_endpoint(endpoint, functions);
        let order = demands.compare(&Demands::of_endpoint(&settled[of_any].endpoint, functions));
        let (outcome, is_kept) = match order {
            Some(Ordering::Less) => ("asks more of callers, and answers in its place", false),
            None => ("asks something else of callers, and it is refused", true),
            Some(Ordering::Equal | Ordering::Greater) => continue,
        };
        let message = format!("{}: the endpoint of any method {outcome}", subject(endpoint));
        let remedy = "ask the same of callers in both, or name the methods of the other one";
        report.error(
            ProblemCode::EndpointMethodsDiffer,
            settled[index].spot.clone(),
            message,
            remedy,
        );
        kept[index] = is_kept;
        if is_kept {
            let reason = "the endpoint of any method asks something else of callers".to_owned();
            settled[index].endpoint.protection = Protection::Refused(reason);
        }
    }
    let settled = settled.into_iter().zip(kept).filter(|(_, kept)| *kept);
    settled.map(|(one, _)| one.endpoint).collect()
}
