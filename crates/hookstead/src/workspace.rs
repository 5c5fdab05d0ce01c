//! The folder of an app with the settings that hold for it: where every command starts.

use std::{
    env,
    ffi::OsString,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::{
    Args,
    builder::{NonEmptyStringValueParser, OsStringValueParser, TypedValueParser},
};
use hookstead_app::{find_root, io_words};
use hookstead_memory::Budget;

use crate::{
    data_dir,
    directory::SharedDirectory,
    exit::{REMEDY, UsageError},
    mailer::SharedMailer,
    memory,
    settings::{self, Flag, Settings, Sources},
    shell::quote,
    terminal,
};

/// Flags that say where settings and secrets are.
#[derive(Debug, Default, Clone, Args)]
pub(crate) struct PlaceFlags {
    /// Settings file [default: hookstead.toml in the folder of the app]
    #[arg(long, value_name = "FILE", env = "HOOKSTEAD_CONFIG", value_parser = path_or_empty())]
    pub(crate) config: Option<PathBuf>,

    /// Folder for secrets and everything else that is kept [default: .hookstead in the app]
    #[arg(long, value_name = "DIR", value_parser = NonEmptyStringValueParser::new())]
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
    /// The folder that was named.
    pub(crate) named_dir: PathBuf,
    /// The root of the app, or the folder that was named where there is no app.
    pub(crate) app_dir: PathBuf,
    /// What the operator decided.
    pub(crate) settings: Settings,
    /// Where secrets and everything else are kept.
    pub(crate) data_dir: PathBuf,
    /// The file that the settings come from, whether it exists or not.
    pub(crate) settings_file: PathBuf,
    /// Whether there is an app.
    has_app: bool,
    /// The memory for everything that callers can make the program hold.
    pub(crate) memory: Arc<Budget>,
    /// The users of the app.
    pub(crate) directory: SharedDirectory,
    /// What sends mails.
    pub(crate) mailer: SharedMailer,
}

impl PlaceFlags {
    /// The settings file that was named. An empty variable counts as absent.
    fn config(&self) -> Option<&Path> {
        self.config.as_deref().filter(|path| !path.as_os_str().is_empty())
    }

    /// Reads the settings; `more` are the flags of the command itself.
    pub(crate) fn open(&self, named: &Path, more: Vec<Flag>) -> anyhow::Result<Workspace> {
        // Whatever folder of the app is named, settings and data are those of the app.
        let root = find_root(named).ok();
        let app_dir = match &root {
            Some(root) if !named.canonicalize().is_ok_and(|real| real == *root) => root.clone(),
            _ => named.to_owned(),
        };
        self.check_readable(&app_dir)?;
        let mut flags = more;
        flags.extend(flag("--data-dir", "app", "data_dir", absolute(self.data_dir.as_ref())?));
        let loaded = settings::load(Sources {
            app_dir: &app_dir,
            config: self.config(),
            variables: variables(),
            flags,
        })?;
        loaded.warnings.iter().for_each(|warning| terminal::warning(warning));
        let data_dir = loaded.settings.app.data_dir.get().unwrap_or(data_dir::DEFAULT_NAME);
        let data_dir = app_dir.join(data_dir);
        self.check_data_dir(&data_dir)?;
        let workspace = Workspace {
            named_dir: named.to_owned(),
            data_dir,
            settings_file: match self.config() {
                Some(path) => path.to_owned(),
                None => app_dir.join(settings::FILE_NAME),
            },
            has_app: root.is_some(),
            memory: memory::budget(&loaded.settings),
            directory: SharedDirectory::default(),
            mailer: SharedMailer::default(),
            settings: loaded.settings,
            app_dir,
        };
        if let Some(root) = root {
            workspace.check_named_folder(named, &root, self.config().is_none())?;
        }
        Ok(workspace)
    }

    /// Refuses a folder that this user may not look into, before its settings are looked for.
    fn check_readable(&self, app_dir: &Path) -> anyhow::Result<()> {
        let file = app_dir.join(settings::FILE_NAME).symlink_metadata();
        match file {
            Err(error)
                if error.kind() == ErrorKind::PermissionDenied && self.config().is_none() =>
            {
                Err(UsageError(format!(
                    "the folder {} cannot be read: {}{REMEDY}let this user read it, or run the \
                     program as its owner; do not run the server as root",
                    app_dir.display(),
                    io_words(&error)
                ))
                .into())
            }
            _ => Ok(()),
        }
    }

    fn check_data_dir(&self, folder: &Path) -> anyhow::Result<()> {
        if folder.is_dir() || !folder.exists() {
            return Ok(());
        }
        let origin = if self.data_dir.is_some() { "--data-dir" } else { "[app] data_dir" };
        Err(UsageError(format!(
            "{origin}: {} is a file, not a folder{REMEDY}name a folder; it is made if it does not \
             exist",
            folder.display()
        ))
        .into())
    }
}

impl Workspace {
    /// Makes the data folder where it is missing.
    pub(crate) fn create_data_dir(&self) -> anyhow::Result<()> {
        data_dir::create(&self.data_dir)
            .with_context(|| format!("the data folder {} cannot be made", self.data_dir.display()))
    }

    /// Whether there is an app.
    pub(crate) fn has_app(&self) -> bool {
        self.has_app
    }

    /// Refuses to keep anything for a folder without an app, unless the data folder is named by
    /// itself: nobody would find it again.
    pub(crate) fn require_app(&self) -> anyhow::Result<()> {
        let data_dir = self.settings.app.data_dir.get().unwrap_or_default();
        if self.has_app || Path::new(data_dir).is_absolute() {
            return Ok(());
        }
        let message = format!(
            "{} holds no exported app, so nothing would use what is stored for it\n  → name the \
             folder of the app with --app, or the data folder with --data-dir",
            self.app_dir.display()
        );
        Err(UsageError(message).into())
    }

    /// Tells of settings and data between the folder that was named and the root of its app,
    /// which are not used. Documents or secrets there, and none at the root, are an error:
    /// the app would begin anew without them.
    fn check_named_folder(&self, named: &Path, root: &Path, with_file: bool) -> anyhow::Result<()> {
        let Ok(real) = named.canonicalize() else { return Ok(()) };
        for folder in real.ancestors().take_while(|folder| *folder != root) {
            let file = folder.join(settings::FILE_NAME);
            if with_file && file.is_file() {
                terminal::warning(&format!(
                    "{} is not read: the settings of the app are in {}\n  → move its lines \
                     there, or name the file with --config",
                    file.display(),
                    self.settings_file.display()
                ));
            }
            let data_dir = self.settings.app.data_dir.get().unwrap_or(data_dir::DEFAULT_NAME);
            let other = folder.join(data_dir);
            if Path::new(data_dir).is_absolute() || !other.is_dir() {
                continue;
            }
            let (other, own) = (quoted(&other), quoted(&self.data_dir));
            let message = format!(
                "the data folder {other} is not used: that of the app is {own}\n  → move it \
                 there, remove it, or name it with --data-dir {other}"
            );
            if data_dir::is_used(&folder.join(data_dir)) && !data_dir::is_used(&self.data_dir) {
                return Err(UsageError(message).into());
            }
            terminal::warning(&message);
        }
        Ok(())
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
fn absolute(path: Option<&String>) -> anyhow::Result<Option<String>> {
    let Some(path) = path else { return Ok(None) };
    let absolute = std::path::absolute(path).context("--data-dir cannot be resolved")?;
    // A name that is written down in another way would be another folder.
    let text = absolute.to_str().with_context(|| {
        format!("--data-dir {}: the path must be UTF-8 text", absolute.display())
    })?;
    Ok(Some(text.to_owned()))
}

/// A path, where an empty variable counts as absent.
fn path_or_empty() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// The folder of an app, where an empty variable stands for the folder of the command.
pub(crate) fn folder_of_app() -> impl TypedValueParser<Value = PathBuf> {
    let folder = |text: OsString| if text.is_empty() { PathBuf::from(".") } else { text.into() };
    OsStringValueParser::new().map(folder)
}

fn quoted(path: &Path) -> String {
    quote(&path.display().to_string()).into_owned()
}

fn variables() -> Vec<(String, String)> {
    let text = |(name, text): (OsString, OsString)| {
        Some((name.into_string().ok()?, text.into_string().ok()?))
    };
    env::vars_os().filter_map(text).collect()
}
