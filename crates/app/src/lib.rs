//! An exported App Services application on disk, read into one typed model.
//!
//! Reading never stops at the first mistake: every problem in the folder is collected with its
//! file, its field and what to do about it, and one broken file does not stop the rest.
//! What cannot be understood about the *protection* of an endpoint refuses that endpoint.
//!
//! This crate knows the layout of the folder and nothing of HTTP or JavaScript engines.

mod archive;
mod auth;
mod codes;
mod data_rules;
mod dependencies;
mod endpoints;
mod expression;
mod fields;
mod folder;
mod functions;
mod io_words;
mod json_file;
mod json_scan;
mod layout;
mod letter_case;
mod lines;
mod load;
mod load_error;
pub mod model;
mod module_files;
mod nearest;
mod needs;
pub mod parts;
pub mod problem;
mod protection;
mod reader;
mod report;
mod run_as;
mod secret_sources;
pub mod secrets;
mod services;
mod strictness;
mod templates;
mod values;
mod webhooks;

pub use archive::ArchiveLimits;
pub use codes::ProblemCode;
pub use endpoints::parse_method;
pub use expression::functions_of;
pub use folder::is_leftover;
pub use io_words::io_words;
pub use layout::find_root;
pub use lines::Lines;
pub use load::{LoadOptions, Loaded, load};
pub use load_error::LoadError;
pub use model::*;
pub use module_files::{ModuleFileError, ModuleFileKind, ModuleFiles};
pub use nearest::nearest;
pub use needs::SecretNeed;
pub use parts::{Part, PartKind};
pub use problem::{Problem, Severity};
pub use protection::{MethodError, protection_of};
pub use secrets::{SecretError, SecretStore};
pub use strictness::strengthen;
