//! Where the users of an app are kept: with its documents.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use hookstead_app::App;
use hookstead_data::Store;
use hookstead_identity::{Directory, DirectoryOptions, Limits, SigningKeys};
use hookstead_outbound::Client;
use hookstead_site::{UsersSettings, asks_for_users};

use crate::{
    data::names_of_data_sources,
    data_dir::SIGNING_KEY,
    exit::{REMEDY, UsageError},
    prepare::function_settings,
    workspace::Workspace,
};

/// Where they are in the embedded store: no data source of an app may have such a name
/// ([`is_own_source`]), so that no function and no command reaches them.
const EMBEDDED_SOURCE: &str = "\0users";

/// Whether a name of a data source is one that only the program itself may use.
pub(crate) fn is_own_source(name: &str) -> bool {
    name.contains('\0')
}

/// Bytes of a document with the keys of others.
const ANSWER_BYTES_MAX: usize = 1 << 20;

impl Workspace {
    /// What the users of an app are kept with; `None` where it has no use for any. Nothing is made
    /// before there is a user.
    pub(crate) fn users(&self, app: &App) -> anyhow::Result<Option<UsersSettings>> {
        if !asks_for_users(app) {
            return Ok(None);
        }
        let auth = &self.settings.auth;
        Ok(Some(UsersSettings {
            directory: self.directory.get_or_open(|| self.open_directory(app))?,
            database: auth.database.get().to_owned(),
            access_token_time: Duration::from_secs(auth.access_token_time_s),
            refresh_token_time: Duration::from_secs(auth.refresh_token_time_s),
            revocation_delay: Duration::from_secs(auth.revocation_delay_s),
            providers: auth.providers.servers(),
        }))
    }

    /// In MongoDB where the documents of the app are there, so that several copies of the program
    /// share the users; else in the data folder.
    fn open_directory(&self, app: &App) -> anyhow::Result<Directory> {
        let store: Arc<dyn Store> = match self.uri_of_users(app) {
            Some(uri) => Arc::new(self.connect(uri)?),
            None => {
                self.create_data_dir()?;
                Arc::new(self.open_file()?.data_source(EMBEDDED_SOURCE))
            }
        };
        let options = DirectoryOptions { database: self.settings.auth.database.get().to_owned() };
        let functions = function_settings(&self.settings);
        let (bytes_max, time) = (ANSWER_BYTES_MAX, functions.limits.outbound_time);
        let client = Client::new(&functions.outbound, bytes_max, time)
            .map_err(|error| UsageError(error.to_string()))?;
        Ok(Directory::new(store, options)
            .with_limits(&self.log_in_limits())
            .with_keys(self.signing_keys()?)
            .with_client(Arc::new(client), Arc::clone(&self.memory)))
    }

    /// The deployment that users are kept in; `None` where that is the data folder.
    fn uri_of_users(&self, app: &App) -> Option<&str> {
        let uri = self.settings.data.mongodb_uri.get();
        uri.or_else(|| self.settings.uri_of(names_of_data_sources(app, &self.settings).first()?))
    }

    /// The database of the users, where it lies beside the documents of the app.
    pub(crate) fn database_of_users(&self, app: &App) -> Option<&str> {
        let is_in_deployment = asks_for_users(app) && self.uri_of_users(app).is_some();
        is_in_deployment.then(|| self.settings.auth.database.get())
    }

    /// The keys that sign tokens: those of a secret, or of a file that is made.
    fn signing_keys(&self) -> anyhow::Result<SigningKeys> {
        let Some(name) = self.settings.auth.signing_key_secret.get() else {
            self.create_data_dir()?;
            return Ok(SigningKeys::from_file(&self.data_dir.join(SIGNING_KEY))?);
        };
        let named = || format!("the secret `{name}` of [auth] signing_key_secret");
        let secret = self.secrets()?.get(name)?.ok_or_else(|| {
            UsageError(format!("{} is not set{REMEDY}`hookstead secrets set {name}`", named()))
        })?;
        SigningKeys::from_text(secret.expose()).with_context(|| UsageError(named()))
    }

    fn log_in_limits(&self) -> Limits {
        let auth = &self.settings.auth;
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Limits {
            password_checks_max: count(auth.password_checks_max),
            password_checks_waiting_max: count(auth.password_checks_waiting_max),
            log_in_delay_max: Duration::from_secs(auth.log_in_delay_s_max),
            log_ins_waiting_max: count(auth.log_ins_waiting_max),
            log_ins_waiting_of_address_max: u32::try_from(auth.log_ins_waiting_of_address_max)
                .unwrap_or(u32::MAX),
            sessions_of_address_per_hour_max: u32::try_from(auth.sessions_of_address_per_hour_max)
                .unwrap_or(u32::MAX),
            provider_calls_max: count(auth.provider_calls_max),
            provider_calls_of_address_max: count(auth.provider_calls_of_address_max),
            provider_time: Duration::from_secs(auth.provider_time_s),
        }
    }
}
