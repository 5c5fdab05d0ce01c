//! What a function sees: its arguments, `context`, `utils`, BSON and the globals.
//!
//! The caller describes an application's functions once ([`Definition`]), and every call after
//! that ([`Invocation`]) runs in a world of its own and comes back as a [`Completion`].

mod analysis;
mod border;
mod client_data;
mod client_watch;
mod conditions;
mod console;
mod data;
mod definition;
mod documents;
mod extended_json;
mod faults;
mod functions;
mod gathered_log;
mod host;
mod input;
mod invocation;
mod memory;
mod modules;
mod natives;
mod packages;
mod program;
mod source;
mod traces;
mod user_store;
mod work;

pub use analysis::{Applies, Collection, Finding, GLOBALS, Uses, analyse};
pub use client_data::{DataCall, DataCallError, DataCallErrorKind, DataCompletion};
pub use client_watch::{ClientChanges, Frame, WatchCall, WatchError, WatchErrorKind};
pub use conditions::Caller;
pub use console::Console;
pub use data::DataSources;
pub use definition::{
    AppInfo, ConditionalRule, Definition, FunctionSource, FunctionValue, Limits, SecretText,
    ServiceRules, Settings,
};
pub use functions::{Functions, LoadError};
pub use gathered_log::{gather_log, gathering_log};
pub use hookstead_data::WatchLimits;
pub use hookstead_isolate::{forget_code, give_back_early, in_background, live_in_utc};
pub use hookstead_outbound::{Outbound, OutboundError};
pub use invocation::{
    Call, Completion, Failure, FailureKind, HttpCall, Integers, Invocation, LogLevel, LogLine,
    Payload, Reply, RequestContext, RequestSource, ResultFormat, User,
};
pub use modules::is_builtin_module;
pub use packages::{
    FileKind, ModuleFiles, ModuleProblem, ModuleProblemKind, WantedPackage, satisfies,
    wanted_package,
};
pub use source::SyntaxError;

/// The npm packages in the bundled JavaScript: a line for each with its licence and its sources,
/// and then the licences' texts.
pub const BUNDLED_NOTICES: &str = include_str!(concat!(env!("OUT_DIR"), "/notices.txt"));
