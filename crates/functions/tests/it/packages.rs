//! npm packages in functions: those of `tests/packages`, and small ones that are written here.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use hookstead_functions::{
    Call, Completion, Definition, FileKind, Functions, Limits, ModuleFiles, ModuleProblemKind,
    Settings,
};
use serde::Deserialize;

use crate::case::{function, invocation};

mod small;

/// What a package is used for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    #[serde(rename = "use")]
    text: String,
}

/// The packages that npm has installed.
struct Installed(PathBuf);

impl Installed {
    fn at(&self, path: &str) -> Option<PathBuf> {
        let below = path.strip_prefix("functions/")?;
        Some(self.0.join(below)).filter(|path| path.exists())
    }
}

impl ModuleFiles for Installed {
    fn kind(&self, path: &str) -> Option<FileKind> {
        let about = self.at(path)?.metadata().ok()?;
        Some(if about.is_dir() { FileKind::Folder } else { FileKind::File })
    }

    fn real_path(&self, path: &str) -> Option<String> {
        self.at(path).map(|_| path.to_owned())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        fs::read(self.at(path).ok_or("missing")?).map_err(|error| error.to_string())
    }

    fn list(&self, path: &str) -> Vec<String> {
        let entries = self.at(path).and_then(|path| fs::read_dir(path).ok());
        let names = entries.into_iter().flatten();
        let mut names: Vec<String> = names
            .map(|one| one.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    }
}

/// Files that are texts.
struct Texts(BTreeMap<String, String>);

impl ModuleFiles for Texts {
    fn kind(&self, path: &str) -> Option<FileKind> {
        let folder = format!("{path}/");
        if self.0.contains_key(path) {
            return Some(FileKind::File);
        }
        self.0.keys().any(|file| file.starts_with(&folder)).then_some(FileKind::Folder)
    }

    fn real_path(&self, path: &str) -> Option<String> {
        self.kind(path).map(|_| path.to_owned())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| "missing".to_owned())
    }

    fn list(&self, path: &str) -> Vec<String> {
        let folder = format!("{path}/");
        let below = self.0.keys().filter_map(|file| file.strip_prefix(&folder));
        below.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }
}

fn call(functions: &Functions, name: &str) -> Completion {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut invocation = invocation(Call::Arguments("[]".to_owned()));
    invocation.entry = name.to_owned();
    runtime.block_on(functions.invoke(invocation))
}

/// The folder in which npm has installed the packages of the lock file.
fn installed() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages");
    let modified = |file: &str| folder.join(file).metadata().and_then(|about| about.modified());
    let lock = modified("package-lock.json").expect("a lock file");
    if !modified("node_modules/.package-lock.json").is_ok_and(|at| at >= lock) {
        let status = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("npm starts").success(), "npm ci fails");
    }
    folder
}

/// What Node.js returns for each of the texts.
fn in_node(folder: &Path, uses: &[&str]) -> Vec<String> {
    let mut node = Command::new("node")
        .arg("uses.mjs")
        .current_dir(folder)
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let texts = serde_json::to_vec(uses).expect("JSON");
    node.stdin.take().expect("an input").write_all(&texts).expect("node reads");
    let output = node.wait_with_output().expect("node ends");
    assert!(output.status.success(), "node fails");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn packages_compute_what_they_compute_in_node() {
    let folder = installed();
    let text = fs::read_to_string(folder.join("uses.toml")).expect("the uses");
    let uses: BTreeMap<String, Use> = toml::from_str(&text).expect("TOML");
    let texts: Vec<&str> = uses.values().map(|one| one.text.as_str()).collect();
    let expected = in_node(&folder, &texts);
    let mut definition =
        Definition { module_files: Some(Arc::new(Installed(folder))), ..Definition::default() };
    for (name, one) in &uses {
        let source = format!(
            "const $run = async () => {{{}}}; exports = async () => JSON.stringify(await $run())",
            one.text
        );
        let file = format!("functions/{name}.js");
        definition.functions.insert(name.clone(), function(&file, &source));
    }
    let functions = Functions::load(definition, Settings::default()).expect("functions load");
    let mut failures = Vec::new();
    for (name, expected) in uses.keys().zip(&expected) {
        let found = match call(&functions, name).outcome {
            Ok(reply) => {
                serde_json::from_str(&reply.result.unwrap_or_default()).unwrap_or_default()
            }
            Err(failure) => format!("{}\n{}", failure.message, failure.stack.unwrap_or_default()),
        };
        if found != *expected {
            failures.push(format!("{name}:\n  {found}\nand not\n  {expected}"));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}
