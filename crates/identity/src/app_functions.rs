//! The functions of an app, as far as log-in needs them.

use std::pin::Pin;

use bson::Bson;

use crate::ExtendedJson;

/// A future of this crate.
pub type Future<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// Runs functions of an app as system: those of custom authentication, of confirmation, of reset
/// and of the creation of users.
pub trait AppFunctions: Send + Sync {
    /// Calls a function with an array of arguments; its result, where there is one.
    fn call(
        &self,
        name: &str,
        arguments: ExtendedJson,
    ) -> Future<'_, Result<Option<Bson>, FunctionFailure>>;
}

/// Why a function of the app has no result.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct FunctionFailure {
    /// What the function threw, for the caller.
    pub message: String,
}
