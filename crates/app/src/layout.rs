//! Finds the folder of an app and tells which layout it has (docs/behaviour/export.md#versions).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

use crate::{
    LoadError, ProblemCode, folder::is_leftover, json_file::JsonFile, reader::Reader, report::Spot,
};

/// How far up the root is searched, as the official tool does.
const PARENT_COUNT_MAX: usize = 8;

/// How far down an app is searched, for the message that names it.
const DEPTH_BELOW_MAX: usize = 2;

/// More folders are not looked into.
const FOLDERS_BELOW_MAX: usize = 500;

/// More apps are not named.
const APPS_BELOW_MAX: usize = 5;

/// Files that make a folder the root of an app. `config.json` does so with a `config_version`.
pub(crate) const ROOT_FILES: [&str; 5] = [
    ".mdb/meta.json",
    ".mdb/app_meta.json",
    "root_config.json",
    "realm_config.json",
    "stitch.json",
];

/// Folders that make a folder the root of an app whose root file is lost.
const ROOT_FOLDERS: [&str; 5] =
    ["https_endpoints", "http_endpoints", "functions", "services", "data_sources"];

/// The versions, their root files, and the order in which root files are looked at when nothing
/// tells the version.
const VERSIONS: [(u32, &str); 4] = [
    (20230101, "root_config.json"),
    (20210101, "realm_config.json"),
    (20200603, "config.json"),
    (20180301, "stitch.json"),
];

/// What the root of an export says.
pub(crate) struct Layout {
    pub(crate) version: u32,
    /// `.mdb/meta.json`, whose `app_id` is an ObjectId.
    pub(crate) meta: Option<JsonFile>,
    /// `.mdb/app_meta.json` of realm-cli 2.
    pub(crate) app_meta: Option<JsonFile>,
    /// The root files, the one that belongs to the version first.
    pub(crate) roots: Vec<JsonFile>,
    /// A root file that cannot be read, where none of the version itself can.
    pub(crate) lost_root: Option<&'static str>,
}

impl Layout {
    /// Reads the root of an export.
    pub(crate) fn read(reader: &mut Reader) -> Self {
        let meta = object(reader, ".mdb/meta.json");
        let app_meta = object(reader, ".mdb/app_meta.json");
        let mut found = Vec::new();
        let mut lost_root = None;
        for (version, path) in VERSIONS {
            match object(reader, path) {
                Some(file) => found.push((version, file)),
                None if reader.folder.has(path) => lost_root = lost_root.or(Some(path)),
                None => {}
            }
        }
        let told = [&meta, &app_meta].into_iter().flatten().find_map(config_version);
        let by_root = found.first().map(|(version, file)| config_version(file).unwrap_or(*version));
        let version = told.or(by_root).unwrap_or_else(|| guess(reader));
        check_version(version, [&meta, &app_meta].into_iter().flatten(), &found, reader);
        // A stable sort: the matching root file first, the newer of the others next.
        found.sort_by_key(|(own, _)| *own != generation(version));
        let has_own = found.first().is_some_and(|(own, _)| *own == generation(version));
        let lost_root = lost_root.filter(|_| !has_own);
        let roots = found.into_iter().map(|(_, file)| file).collect();
        Self { version, meta, app_meta, roots, lost_root }
    }

    /// Replaces the templates in the root files, once the environment is known.
    pub(crate) fn expand(&mut self, reader: &mut Reader) {
        for file in &mut self.roots {
            file.expand(&reader.environment, &mut reader.report);
        }
    }

    /// Whether endpoints belong into `https_endpoints/`, as opposed to `http_endpoints/`.
    pub(crate) fn prefers_https(&self) -> bool {
        self.version >= 20230101
    }

    /// Whether functions are folders, and providers are files of their own.
    pub(crate) fn is_old(&self) -> bool {
        self.version < 20210101
    }

    /// A field of the root files, from the first that has it, with that file.
    pub(crate) fn root_field(&self, pointer: &str) -> Option<(&JsonFile, &Json)> {
        self.roots.iter().find_map(|file| Some((file, file.value.pointer(pointer)?)))
    }

    /// A text of the root files that is not empty.
    pub(crate) fn root_text(&self, pointer: &str) -> Option<String> {
        let texts = self.roots.iter().filter_map(|file| file.value.pointer(pointer)?.as_str());
        texts.map(str::to_owned).find(|text| !text.is_empty())
    }
}

/// The root of the app that a folder is, or is a part of.
///
/// # Errors
/// The folder cannot be read, or neither it nor a folder above it holds an app.
pub fn find_root(dir: &Path) -> Result<PathBuf, LoadError> {
    let unreadable = |source: io::Error| LoadError::Unreadable { dir: dir.to_owned(), source };
    let real = dir.canonicalize().map_err(unreadable)?;
    fs::read_dir(&real).map_err(unreadable)?;
    if is_root(&real) || ROOT_FOLDERS.iter().any(|folder| real.join(folder).is_dir()) {
        return Ok(real);
    }
    let parent = real.ancestors().skip(1).take(PARENT_COUNT_MAX).find(|parent| is_root(parent));
    parent
        .map(Path::to_owned)
        .ok_or_else(|| LoadError::NotAnApp { dir: dir.to_owned(), below: apps_below(dir) })
}

/// The folders in a folder that are the root of an app, as unpacking an archive leaves them.
fn apps_below(dir: &Path) -> Vec<PathBuf> {
    let mut apps = Vec::new();
    let mut level = vec![dir.to_owned()];
    for _ in 0..DEPTH_BELOW_MAX {
        let mut folders: Vec<PathBuf> = level.iter().flat_map(|dir| folders_of(dir)).collect();
        folders.sort();
        folders.truncate(FOLDERS_BELOW_MAX);
        apps =
            folders.iter().filter(|dir| is_root(dir) || has_root_folders(dir)).cloned().collect();
        if !apps.is_empty() {
            break;
        }
        level = folders;
    }
    apps.truncate(APPS_BELOW_MAX);
    apps
}

fn folders_of(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().take(FOLDERS_BELOW_MAX);
    let folders = entries.filter(|entry| {
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        is_folder && !is_hidden && !is_leftover(&entry.file_name())
    });
    folders.map(|entry| entry.path()).collect()
}

/// Whether a folder looks like an export whose root file is lost. One such folder may be that of
/// any program; what no other program has counts alone.
fn has_root_folders(dir: &Path) -> bool {
    let has = |name: &&&str| dir.join(name).is_dir();
    ROOT_FOLDERS[..2].iter().any(|name| has(&name)) || ROOT_FOLDERS.iter().filter(has).count() > 1
}

/// Whether a folder has a root file.
pub(crate) fn is_root(dir: &Path) -> bool {
    ROOT_FILES.iter().any(|file| dir.join(file).is_file()) || has_root_config(dir)
}

/// Whether there is a `config.json` of an app: there are many other files of that name.
fn has_root_config(dir: &Path) -> bool {
    let path = dir.join("config.json");
    let small = path.metadata().is_ok_and(|about| about.is_file() && about.len() < 1024 * 1024);
    let text = if small { fs::read_to_string(path).ok() } else { None };
    text.is_some_and(|text| {
        text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
            && text.contains("\"config_version\"")
    })
}

fn object(reader: &mut Reader, path: &str) -> Option<JsonFile> {
    let file = reader.json_unexpanded(path).ok().flatten()?;
    file.object(&mut reader.report)?;
    Some(file)
}

fn config_version(file: &JsonFile) -> Option<u32> {
    let version = file.value.get("config_version")?;
    let number = version.as_u64().or_else(|| version.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

/// The version of an app without any root file.
fn guess(reader: &mut Reader) -> u32 {
    let version = if reader.folder.has("https_endpoints") {
        20230101
    } else if reader.folder.has("http_endpoints") || reader.folder.has("functions/config.json") {
        20210101
    } else {
        20180301
    };
    // The folder may be that of a program beside whose own folders an export lies.
    let mut below = apps_below(reader.folder.path());
    below.retain(|dir| is_root(dir));
    let file = VERSIONS.iter().find(|(own, _)| *own == version).map_or("stitch.json", |one| one.1);
    let remedy = match below.first() {
        Some(dir) => format!("name the folder that holds an app with one: {}", dir.display()),
        None => "put the file back, or give the id that callers use with `--app-id`".to_owned(),
    };
    let message = format!(
        "the export has no such file, nor another one that tells its version; the layout looks \
         like {version}"
    );
    reader.report.warn(ProblemCode::RootFileMissing, Spot::file(file), message, &remedy);
    version
}

/// Tells of a version that is not known, at the file that says so.
fn check_version<'a>(
    version: u32,
    metas: impl Iterator<Item = &'a JsonFile>,
    roots: &'a [(u32, JsonFile)],
    reader: &mut Reader,
) {
    if VERSIONS.iter().all(|(known, _)| *known != version) {
        let mut files = metas.chain(roots.iter().map(|(_, file)| file));
        let file = files.find(|file| config_version(file) == Some(version));
        let spot = file.map(|file| file.spot("config_version"));
        reader.report.warn(
            ProblemCode::ConfigVersionUnknown,
            spot.unwrap_or_else(|| Spot::file("root_config.json")),
            format!(
                "`config_version` {version} is not known; it is read as {}",
                generation(version)
            ),
            "check what this app does closely",
        );
    }
}

/// The newest known version that is not newer than this one.
fn generation(version: u32) -> u32 {
    let known = VERSIONS.iter().map(|(known, _)| *known);
    known.into_iter().find(|known| *known <= version).unwrap_or(20180301)
}
