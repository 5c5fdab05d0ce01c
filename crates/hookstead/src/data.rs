//! Where functions keep documents: MongoDB where a URI is given, else a file in the data folder.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context as _;
use hookstead_app::App;
use hookstead_data::{EmbeddedFile, EmbeddedOptions, MongoOptions, MongoStore, Store};
use hookstead_functions::DataSources;
use tokio::runtime::Runtime;

use crate::workspace::Workspace;

/// The name that the hosted service gave the first data source of an app.
const DEFAULT_NAME: &str = "mongodb-atlas";

impl Workspace {
    /// Opens the data sources of an app. MongoDB is not contacted before somebody asks for it.
    pub(crate) fn data_sources(&self, app: &App) -> anyhow::Result<DataSources> {
        let names: Vec<&str> = match app.data_sources.is_empty() {
            true => vec![DEFAULT_NAME],
            false => app.data_sources.keys().map(String::as_str).collect(),
        };
        let stores: Vec<Arc<dyn Store>> = match self.settings.data.mongodb_uri.get() {
            Some(uri) => {
                let store: Arc<dyn Store> = Arc::new(connect(uri)?);
                names.iter().map(|_| Arc::clone(&store)).collect()
            }
            None => {
                let file = EmbeddedFile::open(&self.data_dir, EmbeddedOptions::default())
                    .context("the documents cannot be opened")?;
                let store = |name: &&str| Arc::new(file.data_source(name)) as Arc<dyn Store>;
                names.iter().map(store).collect()
            }
        };
        let fallback = match &stores[..] {
            [only] => Some(Arc::clone(only)),
            _ => None,
        };
        let named = match app.data_sources.is_empty() {
            true => BTreeMap::new(),
            false => names.into_iter().map(str::to_owned).zip(stores).collect(),
        };
        Ok(DataSources { named, fallback })
    }
}

/// The driver works on a runtime of its own, which lasts as long as the program: that of a worker
/// may be busy with a function.
fn connect(uri: &str) -> anyhow::Result<MongoStore> {
    static RUNTIME: std::sync::OnceLock<Runtime> = std::sync::OnceLock::new();
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
    MongoStore::connect(uri, MongoOptions::default())
        .context("[data] mongodb_uri (HOOKSTEAD_MONGODB_URI) cannot be used")
}
