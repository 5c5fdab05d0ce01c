//! Where the values of secrets come from.

use hookstead_app::Secret;

/// Finds the value of a secret of the app by its name.
pub type Secrets<'a> = dyn Fn(&str) -> Option<Secret> + 'a;
