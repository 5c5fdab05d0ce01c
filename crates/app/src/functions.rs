//! Functions: a manifest beside files, or a folder each (docs/behaviour/export.md#functions).
//!
//! A function whose rights cannot be understood is left out, as if it were not in the export:
//! nothing can call it, and the endpoints that name it are refused.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    Function, Place, ProblemCode, RunAs,
    fields::Fields,
    folder::{EntryKind, join},
    json_file::JsonFile,
    layout::Layout,
    reader::{Reader, Unusable},
    report::Spot,
    run_as,
    strictness::Demands,
};

const MANIFEST: &str = "functions/config.json";
const FOLDER: &str = "functions";

/// Deeper folders are not searched.
const DEPTH_MAX: usize = 32;

/// The functions of an app, and those left out.
#[derive(Default)]
pub(crate) struct Functions {
    pub(crate) kept: BTreeMap<String, Function>,
    /// Names of functions whose rights cannot be understood.
    pub(crate) refused: BTreeSet<String>,
}

impl Functions {
    fn knows(&self, name: &str) -> bool {
        self.kept.contains_key(name) || self.refused.contains(name)
    }

    /// Leaves a function out, whatever another entry says of it.
    fn refuse(&mut self, name: &str) {
        self.kept.remove(name);
        self.refused.insert(name.to_owned());
    }
}

/// Source files by the name of their function, and folders that are a function each.
#[derive(Default)]
struct Sources {
    files: BTreeMap<String, String>,
    folders: Vec<String>,
}

/// Reads all functions.
pub(crate) fn read(reader: &mut Reader, layout: &Layout) -> Functions {
    let mut sources = Sources::default();
    walk(reader, layout, FOLDER, 0, &mut sources);
    let mut functions = Functions::default();
    let manifest_is_whole = read_manifest(reader, &mut sources, &mut functions);
    for folder in &sources.folders {
        read_folder(reader, folder, &mut functions);
    }
    for (name, path) in sources.files {
        if functions.knows(&name) {
            duplicate(reader, &path, &name);
        } else if manifest_is_whole {
            undeclared(reader, name, path, &mut functions);
        } else {
            refuse_undeclared(reader, name, &path, &mut functions);
        }
    }
    functions
}

fn walk(reader: &mut Reader, layout: &Layout, folder: &str, depth: usize, sources: &mut Sources) {
    if depth > DEPTH_MAX {
        return reader.too_deep(folder, DEPTH_MAX);
    }
    let entries = reader.list(folder);
    let has = |name: &str| entries.iter().any(|e| e.kind == EntryKind::File && e.name == name);
    // Newer layouts take `source.js` alone for a function of that name in a folder.
    let (config, source) = (has("config.json"), has("source.js"));
    let is_function = depth > 0 && (config && source || layout.is_old() && (config || source));
    if is_function {
        sources.folders.push(folder.to_owned());
    }
    for entry in &entries {
        let path = join(folder, &entry.name);
        match entry.kind {
            EntryKind::Folder if entry.name == "node_modules" => {}
            EntryKind::Folder => walk(reader, layout, &path, depth + 1, sources),
            EntryKind::LinkedFolder if entry.name == "node_modules" => {}
            EntryKind::LinkedFolder => reader.linked(&path),
            EntryKind::File if is_function && entry.name == "source.js" => {}
            EntryKind::File => {
                let name = path.strip_prefix("functions/").and_then(|p| p.strip_suffix(".js"));
                if let Some(name) = name {
                    sources.files.insert(name.to_owned(), path.clone());
                }
            }
        }
    }
}

/// Reads the manifest. Says whether all of it could be read: only then is a file without an entry
/// known to be a function with default rights.
fn read_manifest(reader: &mut Reader, sources: &mut Sources, functions: &mut Functions) -> bool {
    let manifest = match reader.json(MANIFEST) {
        Ok(None) => return true,
        Ok(Some(manifest)) => manifest,
        Err(Unusable) => return false,
    };
    let Some(entries) = manifest.array(&mut reader.report) else { return false };
    let mut whole = true;
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("[{index}]");
        let name = entry.get("name").and_then(|name| name.as_str()).unwrap_or_default();
        let Some(object) = entry.as_object().filter(|_| !name.is_empty()) else {
            whole = false;
            reader.report.error(
                ProblemCode::FunctionNameMissing,
                manifest.spot(&path),
                "the entry names no function".to_owned(),
                "add the `name` of the function",
            );
            continue;
        };
        let file = sources.files.remove(name);
        if let Some(earlier) = functions.kept.get(name) {
            let twin = earlier.clone();
            repeated(reader, &manifest, &path, twin, functions);
            continue;
        }
        if functions.refused.contains(name) {
            continue;
        }
        let fields = Fields::new(&manifest, &path, object);
        declare(reader, name, (MANIFEST, fields), file, functions);
    }
    whole
}

/// A second entry for one function: which of them tells its rights?
fn repeated(
    reader: &mut Reader,
    manifest: &JsonFile,
    path: &str,
    earlier: Function,
    functions: &mut Functions,
) {
    let name = earlier.name;
    reader.report.error(
        ProblemCode::FunctionDuplicate,
        manifest.spot(path),
        format!("function `{name}` is refused: it has two entries"),
        "keep one entry, the one that lets fewer callers in",
    );
    functions.refuse(&name);
}

/// Reads a function that is a folder of its own.
fn read_folder(reader: &mut Reader, folder: &str, functions: &mut Functions) {
    let config_path = join(folder, "config.json");
    let source_path = join(folder, "source.js");
    let by_folder = folder.strip_prefix("functions/").unwrap_or(folder).to_owned();
    let config = match reader.json(&config_path) {
        Ok(Some(config)) => config,
        Ok(None) if functions.knows(&by_folder) => {
            return duplicate(reader, &source_path, &by_folder);
        }
        Ok(None) => return undeclared(reader, by_folder, source_path, functions),
        Err(Unusable) => {
            return refuse_undeclared(reader, by_folder, &source_path, functions);
        }
    };
    let Some(object) = config.object(&mut reader.report) else {
        return refuse_undeclared(reader, by_folder, &source_path, functions);
    };
    let name = match object.get("name").and_then(|name| name.as_str()) {
        Some(name) if !name.is_empty() => name,
        _ => &by_folder,
    };
    let file = reader.folder.has(&source_path).then_some(source_path);
    let fields = Fields::new(&config, "", object);
    declare(reader, name, (&config_path, fields), file, functions);
}

/// Adds a function that has an entry.
fn declare(
    reader: &mut Reader,
    name: &str,
    (config_path, mut fields): (&str, Fields<'_>),
    file: Option<String>,
    functions: &mut Functions,
) {
    fields.text("name");
    let private = fields.guard_flag("private");
    let run_as = run_as::read(&mut fields).unwrap_or(RunAs::Application);
    let can_evaluate = fields.expression("can_evaluate");
    let disable_arg_logs = fields.flag("disable_arg_logs", true);
    let (declared_in, spot) = (fields.place(), fields.spot("name"));
    let subject = format!("function `{name}`");
    if fields.settle(&subject, &mut reader.report).is_some() {
        functions.refuse(name);
        return;
    }
    let source = file.as_deref().and_then(|file| reader.text(file).ok().flatten());
    if file.is_none() {
        let wanted = match config_path {
            MANIFEST => format!("{FOLDER}/{name}.js"),
            path => path.replace("config.json", "source.js"),
        };
        let remedy = reader.remedy_of_missing(&wanted, "add the file");
        let message = format!("function `{name}` has no source file");
        reader.report.error(ProblemCode::FunctionFileMissing, spot, message, &remedy);
    }
    let function = Function {
        name: name.to_owned(),
        file: file.filter(|_| source.is_some()),
        source: source.unwrap_or_default(),
        private,
        run_as,
        can_evaluate,
        disable_arg_logs,
        declared: true,
        declared_in,
    };
    match functions.kept.get(name) {
        None if functions.refused.contains(name) => duplicate(reader, config_path, name),
        None => {
            functions.kept.insert(name.to_owned(), function);
        }
        Some(earlier) => {
            let rights = Demands::of_function(&function);
            let order = rights.compare(&Demands::of_function(earlier));
            twin(reader, config_path, function, order, functions);
        }
    }
}

/// A function with an entry in two places: the one that asks more of callers counts.
fn twin(
    reader: &mut Reader,
    path: &str,
    later: Function,
    order: Option<Ordering>,
    functions: &mut Functions,
) {
    let name = later.name.clone();
    let remedy = "keep one entry, the one that lets fewer callers in";
    let message = |outcome: &str| format!("function `{name}` has two entries; {outcome}");
    match order {
        None => {
            let outcome = "the two ask for different proofs, so neither is served";
            functions.refuse(&name);
            reader.report.error(
                ProblemCode::FunctionDuplicate,
                Spot::file(path),
                message(outcome),
                remedy,
            );
        }
        Some(Ordering::Greater) => {
            let outcome = "this one asks more of callers, and counts";
            reader.report.warn(
                ProblemCode::FunctionDuplicate,
                Spot::file(path),
                message(outcome),
                remedy,
            );
            functions.kept.insert(name, later);
        }
        Some(Ordering::Less | Ordering::Equal) => duplicate(reader, path, &name),
    }
}

/// Adds a function that has a file and no entry: the hosted service gave it default rights
/// (docs/behaviour/export.md#functions).
fn undeclared(reader: &mut Reader, name: String, file: String, functions: &mut Functions) {
    let Ok(Some(source)) = reader.text(&file) else { return };
    let function = Function {
        name: name.clone(),
        declared_in: Place { file: file.clone(), field: String::new() },
        file: Some(file),
        source,
        private: false,
        run_as: RunAs::Application,
        can_evaluate: None,
        disable_arg_logs: false,
        declared: false,
    };
    functions.kept.insert(name, function);
}

fn refuse_undeclared(reader: &mut Reader, name: String, file: &str, functions: &mut Functions) {
    reader.report.error(
        ProblemCode::FunctionRightsUnknown,
        Spot::file(file),
        format!("function `{name}` is refused: its configuration cannot be read"),
        "mend the configuration of the functions",
    );
    functions.refuse(&name);
}

fn duplicate(reader: &mut Reader, path: &str, name: &str) {
    reader.report.warn(
        ProblemCode::FunctionDuplicate,
        Spot::file(path),
        format!("function `{name}` is there twice; this one is ignored"),
        "give one of them another name, or keep the one that is meant",
    );
}
