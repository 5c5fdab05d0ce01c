//! Which store a function gets, by its rights (docs/behaviour/databases.md#users). Functions get
//! stores from here and from nowhere else.

use std::sync::Arc;

use hookstead_data::Store;
use hookstead_isolate::Thrown;

use super::{DataSources, Spec};

/// Whose rights a function has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    /// The system user's, whom no rule binds.
    System,
    /// Those of the user of the run.
    User,
}

/// The store for a command; `None` where there is no such data source.
///
/// # Errors
/// What a user may see and change is for rules to say, and there are none yet.
pub(crate) fn store_for(
    sources: &DataSources,
    rights: Rights,
    source: &str,
    command: &Spec<'_>,
) -> Result<Option<Arc<dyn Store>>, Thrown> {
    match rights {
        Rights::System => Ok(sources.get(source)),
        Rights::User => Err(no_rule(command)),
    }
}

/// The store for a session; `None` where there is no such data source. Each command in the session
/// is looked at by itself, so that a user can open one and do nothing in it.
pub(crate) fn session_store_for(
    sources: &DataSources,
    rights: Rights,
    source: &str,
) -> Option<Arc<dyn Store>> {
    match rights {
        Rights::System | Rights::User => sources.get(source),
    }
}

fn no_rule(command: &Spec<'_>) -> Thrown {
    let part = |name| command.get(name).and_then(|part| part.as_str()).unwrap_or_default();
    let message = match part("method") {
        "databaseNames" => "only functions that run as system can list databases".to_owned(),
        "collectionNames" => "only functions that run as system can list collections".to_owned(),
        _ => format!(
            "no rule exists for namespace '{}.{}': rules are not supported yet, and only \
             functions that run as system reach data",
            part("database"),
            part("collection")
        ),
    };
    Thrown::new("FunctionError", message).with_code("NoMatchingRuleFound")
}
