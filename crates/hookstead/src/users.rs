//! Where the users of an app are kept: with its documents.

use std::{sync::Arc, time::Duration};

use hookstead_app::App;
use hookstead_data::Store;
use hookstead_identity::{Directory, DirectoryOptions};
use hookstead_site::{UsersSettings, asks_for_users};

use crate::{data::names_of_data_sources, workspace::Workspace};

/// The database of the users.
const DATABASE: &str = "hookstead";

/// Where they are in the embedded store: no data source of an app has a name with a space, so that
/// no function reaches them.
const EMBEDDED_SOURCE: &str = "hookstead users";

/// How long an access token lives.
const ACCESS_TOKEN_TIME: Duration = Duration::from_secs(1800);

/// How long a refresh token lives.
const REFRESH_TOKEN_TIME: Duration = Duration::from_secs(60 * 24 * 3600);

/// How long another copy of the program may take to learn that a user is disabled or deleted.
const REVOCATION_DELAY: Duration = Duration::from_secs(1);

impl Workspace {
    /// What the users of an app are kept with; `None` where it has no use for any. Nothing is made
    /// before there is a user.
    pub(crate) fn users(&self, app: &App) -> anyhow::Result<Option<UsersSettings>> {
        if !asks_for_users(app) {
            return Ok(None);
        }
        Ok(Some(UsersSettings {
            directory: self.directory.get_or_open(|| self.open_directory(app))?,
            access_token_time: ACCESS_TOKEN_TIME,
            refresh_token_time: REFRESH_TOKEN_TIME,
            revocation_delay: REVOCATION_DELAY,
        }))
    }

    /// In MongoDB where the documents of the app are there, so that several copies of the program
    /// share the users; else in the data folder.
    fn open_directory(&self, app: &App) -> anyhow::Result<Directory> {
        let names = names_of_data_sources(app, &self.settings);
        let uri = self.settings.data.mongodb_uri.get();
        let uri = uri.or_else(|| self.settings.uri_of(names.first()?));
        let store: Arc<dyn Store> = match uri {
            Some(uri) => Arc::new(self.connect(uri)?),
            None => {
                self.create_data_dir()?;
                Arc::new(self.open_file()?.data_source(EMBEDDED_SOURCE))
            }
        };
        Ok(Directory::new(store, DirectoryOptions { database: DATABASE.to_owned() }))
    }
}
