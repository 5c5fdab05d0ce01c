//! What clients that have logged in can call.

use hookstead_app::{App, RunAs};
use serde::Serialize;

use crate::{conditions::can_evaluate, users::has_providers};

/// A function that runs as system for every client that calls it.
#[derive(Debug, Serialize)]
pub struct SystemFunction {
    /// Its name.
    pub name: String,
    /// The file of its source.
    pub file: String,
    /// Whether a condition decides about each call.
    pub has_condition: bool,
}

/// The functions that clients can call as system: not private, and with `run_as_system`. There are
/// none where nobody can log in.
pub(super) fn callable_as_system(app: &App) -> Vec<SystemFunction> {
    let functions = app.functions.values().filter(|function| {
        has_providers(app) && !function.private && function.run_as == RunAs::System
    });
    let told = functions.filter_map(|function| {
        Some(SystemFunction {
            name: function.name.clone(),
            file: function.file.clone()?,
            has_condition: can_evaluate(function.can_evaluate.as_ref()).is_some(),
        })
    });
    told.collect()
}
