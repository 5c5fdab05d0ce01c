//! The folder of an app with the settings that hold for it: where every command starts.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use hookstead_memory::Budget;

use crate::{
    memory,
    settings::{self, Flag, Settings, Sources},
    terminal,
};

/// Flags that say where settings and secrets are.
#[derive(Debug, Default, Clone, Args)]
pub(crate) struct PlaceFlags {
    /// Settings file [default: hookstead.toml in the folder of the app]
    #[arg(long, value_name = "FILE", env = "HOOKSTEAD_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Folder for secrets and everything else that is kept [default: .hookstead in the app]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
}

/// Flags that say which app it is.
#[derive(Debug, Default, Clone, Args)]
pub(crate) struct AppFlags {
    #[command(flatten)]
    pub(crate) place: PlaceFlags,

    /// Environment whose values functions see [default: the one that the export names]
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    /// App id in every URL [default: the one that the export names]
    #[arg(long, value_name = "ID")]
    pub(crate) app_id: Option<String>,
}

/// A folder that holds an app, and what the operator decided about it.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder.
    pub(crate) app_dir: PathBuf,
    /// What the operator decided.
    pub(crate) settings: Settings,
    /// Where secrets and everything else are kept.
    pub(crate) data_dir: PathBuf,
    /// The memory for everything that callers can make the program hold.
    pub(crate) memory: Arc<Budget>,
}

impl PlaceFlags {
    /// Reads the settings; `more` are the flags of the command itself.
    pub(crate) fn open(&self, app_dir: &Path, more: Vec<Flag>) -> anyhow::Result<Workspace> {
        let mut flags = more;
        flags.extend(flag("--data-dir", "app", "data_dir", absolute(self.data_dir.as_ref())));
        let loaded = settings::load(Sources {
            app_dir,
            config: self.config.as_deref(),
            variables: variables(),
            flags,
        })?;
        loaded.warnings.iter().for_each(|warning| terminal::warning(warning));
        let data_dir = app_dir.join(loaded.settings.app.data_dir.get().unwrap_or(".hookstead"));
        let (app_dir, settings) = (app_dir.to_owned(), loaded.settings);
        let memory = memory::budget(&settings);
        Ok(Workspace { app_dir, settings, data_dir, memory })
    }
}

impl AppFlags {
    /// Reads the settings; `more` are the flags of the command itself.
    pub(crate) fn open(&self, app_dir: &Path, more: Vec<Flag>) -> anyhow::Result<Workspace> {
        let mut flags = more;
        flags.extend(flag("--environment", "app", "environment", self.environment.clone()));
        flags.extend(flag("--app-id", "app", "id", self.app_id.clone()));
        self.place.open(app_dir, flags)
    }
}

/// A flag that sets a setting, where it was given.
pub(crate) fn flag(
    name: &'static str,
    section: &'static str,
    key: &'static str,
    text: Option<String>,
) -> Option<Flag> {
    text.map(|text| Flag { name, section, key, text })
}

/// A path of the command line starts where the command does, not at the folder of the app.
fn absolute(path: Option<&String>) -> Option<String> {
    let path = path?;
    let absolute = std::path::absolute(path).map(|path| path.display().to_string());
    Some(absolute.unwrap_or_else(|_| path.clone()))
}

fn variables() -> Vec<(String, String)> {
    let text = |(name, text): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, text.into_string().ok()?))
    };
    env::vars_os().filter_map(text).collect()
}
