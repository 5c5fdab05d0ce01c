//! Providers that speak OAuth 2.0: Google, Facebook and Apple
//! (docs/behaviour/users.md#google-facebook-and-apple).

mod email;
mod exchange;
pub(crate) mod facebook;
pub(crate) mod google;
mod id_token;
mod places;
mod profile;
mod state;

use std::fmt;

use crate::MetadataField;

pub(crate) use email::check_domain;
pub(crate) use exchange::{Code, Grant, Shown, code_request, is_word, reason};
pub(crate) use id_token::{Demands, claims_of};
pub(crate) use places::Places;
pub(crate) use profile::Profile;
pub(crate) use state::{Linking, STATE_TIME, STATE_TYPE, State, challenge, cookie_name};

/// A provider that speaks OAuth 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OAuthKind {
    /// `oauth2-google`
    Google,
    /// `oauth2-facebook`
    Facebook,
    /// `oauth2-apple`
    Apple,
}

/// What somebody proves with that a provider knows them. There is no `Debug`: it is secret.
pub enum OAuthProof {
    /// An OpenID Connect token of Google or Apple.
    IdToken(String),
    /// An authorisation code of Google.
    Code(String),
    /// An access token of Facebook.
    AccessToken(String),
}

/// Settings of a provider that speaks OAuth 2.0.
#[derive(Clone)]
pub struct OAuthProvider {
    /// The id that the provider gave the app.
    pub client_id: String,
    /// What the app proves itself with. Without it nobody logs in by an authorisation code or an
    /// access token.
    pub client_secret: Option<ClientSecret>,
    /// Whether Google's users may come with an OpenID Connect token, which has no metadata fields.
    pub open_id: bool,
    /// What of the provider becomes data of the user.
    pub metadata_fields: Vec<MetadataField>,
    /// The URLs that a browser may be sent to with the result.
    pub redirect_uris: Vec<String>,
    /// The domains that the email address of a user must be of; empty means any.
    pub domain_restrictions: Vec<String>,
    /// Where the provider is.
    pub server: OAuthServer,
}

/// What an app proves itself with to a provider.
#[derive(Clone)]
pub struct ClientSecret(String);

/// The URLs of a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OAuthServer {
    /// Where a browser is sent to log in.
    pub authorization_url: String,
    /// Where an authorisation code becomes tokens.
    pub token_url: String,
    /// What the provider tells of the user of an access token. Apple has none.
    pub user_info_url: String,
    /// What the provider tells of an access token itself. Only Facebook has it.
    pub debug_token_url: String,
    /// The keys of OpenID Connect tokens. Facebook has none.
    pub jwks_url: String,
    /// The claim `iss` of OpenID Connect tokens: one of these.
    pub issuers: Vec<String>,
}

impl OAuthKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Google, Self::Facebook, Self::Apple];

    /// The type of the provider in an export.
    pub fn provider_type(self) -> &'static str {
        match self {
            Self::Google => "oauth2-google",
            Self::Facebook => "oauth2-facebook",
            Self::Apple => "oauth2-apple",
        }
    }

    /// The provider of this type.
    pub fn of_type(provider_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.provider_type() == provider_type)
    }
}

impl ClientSecret {
    /// A secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl OAuthServer {
    /// The servers of the companies themselves, as they document them
    /// (docs/behaviour/users.md#servers-of-the-providers).
    pub fn of(kind: OAuthKind) -> Self {
        let text = str::to_owned;
        match kind {
            OAuthKind::Google => Self {
                authorization_url: text("https://accounts.google.com/o/oauth2/v2/auth"),
                token_url: text("https://oauth2.googleapis.com/token"),
                user_info_url: text("https://openidconnect.googleapis.com/v1/userinfo"),
                debug_token_url: String::new(),
                jwks_url: text("https://www.googleapis.com/oauth2/v3/certs"),
                issuers: vec![text("https://accounts.google.com"), text("accounts.google.com")],
            },
            OAuthKind::Facebook => Self {
                authorization_url: text("https://www.facebook.com/dialog/oauth"),
                token_url: text("https://graph.facebook.com/oauth/access_token"),
                user_info_url: text("https://graph.facebook.com/me"),
                debug_token_url: text("https://graph.facebook.com/debug_token"),
                ..Self::default()
            },
            OAuthKind::Apple => Self {
                authorization_url: text("https://appleid.apple.com/auth/authorize"),
                token_url: text("https://appleid.apple.com/auth/token"),
                jwks_url: text("https://appleid.apple.com/auth/keys"),
                issuers: vec![text("https://appleid.apple.com")],
                ..Self::default()
            },
        }
    }
}

impl fmt::Debug for OAuthProvider {
    /// Leaves the secret out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthProvider").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
