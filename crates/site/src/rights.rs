//! Whose rights a function runs with (docs/behaviour/rights.md#whose-rights).
//!
//! There are no users yet. Whatever asks for one is refused, and so is whatever hangs on a
//! condition that cannot be evaluated: an endpoint that is closed too tightly is a message in the
//! journal, one that is open is a breach.

use hookstead_app::RunAs;
use serde_json::Value as Json;

use crate::config::ApplicationAuthentication;

/// What stands between a verified request and its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// The credentials of a user.
    Credentials,
    /// The same, for nothing says whose rights the function runs with.
    Undeclared,
    /// A user with a fixed id.
    User,
    /// A script that names a user.
    Script,
    /// A condition.
    Condition,
}

/// What cannot be met, by the settings of an endpoint and of its function; `None` when the
/// function runs as the system user.
///
/// The stricter one of two settings counts.
pub(crate) fn unmet<'a>(
    run_as: impl Iterator<Item = &'a RunAs>,
    can_evaluate: impl Iterator<Item = &'a Json>,
    application_authentication: ApplicationAuthentication,
) -> Option<Unmet> {
    let of_user = |run_as: &RunAs| match (run_as, application_authentication) {
        (RunAs::System, _) => None,
        (RunAs::Application, ApplicationAuthentication::System) => None,
        (RunAs::Application, ApplicationAuthentication::Required) => Some(Unmet::Credentials),
        (RunAs::User(_), _) => Some(Unmet::User),
        (RunAs::Script(_), _) => Some(Unmet::Script),
    };
    let mut conditions = can_evaluate.filter(|condition| !always_holds(condition));
    let condition = conditions.next().map(|_| Unmet::Condition);
    // Users first, as on the hosted service.
    run_as.filter_map(of_user).max_by_key(|unmet| *unmet as u8).or(condition)
}

/// Whether a `can_evaluate` lets everyone through: absent, `{}` or `true`.
pub(crate) fn always_holds(condition: &Json) -> bool {
    match condition {
        Json::Bool(holds) => *holds,
        Json::Object(members) => members.is_empty(),
        Json::Null | Json::Number(_) | Json::String(_) | Json::Array(_) => false,
    }
}

impl Unmet {
    /// What the operator can do about it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Credentials => {
                "it asks for application authentication and users are not supported yet \
                 (`[auth] application_authentication` is \"required\")"
            }
            Self::Undeclared => {
                "`functions/config.json` does not say whose rights its function runs with (an \
                 entry with `\"run_as_system\": true` does, once a secret or a signature protects \
                 the endpoint), so that it asks for application authentication, and users are not \
                 supported yet"
            }
            Self::User => "`run_as_user_id` names a user and users are not supported yet",
            Self::Script => {
                "`run_as_user_id_script_source` asks for a user and users are not supported yet"
            }
            Self::Condition => "`can_evaluate` is not supported yet",
        }
    }

    /// How to do without it.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Credentials | Self::User | Self::Script => {
                "give it a secret or a signature that callers prove themselves with, and only then \
                 let its function run as system"
            }
            Self::Undeclared => {
                "give it a secret or a signature that callers prove themselves with, and only then \
                 an entry in `functions/config.json`, such as \
                 `{\"name\": \"hello\", \"run_as_system\": true}` for a function `hello`; exports \
                 before 20210101 have it in the `config.json` beside the source"
            }
            Self::Condition => {
                "give it a secret or a signature that callers prove themselves with, and check the \
                 condition in its function"
            }
        }
    }

    /// The field of a webhook that is to blame, for problems.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Credentials | Self::Undeclared => "run_as_authed_user",
            Self::User => "run_as_user_id",
            Self::Script => "run_as_user_id_script_source",
            Self::Condition => "can_evaluate",
        }
    }
}

#[cfg(test)]
mod tests {
    use ApplicationAuthentication::{Required, System};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_stricter_setting_counts() {
        let user = || RunAs::User("5a3db0b88b1f2cabd68ed4d9".into());
        let script = || RunAs::Script("exports = () => ({ runAsSystem: true })".into());
        let cases = [
            (vec![RunAs::System], Required, None),
            (vec![RunAs::Application], Required, Some(Unmet::Credentials)),
            (vec![RunAs::Application], System, None),
            (vec![user()], System, Some(Unmet::User)),
            (vec![script()], System, Some(Unmet::Script)),
            (vec![RunAs::System, RunAs::Application], Required, Some(Unmet::Credentials)),
            (vec![RunAs::Application, RunAs::System], Required, Some(Unmet::Credentials)),
            (vec![RunAs::Application, script()], Required, Some(Unmet::Script)),
        ];
        for (run_as, setting, expected) in cases {
            assert_eq!(unmet(run_as.iter(), [].iter(), setting), expected, "{run_as:?}");
        }
    }

    #[test]
    fn only_conditions_that_always_hold_are_met() {
        let met =
            |condition: Json| unmet([RunAs::System].iter(), [condition].iter(), Required).is_none();
        assert!(met(json!({})) && met(json!(true)));
        for condition in [
            json!({"%%user.custom_data.isEditor": true}),
            json!({"dirty": false, "input": "{}", "error": null}),
            json!(false),
            json!(null),
            json!("true"),
            json!([]),
            json!(1),
        ] {
            assert!(!met(condition.clone()), "{condition}");
        }
    }
}
