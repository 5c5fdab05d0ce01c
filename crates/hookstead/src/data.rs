//! Where functions keep documents: MongoDB where a URI is given, else a file in the data folder.

mod closed;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context as _;
use hookstead_app::{App, DataSource};
use hookstead_data::{
    DataError, EmbeddedFile, EmbeddedOptions, ErrorKind, IndexSpec, LogLimits, MongoOptions,
    MongoStore, ReadPreference, Store,
};
use hookstead_functions::DataSources;
use serde_json::Value as Json;
use tokio::runtime::{Handle, Runtime};

use self::closed::ClosedStore;
use crate::{
    data_dir::keep_out_of_git,
    exit::{REMEDY, UsageError},
    settings::{IndexSetting, Settings},
    terminal,
    users::is_own_source,
    workspace::Workspace,
};

/// The name that the hosted service gave the first data source of an app.
const DEFAULT_NAME: &str = "mongodb-atlas";

/// The stores of an app, by the names of its data sources.
pub(crate) struct Stores {
    /// One at least.
    pub(crate) named: BTreeMap<String, Opened>,
    /// Whether anybody has named them, or the one there is stands for whatever functions ask for.
    are_declared: bool,
}

/// An open store.
pub(crate) struct Opened {
    /// The store.
    pub(crate) store: Arc<dyn Store>,
    /// Where its documents are, for people.
    pub(crate) place: String,
    /// Whether that is a deployment of MongoDB.
    is_deployment: bool,
}

/// The names of an app's data sources, of which there is one at least. An export without that
/// folder says nothing, and the operator may.
pub(crate) fn names_of_data_sources<'a>(app: &'a App, settings: &'a Settings) -> Vec<&'a str> {
    let mut names: Vec<&str> = app.data_sources.keys().map(String::as_str).collect();
    if names.is_empty() {
        names.extend(settings.data_sources.names());
    }
    if names.is_empty() {
        names.push(DEFAULT_NAME);
    }
    names
}

impl Settings {
    /// The URI of a data source; without one, its documents are in the data folder.
    pub(crate) fn uri_of(&self, name: &str) -> Option<&str> {
        self.data_sources.uri(name).or_else(|| self.data.mongodb_uri.get())
    }
}

impl Workspace {
    /// Opens the data sources of an app. MongoDB is not contacted before somebody asks for it.
    pub(crate) fn stores(&self, app: &App) -> anyhow::Result<Stores> {
        self.plan_stores(app)?.open(self)
    }

    /// Says where the documents of an app are to be, and refuses settings with which they cannot
    /// be anywhere. Nothing is opened and nothing is made.
    pub(crate) fn plan_stores<'a>(&'a self, app: &'a App) -> anyhow::Result<StorePlan<'a>> {
        let names = names_of_data_sources(app, &self.settings);
        self.settings.data_sources.check_names(&names)?;
        let are_declared =
            !app.data_sources.is_empty() || self.settings.data_sources.names().next().is_some();
        let mut planning = Planning { workspace: self, deployments: HashMap::new() };
        let mut named = BTreeMap::new();
        for name in names {
            named.insert(name, planning.plan(name, app.data_sources.get(name))?);
        }
        Ok(StorePlan { named, are_declared })
    }

    /// Opens the file of the embedded store.
    pub(crate) fn open_file(&self) -> anyhow::Result<EmbeddedFile> {
        let options = embedded_options(&self.settings);
        Ok(EmbeddedFile::open_within(&self.data_dir, options, &self.memory)?)
    }

    /// A store in MongoDB, which reads from where the URI says.
    pub(crate) fn connect(&self, uri: &str) -> anyhow::Result<MongoStore> {
        connect(uri, mongodb_options(&self.settings, None))
    }
}

/// Where the documents of an app are to be.
pub(crate) struct StorePlan<'a> {
    named: BTreeMap<&'a str, Planned>,
    are_declared: bool,
}

enum Planned {
    Deployment(Arc<MongoStore>),
    Embedded(Vec<IndexSpec>),
}

impl StorePlan<'_> {
    fn open(self, workspace: &Workspace) -> anyhow::Result<Stores> {
        if self.named.values().any(|planned| matches!(planned, Planned::Embedded(_))) {
            workspace.create_data_dir()?;
        } else {
            // It may hold secrets.
            keep_out_of_git(&workspace.data_dir);
        }
        let mut file = None;
        let mut named = BTreeMap::new();
        for (name, planned) in self.named {
            let opened = match planned {
                Planned::Deployment(store) => Opened {
                    place: format!("MongoDB at {}", store.hosts()),
                    store,
                    is_deployment: true,
                },
                Planned::Embedded(indexes) => {
                    let file = match &file {
                        Some(file) => file,
                        None => file.insert(workspace.open_file()?),
                    };
                    embedded(file, name, indexes)?
                }
            };
            named.insert(name.to_owned(), opened);
        }
        Ok(Stores { named, are_declared: self.are_declared })
    }
}

fn embedded(file: &EmbeddedFile, name: &str, indexes: Vec<IndexSpec>) -> anyhow::Result<Opened> {
    let store = file.data_source(name);
    Handle::current()
        .block_on(store.declare_indexes(indexes))
        .map_err(|error| of_indexes(name, error))?;
    let place = file.path().display().to_string();
    Ok(Opened { place, store: Arc::new(store), is_deployment: false })
}

/// What is wrong with declared indexes, or with the file that they are in.
fn of_indexes(name: &str, error: DataError) -> anyhow::Error {
    if !matches!(error.kind, ErrorKind::Internal | ErrorKind::Unavailable) {
        return anyhow::Error::new(error).context(format!("[data_sources.{name}] indexes"));
    }
    // Functions are told less of the file than operators.
    match error.source {
        Some(fault) => anyhow::Error::msg(format!("{fault:#}")),
        None => error.into(),
    }
}

impl Stores {
    /// The data sources, and where their documents are.
    pub(crate) fn places(&self) -> Vec<(String, String)> {
        let place = |(name, opened): (&String, &Opened)| (name.clone(), opened.place.clone());
        self.named.iter().map(place).collect()
    }

    /// As functions see them. The database of the users is closed in every deployment: one of
    /// them has it, and others may be the same one under another URI.
    pub(crate) fn for_functions(self, database_of_users: Option<&str>) -> DataSources {
        // Data sources of one deployment share sessions, and so they share a store.
        let mut closed: HashMap<*const (), Arc<dyn Store>> = HashMap::new();
        let mut stores = BTreeMap::new();
        for (name, Opened { store, is_deployment, .. }) in self.named {
            let store = match database_of_users.filter(|_| is_deployment) {
                Some(database) => {
                    let new = || Arc::new(ClosedStore::new(Arc::clone(&store), database)) as _;
                    let deployment = Arc::as_ptr(&store).cast::<()>();
                    Arc::clone(closed.entry(deployment).or_insert_with(new))
                }
                None => store,
            };
            stores.insert(name, store);
        }
        let fallback = match stores.len() {
            1 => stores.values().next().map(Arc::clone),
            _ => None,
        };
        if !self.are_declared {
            stores.clear();
        }
        DataSources { named: stores, fallback }
    }
}

/// What several data sources share while it is planned where they are.
struct Planning<'a> {
    workspace: &'a Workspace,
    /// One for each deployment and way of reading.
    deployments: HashMap<(String, String), Arc<MongoStore>>,
}

impl Planning<'_> {
    fn plan(&mut self, name: &str, source: Option<&DataSource>) -> anyhow::Result<Planned> {
        if is_own_source(name) {
            let message = format!(
                "the data source {name:?} cannot be opened: the character U+0000 is in its \
                 name{REMEDY}give it another name in the export"
            );
            return Err(UsageError(message).into());
        }
        let settings = &self.workspace.settings;
        let Some(uri) = settings.uri_of(name) else { return self.plan_embedded(name) };
        let told = match settings.data_sources.uri(name) {
            Some(_) => format!("the uri of the data source {name:?}"),
            None => "[data] mongodb_uri (HOOKSTEAD_MONGODB_URI)".to_owned(),
        };
        let unusable = || {
            UsageError(format!(
                "{told} cannot be used{REMEDY}correct it; MongoDB's page \"Connection Strings\" \
                 lists the options"
            ))
        };
        Ok(Planned::Deployment(self.deployment(uri, source).with_context(unusable)?))
    }

    fn plan_embedded(&self, name: &str) -> anyhow::Result<Planned> {
        let indexes = self.workspace.settings.data_sources.indexes(name);
        let specs: Vec<_> = indexes.iter().map(spec).collect();
        for spec in &specs {
            spec.check().with_context(|| UsageError(format!("[data_sources.{name}] indexes")))?;
        }
        Ok(Planned::Embedded(specs))
    }

    fn deployment(
        &mut self,
        uri: &str,
        source: Option<&DataSource>,
    ) -> anyhow::Result<Arc<MongoStore>> {
        let read_preference = source.and_then(read_preference);
        let key = (uri.to_owned(), format!("{read_preference:?}"));
        if let Some(store) = self.deployments.get(&key) {
            return Ok(Arc::clone(store));
        }
        let options = mongodb_options(&self.workspace.settings, read_preference);
        let store = Arc::new(connect(uri, options)?);
        self.deployments.insert(key, Arc::clone(&store));
        Ok(store)
    }
}

/// The driver works on a runtime of its own, which lasts as long as the program: that of a worker
/// may be busy with a function.
fn connect(uri: &str, options: MongoOptions) -> anyhow::Result<MongoStore> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = match RUNTIME.get() {
        Some(runtime) => runtime,
        None => {
            let new = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("mongodb")
                .enable_all()
                .build()
                .context("the threads of the MongoDB driver cannot be started")?;
            RUNTIME.get_or_init(|| new)
        }
    };
    let _entered = runtime.enter();
    Ok(MongoStore::connect(uri, options)?)
}

fn embedded_options(settings: &Settings) -> EmbeddedOptions {
    let data = &settings.data;
    let bytes = |mebibytes: u64| mebibytes << 20;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    EmbeddedOptions {
        file_bytes_max: (data.file_mib_max > 0).then(|| bytes(data.file_mib_max)),
        transaction_bytes_max: usize::try_from(bytes(data.transaction_mib_max))
            .unwrap_or(usize::MAX),
        transactions_max: count(data.transactions_max),
        long_reads_max: count(data.long_reads_max),
        operation_time: Duration::from_secs(data.operation_time_s),
        write_compute_time: Duration::from_millis(data.write_compute_ms_max),
        log: LogLimits {
            changes_max: data.change_log_changes_max,
            bytes_max: bytes(data.change_log_mib),
            time: Duration::from_secs(data.change_log_time_s),
        },
        watched_collections_max: data.watched_collections_max,
        ..EmbeddedOptions::default()
    }
}

fn mongodb_options(settings: &Settings, read_preference: Option<ReadPreference>) -> MongoOptions {
    let data = &settings.data;
    MongoOptions {
        server_selection_time: Duration::from_secs(data.server_selection_time_s),
        connect_time: Duration::from_secs(data.connect_time_s),
        operation_time: Duration::from_secs(data.operation_time_s),
        pool_connections_max: u32::try_from(data.pool_connections_max).unwrap_or(u32::MAX),
        read_preference,
        ..MongoOptions::default()
    }
}

fn spec(index: &IndexSetting) -> IndexSpec {
    IndexSpec {
        database: index.database.clone(),
        collection: index.collection.clone(),
        keys: index.keys.clone(),
        unique: index.unique,
        sparse: index.sparse,
    }
}

/// What an export says of the members of a replica set that answer reads
/// (docs/behaviour/databases.md#handles). What cannot be understood is told, and the URI decides.
fn read_preference(source: &DataSource) -> Option<ReadPreference> {
    let mode = source.config.get("readPreference")?.as_str().filter(|mode| !mode.is_empty())?;
    let sets = source.config.get("readPreferenceTagSets").and_then(Json::as_array);
    let sets = sets.into_iter().flatten().map(tags).collect::<Option<Vec<_>>>();
    let why = match sets {
        None => "readPreferenceTagSets is no list of tags".to_owned(),
        Some(sets) => match ReadPreference::named(mode, sets) {
            Ok(preference) => return Some(preference),
            Err(error) => error.to_string(),
        },
    };
    let file = terminal::clean(&source.declared_in.file);
    terminal::warning(&format!(
        "{file}: {}; the URI decides what is read from",
        terminal::clean(&why)
    ));
    None
}

/// One set of tags: names to values, or a list of both as the page of the service wrote it.
fn tags(set: &Json) -> Option<HashMap<String, String>> {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    match set.get("tags").unwrap_or(set) {
        Json::Object(tags) => {
            tags.iter().map(|(name, value)| Some((name.clone(), text(value)?))).collect()
        }
        Json::Array(tags) => {
            let tag = |tag: &Json| Some((text(tag.get("name")?)?, text(tag.get("value")?)?));
            tags.iter().map(tag).collect()
        }
        _ => None,
    }
}
