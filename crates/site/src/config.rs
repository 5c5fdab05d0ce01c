//! What the operator decides about an app.

use std::sync::Arc;

use hookstead_mail::Mailer;
use hookstead_outbound::Documents;

use crate::{added::AddedProtection, users::UsersSettings};

/// What the operator decides about an app. Unlike the settings of a server, these can change
/// while it runs.
#[derive(Debug, Clone, Default)]
pub struct SiteConfig {
    /// What becomes of endpoints and webhooks that ask for a user's credentials.
    pub application_authentication: ApplicationAuthentication,
    /// What browsers on other origins may do.
    pub cors: Cors,
    /// The URL that callers reach the server at, without a trailing `/`. The links in error
    /// messages start with it; without it they are relative, for `Host` is the caller's word.
    pub public_base_url: Option<String>,
    /// Protection beside that of the export.
    pub added: Vec<AddedProtection>,
    /// What fetches the certificates of providers; without it, none can be had.
    pub documents: Option<Arc<Documents>>,
    /// Where the users of the app are kept; without it, there are none.
    pub users: Option<UsersSettings>,
    /// What sends mails to users; without it none are sent.
    pub mailer: Option<Mailer>,
}

/// What becomes of endpoints and webhooks that ask for a user's credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ApplicationAuthentication {
    /// They ask for them.
    #[default]
    Required,
    /// They run as the system user: the operator's explicit word, for private networks.
    System,
}

/// What browsers on other origins may do.
#[derive(Debug, Clone)]
pub struct Cors {
    /// Headers that a browser may send. App Services let no credential headers through but
    /// `Authorization`.
    pub allow_headers: Vec<String>,
}

impl Default for Cors {
    fn default() -> Self {
        Self { allow_headers: vec!["Authorization".into(), "Content-Type".into()] }
    }
}
