//! Users of an app: who they are, how they prove it, and their sessions.

mod app_functions;
mod config;
mod credentials;
mod directory;
mod error;
mod user;
mod users;

pub use app_functions::{AppFunctions, FunctionFailure, Future};
pub use config::{CustomToken, CustomUserData, EmailPassword, Providers, UsersConfig};
pub use credentials::Credentials;
pub use directory::{Directory, DirectoryOptions};
pub use error::{AuthError, AuthErrorKind};
pub use user::{Identity, User, UserType};
pub use users::{LogIn, Users};
