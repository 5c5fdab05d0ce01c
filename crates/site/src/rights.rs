//! Whose rights a function runs with (docs/behaviour/rights.md#whose-rights).
//!
//! Whatever asks for a user whom nobody can be is refused, and so is whatever hangs on a condition
//! that cannot be evaluated: an endpoint that is closed too tightly is a message in the journal,
//! one that is open is a breach.

use hookstead_app::RunAs;
use hookstead_rules::Condition;

use crate::config::ApplicationAuthentication;

/// Whose rights a function runs with, and how a request finds that out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// The system user's.
    System,
    /// The caller's, who proves who they are.
    Application,
    /// Those of the user with this id.
    User(String),
    /// Those of the user whom a script names, by the name of its entry.
    Script(String),
    /// Nobody's: two settings name different users.
    Nobody,
}

/// Why every request of an endpoint or a webhook is refused for want of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// It asks for the credentials of a user, and the app enables no provider.
    Credentials,
    /// The same, for nothing says whose rights the function runs with.
    Undeclared,
    /// Two settings name different users.
    Users,
    /// A condition that is not understood.
    Condition,
}

/// Whose rights a setting gives, as far as the operator does not decide otherwise. The script of
/// `run_as_user_id_script_source` has this name.
pub(crate) fn access(
    run_as: &RunAs,
    script: String,
    application_authentication: ApplicationAuthentication,
) -> Access {
    match (run_as, application_authentication) {
        (RunAs::System, _) | (RunAs::Application, ApplicationAuthentication::System) => {
            Access::System
        }
        (RunAs::Application, ApplicationAuthentication::Required) => Access::Application,
        (RunAs::User(id), _) => Access::User(id.clone()),
        (RunAs::Script(_), _) => Access::Script(script),
    }
}

impl Access {
    /// The stricter one of two settings counts. Of two that are not the system user's, neither is
    /// stricter than the other.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::System, other) | (other, Self::System) => other,
            (one, other) if one == other => one,
            _ => Self::Nobody,
        }
    }
}

impl Unmet {
    /// What cannot be met, where something cannot. Users come first, as on the hosted service.
    pub(crate) fn new<'a>(
        access: &Access,
        has_providers: bool,
        conditions: impl IntoIterator<Item = &'a Condition>,
    ) -> Option<Self> {
        match access {
            Access::Application if !has_providers => return Some(Self::Credentials),
            Access::Nobody => return Some(Self::Users),
            Access::System | Access::Application | Access::User(_) | Access::Script(_) => {}
        }
        let mut conditions = conditions.into_iter();
        let is_lost = conditions.any(|condition| !condition.problems().is_empty());
        is_lost.then_some(Self::Condition)
    }

    /// What the operator can do about it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Credentials => {
                "it asks for application authentication and the app enables no authentication \
                 provider (`[auth] application_authentication` is \"required\")"
            }
            Self::Undeclared => {
                "`functions/config.json` does not say whose rights its function runs with (an \
                 entry with `\"run_as_system\": true` does, once a secret or a signature protects \
                 the endpoint), so that it asks for application authentication, and the app \
                 enables no authentication provider"
            }
            Self::Users => "the endpoint and its function name different users to run as",
            Self::Condition => "a part of `can_evaluate` is not understood",
        }
    }

    /// How to do without it.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Credentials => {
                "give it a secret or a signature that callers prove themselves with, and only then \
                 let its function run as system; or enable a provider that callers log in with"
            }
            Self::Undeclared => {
                "give it a secret or a signature that callers prove themselves with, and only then \
                 an entry in `functions/config.json`, such as \
                 `{\"name\": \"hello\", \"run_as_system\": true}` for a function `hello`; exports \
                 before 20210101 have it in the `config.json` beside the source; or enable a \
                 provider that callers log in with"
            }
            Self::Users => "say it in the settings of the function alone",
            Self::Condition => {
                "write the condition as docs/behaviour/conditions.md#a-condition says, or check it \
                 in its function"
            }
        }
    }

    /// The field of a webhook that is to blame, for problems.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Credentials | Self::Undeclared => "run_as_authed_user",
            Self::Users => "run_as_user_id",
            Self::Condition => "can_evaluate",
        }
    }
}

#[cfg(test)]
mod tests {
    use ApplicationAuthentication::{Required, System};
    use hookstead_rules::Subject;
    use serde_json::json;

    use super::*;

    fn user(id: &str) -> RunAs {
        RunAs::User(id.into())
    }

    #[test]
    fn the_stricter_setting_counts() {
        let script = || RunAs::Script("exports = () => ({ runAsSystem: true })".into());
        let of_script = || Access::Script("script".into());
        let of_user = || Access::User("a".into());
        let cases = [
            (vec![RunAs::System], Required, Access::System),
            (vec![RunAs::Application], Required, Access::Application),
            (vec![RunAs::Application], System, Access::System),
            (vec![user("a")], System, of_user()),
            (vec![script()], System, of_script()),
            (vec![RunAs::System, RunAs::Application], Required, Access::Application),
            (vec![RunAs::Application, RunAs::System], Required, Access::Application),
            (vec![RunAs::System, user("a")], Required, of_user()),
            (vec![RunAs::Application, RunAs::Application], Required, Access::Application),
            (vec![user("a"), user("a")], Required, of_user()),
            (vec![user("a"), user("b")], Required, Access::Nobody),
            (vec![RunAs::Application, user("a")], Required, Access::Nobody),
            (vec![RunAs::Application, user("a")], System, of_user()),
            (vec![RunAs::Application, script()], Required, Access::Nobody),
        ];
        for (run_as, setting, expected) in cases {
            let access = |one| access(one, "script".to_owned(), setting);
            let both = run_as.iter().map(access).reduce(Access::and);
            assert_eq!(both, Some(expected), "{run_as:?}");
        }
    }

    #[test]
    fn a_condition_that_is_not_understood_closes_what_hangs_on_it() {
        let unmet = |condition: serde_json::Value| {
            let condition = Condition::parse(&condition, Subject::Call);
            Unmet::new(&Access::System, true, &[condition])
        };
        assert_eq!(unmet(json!({"%%user.custom_data.isEditor": true})), None);
        assert_eq!(unmet(json!(false)), None);
        for condition in [json!({"dirty": false}), json!({"%not": {"%%usr.id": 1}}), json!([])] {
            assert_eq!(unmet(condition.clone()), Some(Unmet::Condition), "{condition}");
        }
    }

    #[test]
    fn callers_prove_who_they_are_where_a_provider_is_enabled() {
        let unmet = |access, has_providers| Unmet::new(&access, has_providers, &[]);
        assert_eq!(unmet(Access::Application, true), None);
        assert_eq!(unmet(Access::Application, false), Some(Unmet::Credentials));
        assert_eq!(unmet(Access::User("a".into()), false), None);
        assert_eq!(unmet(Access::Nobody, true), Some(Unmet::Users));
    }
}
