//! Whose users a command works on, and how they and what goes wrong are told.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context as _;
use hookstead_identity::{AuthError, AuthErrorKind, Users};
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use crate::{
    exit::{REMEDY, UsageError},
    prepare::Prepared,
    workspace::{PlaceFlags, folder_of_app},
};

/// Digits of the id of a user.
const ID_DIGITS: usize = 24;

/// Flags that say whose users.
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Home {
    /// Folder of the app
    #[arg(long, value_name = "DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app: PathBuf,

    #[command(flatten)]
    place: PlaceFlags,
}

/// The users of an app, and the threads that they need.
pub(in crate::commands) struct Place {
    pub(in crate::commands) runtime: Runtime,
    pub(in crate::commands) users: Arc<Users>,
    /// The app. A function of it may be called for a new user.
    pub(in crate::commands) prepared: Prepared,
}

impl Home {
    /// Opens the users of the app. Nothing of the app runs before a user is created.
    pub(in crate::commands) fn open(&self) -> anyhow::Result<Place> {
        let workspace = self.place.open(&self.app, Vec::new())?;
        let runtime = Runtime::new().context("the threads cannot be started")?;
        let entered = runtime.enter();
        let prepared = workspace.prepare_to_serve()?;
        drop(entered);
        let users = prepared.site.users().map(Arc::clone);
        let users = users.ok_or_else(|| {
            UsageError(format!(
                "the app has no users: none of its authentication providers is enabled{REMEDY}\
                 enable one in auth/providers.json, such as local-userpass or api-key"
            ))
        })?;
        Ok(Place { runtime, users, prepared })
    }
}

/// An id of a user, as a command line has it.
pub(in crate::commands) fn id(text: &str) -> Result<String, String> {
    if text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!(
        "an id of a user has {ID_DIGITS} hexadecimal digits; `hookstead users list` has it"
    ))
}

/// Tells what went wrong with the user of this name or id, and what to do.
pub(in crate::commands) fn explain(error: AuthError, name: &str) -> anyhow::Error {
    let remedy = match error.kind {
        AuthErrorKind::UserNotFound | AuthErrorKind::UserAlreadyConfirmed => {
            "`hookstead users list` tells the users and their states; letter case counts in email \
             addresses"
        }
        AuthErrorKind::AccountNameInUse => "choose another address, or delete the user who has it",
        AuthErrorKind::ApiKeyAlreadyExists => "choose another name",
        AuthErrorKind::ProviderNotFound => "enable the provider in auth/providers.json",
        _ => "",
    };
    let mut text = format!("{name}: {}", error.message);
    if let Some(detail) = &error.detail {
        text.push_str(&format!(" ({detail})"));
    }
    if !remedy.is_empty() {
        text.push_str(&format!("{REMEDY}{remedy}"));
    }
    anyhow::Error::msg(text)
}

/// Prints one JSON value, on one line.
pub(in crate::commands) fn print(value: &Json) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{value}")?;
    Ok(())
}
