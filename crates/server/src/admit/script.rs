//! The script of `run_as_user_id_script_source`, which names the user
//! (docs/behaviour/rights.md#scripts).

use std::sync::Arc;

use bytes::Bytes;
use hookstead_functions::{Call, Completion, Invocation, ResultFormat};
use hookstead_site::{Site, Target};
use serde_json::Value as Json;

use super::{
    passed::{Asking, Known},
    place,
};
use crate::{call, error_code::ErrorCode, refusal::Refusal, runs_as::RunsAs};

/// Whom a script names.
pub(crate) enum Named {
    /// The system user.
    System,
    /// The user of an id.
    User(String),
}

/// Runs the script of a target with the request that its function would get.
pub(super) async fn run(
    asking: Asking<'_>,
    target: &Arc<Target>,
    entry: &str,
    body: Bytes,
    known: &mut Known,
) -> Result<Named, Refusal> {
    let _share = place::take(asking.running)?;
    let system = RunsAs::System;
    let mut invocation =
        call::invocation(target, asking.parts, body, &system, asking.caller, asking.id);
    invocation.entry = entry.to_owned();
    if let Call::Http(http) = &mut invocation.call {
        http.result = Some(ResultFormat::Ejson);
        http.response_drops_result = false;
    }
    ask(asking.site, invocation, known).await.map_err(|unnamed| match unnamed {
        Unnamed::Failed(refusal) => refusal,
        Unnamed::Nobody(why) => {
            let refusal = Refusal::unauthorized(ErrorCode::InvalidSession, "invalid session");
            refusal.with_detail(why)
        }
    })
}

/// Why a script names nobody.
pub(crate) enum Unnamed {
    /// The server is to blame, or what it works with.
    Failed(Refusal),
    /// The script is. The reason is for the log.
    Nobody(String),
}

/// Calls a script and reads whom it names.
pub(crate) async fn ask(
    site: &Site,
    invocation: Invocation,
    known: &mut Known,
) -> Result<Named, Unnamed> {
    let Completion { outcome, log, .. } = site.functions().invoke(invocation).await;
    known.log.extend(log);
    let nobody = |why: &str| Unnamed::Nobody(format!("run_as_user_id_script_source: {why}"));
    let reply = outcome.map_err(|failure| {
        let refusal = Refusal::from(failure);
        if refusal.is_of_server() { Unnamed::Failed(refusal) } else { nobody(refusal.told()) }
    })?;
    named(reply.result.as_deref()).ok_or_else(|| nobody("it names no user"))
}

/// Reads a result: the id of a user, or `{ runAsSystem: true }`, which older exports spell
/// otherwise. Anything else names nobody.
fn named(result: Option<&str>) -> Option<Named> {
    let is_true = |value: Option<&Json>| value == Some(&Json::Bool(true));
    match serde_json::from_str(result?).ok()? {
        Json::String(id) => Some(Named::User(id)),
        Json::Object(fields) => {
            let fields = ["runAsSystem", "runAsSystemUser"].map(|name| fields.get(name));
            fields.into_iter().any(is_true).then_some(Named::System)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_a_user_or_the_system_user_and_else_nobody() {
        let cases = [
            (Some(r#""5a3db0b88b1f2cabd68ed4d9""#), Some(Some("5a3db0b88b1f2cabd68ed4d9"))),
            (Some(r#"{"runAsSystem":true}"#), Some(None)),
            (Some(r#"{"runAsSystemUser":true}"#), Some(None)),
            (Some(r#"{"runAsSystem":false}"#), None),
            (Some(r#"{"runAsSystem":"true"}"#), None),
            (Some(r#"{"runAsSystem":{"$numberLong":"1"}}"#), None),
            (Some("true"), None),
            (Some("null"), None),
            (Some("{}"), None),
            (Some(r#"["5a3db0b88b1f2cabd68ed4d9"]"#), None),
            (Some(r#"{"$oid":"5a3db0b88b1f2cabd68ed4d9"}"#), None),
            (None, None),
        ];
        for (result, expected) in cases {
            let named = named(result).map(|named| match named {
                Named::System => None,
                Named::User(id) => Some(id),
            });
            assert_eq!(named, expected.map(|id| id.map(str::to_owned)), "{result:?}");
        }
    }
}
