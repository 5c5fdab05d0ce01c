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
    /// What kind of failure.
    pub kind: FunctionFailureKind,
    /// What the function threw, for the caller; of another kind it is for the log alone.
    pub message: String,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionFailureKind {
    /// The function threw, or cannot be run as it is.
    Thrown,
    /// Too many functions wait already.
    TooManyRequests,
    /// Time, memory or a store was missing: the function has decided nothing.
    Unavailable,
    /// A fault of ours.
    Internal,
}
