//! From a folder to an app that can be served: read, given its secrets, compiled.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use hookstead_app::{App, ArchiveLimits, LoadOptions, Problem, Protection, Secret, SecretStore};
use hookstead_functions::{DataSources, Limits, LoadError, Outbound, Settings as FunctionSettings};
use hookstead_mail::Mailer;
use hookstead_memory::Budget;
use hookstead_outbound::{Client, Documents};
use hookstead_server::{Config, ServerLimits, parse::NetworkError};
use hookstead_signature::{CERTIFICATE_FILE_BYTES_MAX, Scheme, presets};
use hookstead_site::{
    ApplicationAuthentication as SiteAuthentication, Cors, Site, SiteConfig, UsersSettings,
};

use crate::{
    exit::UsageError,
    settings::{ApplicationAuthentication, Settings},
    terminal::{self, clean},
    workspace::Workspace,
};

/// An app that can be served.
pub(crate) struct Prepared {
    /// The export.
    pub(crate) app: App,
    /// What serves it.
    pub(crate) site: Arc<Site>,
    /// Its data sources that are open, and where their documents are.
    pub(crate) documents: Vec<(String, String)>,
    /// Everything wrong with it, in the export and in what the operator decided.
    pub(crate) problems: Vec<Problem>,
}

/// What an app keeps beyond its requests.
#[derive(Default)]
struct Kept {
    data: DataSources,
    /// The data sources that are open, and where their documents are.
    places: Vec<(String, String)>,
    users: Option<UsersSettings>,
    mailer: Option<Mailer>,
    certificates: Option<Arc<Documents>>,
}

impl Workspace {
    /// Reads the export.
    pub(crate) fn load(&self) -> anyhow::Result<hookstead_app::Loaded> {
        let options = LoadOptions {
            environment: self.settings.app.environment.tag().map(str::to_owned),
            app_id: self.settings.app.id.get().map(str::to_owned),
            archive: archive_limits(&self.settings),
            data_dir: Some(self.data_dir.clone()),
        };
        Ok(hookstead_app::load(&self.app_dir, &options)?)
    }

    /// Opens the secrets.
    pub(crate) fn secrets(&self) -> anyhow::Result<SecretStore> {
        Ok(SecretStore::open(&self.data_dir)?)
    }

    /// Reads the export, gives it its secrets and compiles its functions, which can be looked at.
    /// Refuses the settings with which it could not be run.
    pub(crate) fn prepare(&self) -> anyhow::Result<Prepared> {
        self.prepare_with(|app| {
            self.plan_stores(app)?;
            self.mailer_options()?;
            Ok(Kept::default())
        })
    }

    /// The same, with functions that can be run: the data sources are opened.
    pub(crate) fn prepare_to_run(&self) -> anyhow::Result<Prepared> {
        self.prepare_with(|app| self.documents(app))
    }

    /// The same, for callers who may be users of the app.
    pub(crate) fn prepare_to_serve(&self) -> anyhow::Result<Prepared> {
        self.prepare_with(|app| {
            let documents = self.documents(app)?;
            let (users, certificates) = (self.users(app)?, self.certificates(app)?);
            Ok(Kept { users, certificates, mailer: self.mailer()?, ..documents })
        })
    }

    fn documents(&self, app: &App) -> anyhow::Result<Kept> {
        let stores = self.stores(app)?;
        let places = stores.places();
        let data = stores.for_functions(self.database_of_users(app));
        Ok(Kept { data, places, ..Kept::default() })
    }

    /// What fetches certificates, where something is protected with them.
    fn certificates(&self, app: &App) -> anyhow::Result<Option<Arc<Documents>>> {
        let webhooks = app.services.values().flat_map(|service| service.webhooks.values());
        let of_app = app.endpoints.iter().map(|one| &one.protection);
        let of_app = of_app.chain(webhooks.map(|one| &one.protection));
        let added = self.settings.endpoints.all().iter().map(|one| &one.protection);
        if !of_app.chain(added).any(needs_certificate) {
            return Ok(None);
        }
        let functions = function_settings(&self.settings);
        let time = functions.limits.outbound_time.min(CERTIFICATE_TIME_MAX);
        let client = Client::new(&functions.outbound, CERTIFICATE_FILE_BYTES_MAX, time)
            .map_err(|error| UsageError(error.to_string()))?;
        Ok(Some(Arc::new(Documents::new(Arc::new(client), Arc::clone(&self.memory)))))
    }

    fn prepare_with(
        &self,
        open: impl FnOnce(&App) -> anyhow::Result<Kept>,
    ) -> anyhow::Result<Prepared> {
        let hookstead_app::Loaded { app, mut problems } = self.load()?;
        self.settings.endpoints.check_names(&app)?;
        let Kept { data, places: documents, users, mailer, certificates } = open(&app)?;
        let secrets = values_of_secrets(&app, &self.settings, &self.secrets()?);
        let site = Site::new(
            &app,
            &|name| secrets.get(name).cloned(),
            FunctionSettings {
                data,
                memory: Arc::clone(&self.memory),
                ..function_settings(&self.settings)
            },
            &SiteConfig { users, mailer, documents: certificates, ..site_config(&self.settings) },
        )
        .map_err(|error| match error {
            LoadError::Outbound(error) => UsageError(error.to_string()).into(),
            other => anyhow::Error::from(other),
        })?;
        problems.extend_from_slice(site.problems());
        Ok(Prepared { app, site: Arc::new(site), documents, problems })
    }
}

/// How long fetching the certificate of a provider may take.
const CERTIFICATE_TIME_MAX: Duration = Duration::from_secs(10);

fn needs_certificate(protection: &Protection) -> bool {
    match protection {
        Protection::Signed { scheme, .. } => {
            presets::by_name(scheme).is_some_and(Scheme::needs_certificate)
        }
        Protection::None | Protection::Refused(_) => false,
    }
}

/// The secrets that an app names, and those of added protection. One that cannot be read is told,
/// and counts as absent, which closes what it protects.
fn values_of_secrets(
    app: &App,
    settings: &Settings,
    store: &SecretStore,
) -> BTreeMap<String, Secret> {
    let mut values = BTreeMap::new();
    let of_app = app.secret_names().into_iter().map(|need| need.name);
    let added = settings.endpoints.secret_names().map(str::to_owned);
    for name in of_app.chain(added).collect::<BTreeSet<_>>() {
        match store.get(&name) {
            Ok(Some(secret)) => {
                values.insert(name, secret);
            }
            Ok(None) => {}
            Err(error) => {
                // On one line, whatever the export calls its secret.
                let why = error.to_string();
                terminal::warning(&format!("the secret {name:?}: {}", clean(&why)));
            }
        }
    }
    values
}

/// What an archive of packages may hold, of the settings.
fn archive_limits(settings: &Settings) -> ArchiveLimits {
    let packages = &settings.packages;
    ArchiveLimits {
        bytes_max: packages.archive_mib << 20,
        unpacked_bytes_max: packages.unpacked_mib << 20,
        entries_max: size(packages.archive_entries_max, 0),
    }
}

/// What functions may use, of the settings.
pub(crate) fn function_settings(settings: &Settings) -> FunctionSettings {
    let limits = &settings.limits;
    FunctionSettings {
        limits: Limits {
            run_time: Duration::from_secs(limits.run_time_s),
            run_cpu_time: Duration::from_secs(limits.run_cpu_s),
            run_memory_bytes: size(limits.run_memory_mib, 20),
            run_stack_bytes: size(limits.run_stack_kib, 10),
            async_operations_max: size(limits.async_operations_max, 0),
            timer_drain: Duration::from_millis(limits.timer_drain_ms),
            runs_max: size(limits.runs_max, 0),
            runs_waiting_max: size(limits.runs_waiting_max, 0),
            isolates_max: size(limits.isolates_max, 0),
            console_lines_max: size(limits.console_lines_max, 0),
            console_line_bytes_max: size(limits.console_line_bytes_max, 0),
            console_bytes_max: size(limits.console_kib_max, 10),
            result_bytes_max: size(limits.result_mib, 20),
            outbound_body_bytes_max: size(limits.outbound_body_mib, 20),
            outbound_time: Duration::from_secs(limits.outbound_time_s),
            outbound_calls_max: size(limits.outbound_calls_max, 0),
            run_transactions_max: size(settings.data.run_transactions_max, 0),
            run_sessions_max: size(settings.data.run_sessions_max, 0),
            run_cursors_max: size(settings.data.run_cursors_max, 0),
            modules_max: size(settings.packages.modules_max, 0),
            modules_bytes_max: size(settings.packages.modules_mib, 20),
            modules_image_bytes_max: size(settings.packages.image_mib, 20),
        },
        outbound: Outbound {
            allow: settings.outbound.allow.get().to_vec(),
            redirect: settings.outbound.redirect.get().clone(),
            listed_only: settings.outbound.listed_only,
        },
        data: DataSources::default(),
        // What a workspace has replaces it.
        memory: Budget::unlimited(),
    }
}

/// What the server may use, of the settings.
pub(crate) fn server_config(settings: &Settings) -> anyhow::Result<Config> {
    let server = &settings.server;
    let networks = |list: &[String]| -> Result<_, NetworkError> {
        list.iter().map(|network| network.parse()).collect()
    };
    Ok(Config {
        listen: server.listen.first(),
        threads: size(server.threads, 0),
        finish_without_caller: server.finish_without_caller,
        trusted_proxies: networks(server.trusted_proxies.get())?,
        allow: networks(server.allow.get())?,
        limits: server_limits(settings),
    })
}

/// What is decided about the app, of the settings.
pub(crate) fn site_config(settings: &Settings) -> SiteConfig {
    let server = &settings.server;
    SiteConfig {
        application_authentication: match settings.auth.application_authentication {
            ApplicationAuthentication::Required => SiteAuthentication::Required,
            ApplicationAuthentication::System => SiteAuthentication::System,
        },
        cors: Cors { allow_headers: server.cors_allow_headers.get().to_vec() },
        public_base_url: server.public_base_url.get().map(str::to_owned),
        added: settings.endpoints.all().to_vec(),
        documents: None,
        users: None,
        mailer: None,
    }
}

fn server_limits(settings: &Settings) -> ServerLimits {
    let limits = &settings.limits;
    ServerLimits {
        body_bytes_max: size(limits.body_mib, 20),
        log_in_body_bytes_max: size(settings.auth.log_in_body_kib, 10),
        bodies_bytes_max: size(limits.bodies_mib, 20),
        header_bytes_max: size(limits.header_kib, 10),
        headers_max: size(limits.headers_max, 0),
        header_read_time: Duration::from_secs(limits.header_time_s),
        body_read_time: Duration::from_secs(limits.body_time_s),
        response_time: Duration::from_secs(limits.response_time_s),
        idle_time: Duration::from_secs(limits.idle_time_s),
        linger_time: Duration::from_secs(limits.linger_time_s),
        linger_bytes_max: limits.linger_mib << 20,
        http2_control_frames_max: u32::try_from(limits.http2_control_frames_max)
            .unwrap_or(u32::MAX),
        response_headers_max: size(limits.response_headers_max, 0),
        response_header_bytes_max: size(limits.response_header_kib, 10),
        connections_max: size(limits.connections_max, 0),
        requests_max: u32::try_from(limits.requests_max).unwrap_or(u32::MAX),
        streams_max: size(limits.streams_max, 0),
        streams_of_address_max: size(limits.streams_of_address_max, 0),
        stream_changes_max: size(limits.stream_changes_max, 0),
        stream_bytes_max: size(limits.stream_kib, 10),
        stream_keep_alive: Duration::from_secs(limits.stream_keep_alive_s),
        shutdown_time: Duration::from_secs(limits.shutdown_time_s),
    }
}

/// A number of units of `2^shift` bytes.
pub(crate) fn size(units: u64, shift: u32) -> usize {
    usize::try_from(units).unwrap_or(usize::MAX).saturating_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use hookstead_app::ArchiveLimits;
    use hookstead_functions::Limits;
    use hookstead_server::Config;
    use hookstead_site::SiteConfig;

    use super::{Settings, archive_limits, function_settings, server_config, site_config};

    /// The libraries know best; the documentation must not tell otherwise.
    #[test]
    fn the_defaults_of_the_settings_are_those_of_the_libraries() {
        let settings = Settings::default();
        let functions = function_settings(&settings);
        assert_eq!(format!("{:?}", functions.limits), format!("{:?}", Limits::default()));
        assert_eq!(archive_limits(&settings), ArchiveLimits::default());
        let config = server_config(&settings).unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
        let config = site_config(&settings);
        assert_eq!(format!("{config:?}"), format!("{:?}", SiteConfig::default()));
    }
}
