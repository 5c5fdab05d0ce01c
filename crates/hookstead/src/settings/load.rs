//! The layers, put on top of each other.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use toml::Value;

use super::{
    data_sources, endpoints,
    error::{SettingError, SettingErrors},
    file, nearest,
    schema::Settings,
    types::LogFormat,
};
use crate::{exit::REMEDY, terminal};

/// The settings file in the folder of an app.
pub(crate) const FILE_NAME: &str = "hookstead.toml";

const PREFIX: &str = "HOOKSTEAD_";

/// Variables that name a setting by a shorter name, as the flags do.
const SHORT_NAMES: [(&str, &str, &str); 6] = [
    ("HOOKSTEAD_LISTEN", "server", "listen"),
    ("HOOKSTEAD_DATA_DIR", "app", "data_dir"),
    ("HOOKSTEAD_ENVIRONMENT", "app", "environment"),
    ("HOOKSTEAD_APP_ID", "app", "id"),
    ("HOOKSTEAD_LOG_FORMAT", "log", "format"),
    ("HOOKSTEAD_MONGODB_URI", "data", "mongodb_uri"),
];

/// Variables that are no settings: the places of files, secrets, and what Kubernetes sets for a
/// service called `hookstead`.
const OTHER_VARIABLES: [&str; 5] = [
    "HOOKSTEAD_CONFIG",
    "HOOKSTEAD_APP_DIR",
    "HOOKSTEAD_SECRET_*",
    "HOOKSTEAD_PORT*",
    "HOOKSTEAD_SERVICE_*",
];

/// A flag that was given, and the setting that it sets.
#[derive(Clone)]
pub(crate) struct Flag {
    /// The flag, such as `--listen`.
    pub(crate) name: &'static str,
    /// The section of its setting.
    pub(crate) section: &'static str,
    /// The key of its setting.
    pub(crate) key: &'static str,
    /// What was given.
    pub(crate) text: String,
}

/// Where settings come from, lowest first.
pub(crate) struct Sources<'a> {
    /// The folder of the app, whose `hookstead.toml` is read where `config` names no file.
    pub(crate) app_dir: &'a Path,
    /// The file that was asked for.
    pub(crate) config: Option<&'a Path>,
    /// The variables of the process.
    pub(crate) variables: Vec<(String, String)>,
    /// The flags that were given.
    pub(crate) flags: Vec<Flag>,
}

/// Settings, and what looks like a mistake about them.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What the operator decided.
    pub(crate) settings: Settings,
    /// One line each.
    pub(crate) warnings: Vec<String>,
}

/// Puts the layers on top of each other, or tells everything that is wrong with them.
pub(crate) fn load(sources: Sources<'_>) -> Result<Loaded, SettingErrors> {
    let mut layers = Layers::default();
    if let Some(path) = config_file(&sources) {
        layers.add_file(&path);
    }
    layers.add_variables(sources.variables);
    for flag in sources.flags {
        layers.add_text(flag.name, flag.section, flag.key, &flag.text);
    }
    if layers.settings.log.format == LogFormat::Json {
        terminal::log_is_json();
    }
    if layers.errors.is_empty() {
        return Ok(Loaded { settings: layers.settings, warnings: layers.warnings });
    }
    Err(SettingErrors(layers.errors))
}

fn config_file(sources: &Sources<'_>) -> Option<PathBuf> {
    if let Some(path) = sources.config {
        return Some(path.to_owned());
    }
    // Whatever has this name is meant to be read: what cannot be is an error, and not ignored.
    let path = sources.app_dir.join(FILE_NAME);
    match path.symlink_metadata() {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            None
        }
        _ => Some(path),
    }
}

#[derive(Default)]
struct Layers {
    settings: Settings,
    errors: Vec<SettingError>,
    warnings: Vec<String>,
}

impl Layers {
    fn add_file(&mut self, path: &Path) {
        match file::read(path) {
            Ok(entries) => entries.into_iter().for_each(|entry| self.add_entry(&entry)),
            Err(error) => {
                self.errors.push(error);
                if file::seems_to_want_json(path) {
                    self.settings.log.format = LogFormat::Json;
                }
            }
        }
    }

    fn add_entry(&mut self, entry: &file::Entry) {
        if [entry.section.as_str(), &entry.key].contains(&endpoints::SECTION) {
            return self.add_endpoints(entry);
        }
        if entry.section == data_sources::SECTION {
            return self.add_data_source(entry);
        }
        let known = self.set(&entry.origin, &entry.section, &entry.key, &entry.value);
        if !known {
            self.errors.push(unknown_key(entry));
        }
    }

    /// What it says may hold a password, and is not shown.
    fn add_data_source(&mut self, entry: &file::Entry) {
        if let Err(wanted) = self.settings.data_sources.set(&entry.key, &entry.value) {
            self.errors.push(SettingError {
                origin: entry.origin.clone(),
                problem: format!("[{}.{}] {wanted}", entry.section, entry.key),
                remedy: "correct this section; docs/hookstead.default.toml holds an example"
                    .to_owned(),
            });
        }
    }

    /// What is no name of a secret may be one, and is not shown.
    fn add_endpoints(&mut self, entry: &file::Entry) {
        let is_list = entry.section.is_empty();
        let value = if is_list { &entry.value } else { &Value::Boolean(false) };
        if let Err(wanted) = self.settings.endpoints.set(&entry.origin, value) {
            self.errors.push(SettingError {
                origin: entry.origin.clone(),
                problem: format!("[[{}]] {wanted}", endpoints::SECTION),
                remedy: "correct the entry; docs/hookstead.default.toml holds an example"
                    .to_owned(),
            });
        }
    }

    fn add_variables(&mut self, mut variables: Vec<(String, String)>) {
        variables.sort();
        // An empty variable is one that a compose file or a unit names and leaves open.
        let given = |(name, text): &&(String, String)| name.starts_with(PREFIX) && !text.is_empty();
        for (name, text) in variables.iter().filter(given) {
            match setting_of_variable(name) {
                Some((section, key)) => self.add_text(name, section, key, text),
                None if self.settings.data_sources.set_variable(name, text) => {}
                None if is_other_variable(name) => {}
                None => self.warnings.push(unknown_variable(name)),
            }
        }
    }

    fn add_text(&mut self, origin: &str, section: &str, key: &str, text: &str) {
        if let Some(value) = Settings::value_of_text(section, key, text) {
            self.set(origin, section, key, &value);
        }
    }

    /// Whether there is such a key.
    fn set(&mut self, origin: &str, section: &str, key: &str, value: &Value) -> bool {
        let Some(outcome) = self.settings.set(section, key, value) else { return false };
        if let Err(wanted) = outcome {
            self.errors.push(SettingError {
                origin: origin.to_owned(),
                problem: format!("[{section}] {key} = {value} cannot be used"),
                remedy: format!("it {wanted}"),
            });
        }
        true
    }
}

fn unknown_key(entry: &file::Entry) -> SettingError {
    let keys = Settings::keys();
    let mut sections: Vec<&str> = Settings::sections().iter().map(|section| section.name).collect();
    sections.extend([data_sources::SECTION, endpoints::SECTION]);
    let is_section = sections.contains(&entry.section.as_str());
    let (problem, remedy) = if entry.section.is_empty() {
        let problem = format!("{:?} is no section", entry.key);
        let home = keys.iter().find(|key| key.name == entry.key);
        let remedy = home.map_or_else(
            || format!("the sections are {}", sections.join(", ")),
            |key| format!("put it below [{}]", key.section),
        );
        (problem, remedy)
    } else if is_section {
        let problem = format!("[{}] has no key {:?}", entry.section, entry.key);
        (problem, remedy_for_key(entry, &keys))
    } else {
        let remedy = nearest(&entry.section, sections.iter().copied()).map_or_else(
            || format!("the sections are {}", sections.join(", ")),
            |section| format!("did you mean [{section}]?"),
        );
        (format!("there is no section [{}]", entry.section), remedy)
    };
    SettingError { origin: entry.origin.clone(), problem, remedy }
}

fn remedy_for_key(entry: &file::Entry, keys: &[super::schema::Key]) -> String {
    if let Some(other) = keys.iter().find(|key| key.name == entry.key) {
        return format!("it belongs below [{}]", other.section);
    }
    let own = keys.iter().filter(|key| key.section == entry.section).map(|key| key.name);
    if let Some(key) = nearest(&entry.key, own.clone()) {
        return format!("did you mean {key}?");
    }
    format!("its keys are {}", own.collect::<Vec<_>>().join(", "))
}

fn setting_of_variable(name: &str) -> Option<(&'static str, &'static str)> {
    let short = SHORT_NAMES.iter().find(|(variable, ..)| *variable == name);
    if let Some((_, section, key)) = short {
        return Some((section, key));
    }
    let key = Settings::keys().into_iter().find(|key| name == variable(key.section, key.name))?;
    Some((key.section, key.name))
}

/// The variable that sets a key.
pub(super) fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}_{key}").to_ascii_uppercase()
}

fn is_other_variable(name: &str) -> bool {
    OTHER_VARIABLES.iter().any(|other| match other.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *other,
    })
}

/// The variable of a secret, where a name looks like one: the word before the next `_` is nearly
/// that of secrets, and none of the sections has it.
fn variable_of_secret(name: &str) -> Option<String> {
    const SECRET: &str = "SECRET";
    let (word, secret) = name.strip_prefix(PREFIX)?.split_once('_')?;
    let sections = Settings::sections();
    let is_section = sections.iter().any(|section| section.name.eq_ignore_ascii_case(word));
    let is_near = !is_section && !secret.is_empty() && nearest(word, [SECRET]).is_some();
    is_near.then(|| format!("{PREFIX}{SECRET}_{secret}"))
}

fn unknown_variable(name: &str) -> String {
    if let Some(secret) = variable_of_secret(name) {
        return format!("the variable {name} sets nothing; did you mean {secret}?");
    }
    let known: Vec<String> =
        Settings::keys().iter().map(|key| variable(key.section, key.name)).collect();
    let short = SHORT_NAMES.iter().map(|(name, ..)| *name);
    // All of them begin with it, which is no likeness.
    let known = known.iter().map(String::as_str).chain(short);
    let known = known.filter_map(|name| name.strip_prefix(PREFIX));
    match nearest(name.strip_prefix(PREFIX).unwrap_or(name), known) {
        Some(near) => format!("the variable {name} sets nothing; did you mean {PREFIX}{near}?"),
        None => format!(
            "the variable {name} sets nothing: there is no setting of this name{REMEDY}remove it, \
             or take a name from docs/configuration.md"
        ),
    }
}
