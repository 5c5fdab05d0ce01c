//! Users of an app: who they are, how they prove it, and their sessions.
//!
//! [`Directory`] is where users are kept; it lasts as long as the program. [`Users`] is an app's
//! view of it, made anew when the app is loaded: it checks credentials and tokens.

mod app_functions;
mod collection;
mod config;
mod credentials;
mod custom_token;
mod digest;
mod directory;
mod error;
mod extended_json;
mod fetcher;
mod flights;
mod jwt;
mod keys;
mod new_sessions;
mod oauth;
mod passwords;
mod people;
mod random;
mod recent;
mod records;
mod shares;
mod sweep;
mod throttle;
mod tokens;
mod user;
mod users;

pub use app_functions::{AppFunctions, FunctionFailure, FunctionFailureKind, Future};
pub use config::{CustomToken, CustomUserData, EmailPassword, Providers, UsersConfig};
pub use credentials::Credentials;
pub use custom_token::{MetadataField, TokenKeyError, TokenKeys};
pub use digest::provider_id;
pub use directory::{Clock, Directory, DirectoryOptions, Limits};
pub use error::{AuthError, AuthErrorKind};
pub use extended_json::ExtendedJson;
pub use keys::{KeyError, SigningKeys};
pub use oauth::{ClientSecret, OAuthKind, OAuthProof, OAuthProvider, OAuthServer};
pub use throttle::network_of;
pub use user::{Identity, User, UserType};
pub use users::{
    Admitted, ApiKey, Arrival, Departure, ImportReport, Link, Linked, ListedUser, LogIn, NewApiKey,
    Registration, Return, Users, Way,
};
