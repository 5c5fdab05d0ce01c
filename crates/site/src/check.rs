//! What of an app will run, what will not, and why. The form of the report is documented in
//! `docs/check.md`.

mod analyses;
mod circumstances;
mod clients;
mod missing;
mod parts;
mod report;
mod users;
mod uses;
mod verdict;

pub use analyses::Analyses;
pub use circumstances::Circumstances;
pub use clients::SystemFunction;
pub use missing::Missing;
pub use parts::parts;
pub use report::{AppSummary, DeclaredIn, Report, RouteReport, Summary};
pub use uses::Uses;
pub use verdict::Verdict;
