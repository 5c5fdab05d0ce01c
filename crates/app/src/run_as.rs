//! Whose rights something runs with (docs/behaviour/rights.md#whose-rights).

use crate::{ProblemCode, RunAs, fields::Fields};

const KEEP_ONE: &str = "keep the one of the `run_as_*` fields that is meant";

/// What the `run_as_*` fields say; `None` where none of them is set. What contradicts itself is
/// noted as a doubt, except that `run_as_system` is documented to override a user or a script.
pub(crate) fn read(fields: &mut Fields<'_>) -> Option<RunAs> {
    let system = fields.guard_flag("run_as_system");
    let authed = fields.guard_flag("run_as_authed_user");
    let user = fields.filled_text("run_as_user_id");
    let script = fields.filled_text("run_as_user_id_script_source");

    let contradiction = match (system, authed, user, script) {
        (true, true, ..) => Some("run_as_authed_user"),
        (false, true, Some(_), _) | (false, false, Some(_), Some(_)) => Some("run_as_user_id"),
        (false, true, _, Some(_)) => Some("run_as_user_id_script_source"),
        _ => None,
    };
    if let Some(key) = contradiction {
        let message = "it is to run as two different users".to_owned();
        fields.doubt(ProblemCode::RunAsConflict, key, message, KEEP_ONE);
        return None;
    }
    if system {
        if user.is_some() || script.is_some() {
            let message = "`run_as_system` overrides the other `run_as_*` fields".to_owned();
            fields.oddity(ProblemCode::RunAsOverridden, "run_as_system", message);
        }
        return Some(RunAs::System);
    }
    if authed {
        return Some(RunAs::Application);
    }
    let user = user.map(|user| RunAs::User(user.to_owned()));
    user.or_else(|| script.map(|script| RunAs::Script(script.to_owned())))
}
