//! An application's functions, compiled: what every run shares.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use hookstead_isolate::{Bytecode, Code, Detail, Image, ImageParts, Pace, Script, Thrown};
use hookstead_memory::Budget;
use hookstead_rules::{Condition, Rules};
use serde_json::{Value as Json, json};

use crate::{
    DataSources, Definition, FunctionSource, FunctionValue, Limits, SecretText, ServiceRules,
    host::RunHost,
    modules,
    packages::Packages,
    source::{self, Body, LINES_BEFORE, SyntaxError},
    traces::Traces,
};

/// The JavaScript half, compiled by the build script, with the engine that is in this program.
const RUNTIME: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/runtime.bytecode"));

/// An application's functions, compiled.
pub(crate) struct Program {
    pub(crate) image: Arc<Image<RunHost>>,
    functions: HashMap<String, Callable>,
    entries: HashMap<String, Callable>,
    /// What `context.values.get` finds, as JSON.
    values: BTreeMap<String, ValueText>,
    services: BTreeMap<String, String>,
    service_rules: BTreeMap<String, ServiceRules>,
    /// By the names of functions and entries.
    conditions: BTreeMap<String, Condition>,
    /// Whether anything may have to be evaluated in a run.
    pub(crate) has_conditions: bool,
    data_rules: BTreeMap<String, Arc<Rules>>,
    environment_tag: String,
    environment_values: BTreeMap<String, Json>,
    pub(crate) data: DataSources,
    pub(crate) traces: Traces,
    pub(crate) packages: Packages,
}

/// A function in the image.
pub(crate) struct Callable {
    /// Its script.
    pub(crate) index: usize,
    /// Whether its source may export a class instead of a function.
    may_be_class: bool,
    /// Whether it runs as system whoever calls it.
    pub(crate) runs_as_system: bool,
    /// Why calling it must fail, where it must.
    pub(crate) refusal: Option<String>,
    /// Why functions cannot execute it, where only they cannot.
    pub(crate) execute_refusal: Option<String>,
    /// Why its source does not compile, where it does not.
    pub(crate) error: Option<SyntaxError>,
    /// The file of its source.
    pub(crate) file: String,
    /// How long its runs have taken.
    pub(crate) pace: Arc<Pace>,
}

enum ValueText {
    Json(String),
    /// The JSON of a secret.
    Secret(SecretText),
    MissingSecret(String),
}

impl Program {
    pub(crate) fn new(
        definition: Definition,
        limits: &Limits,
        data: DataSources,
        memory: &Arc<Budget>,
    ) -> Result<Self, Thrown> {
        let mut scripts = Vec::new();
        let mut bodies = Vec::new();
        let mut functions = collect(&definition.functions, &mut scripts, &mut bodies);
        let mut entries = collect(&definition.entries, &mut scripts, &mut bodies);
        // In the order of their scripts.
        let sources: Vec<&FunctionSource> =
            definition.functions.values().chain(definition.entries.values()).collect();
        let texts = sources.iter().map(|function| function.source.as_str());
        let files = definition.module_files.clone();
        let packages =
            Packages::read(&sources, files, &definition.dependencies, limits, &mut scripts);
        let modules = modules::add(texts, &packages.builtins, &mut scripts);
        let callables = functions.iter().chain(&entries);
        let setup = setup(&definition, callables, (&modules, &packages), limits);
        let parts = ImageParts {
            prelude: Bytecode::from_bytes(RUNTIME),
            scripts,
            setup: Some(("prepare", vec![setup.into()])),
            memory_bytes: limits.run_memory_bytes,
            stack_bytes: limits.run_stack_bytes,
        };
        let image = Image::within(parts, memory)?;
        let mut errors: HashMap<usize, Thrown> =
            image.errors().map(|error| (error.index, error.thrown)).collect();
        for callable in functions.values_mut().chain(entries.values_mut()) {
            let (source, body) = (&sources[callable.index].source, &bodies[callable.index]);
            let thrown = errors.remove(&callable.index);
            callable.error = thrown.map(|thrown| SyntaxError::new(source, body, thrown));
        }
        let mut traces = Traces::default();
        for (function, body) in sources.into_iter().zip(bodies) {
            traces.add(&function.file, body);
        }
        let is_conditional = |rules: &ServiceRules| !rules.conditional.is_empty();
        let has_conditions = !definition.conditions.is_empty()
            || definition.service_rules.values().any(is_conditional);
        Ok(Self {
            has_conditions,
            image: Arc::new(image),
            functions,
            entries,
            values: definition.values.into_iter().map(value_text).collect(),
            services: definition.services,
            service_rules: definition.service_rules,
            conditions: definition.conditions,
            data_rules: definition.data_rules,
            environment_tag: definition.environment_tag,
            environment_values: definition.environment_values,
            data,
            traces,
            packages,
        })
    }

    /// What the platform may call.
    pub(crate) fn entry(&self, name: &str) -> Option<&Callable> {
        self.entries.get(name).or_else(|| self.functions.get(name))
    }

    /// Whether a name is one of an entry.
    pub(crate) fn is_entry(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// What functions may call.
    pub(crate) fn function(&self, name: &str) -> Option<&Callable> {
        self.functions.get(name)
    }

    /// Every function and entry whose source does not compile.
    pub(crate) fn errors(&self) -> impl Iterator<Item = (&str, &SyntaxError)> {
        self.functions
            .iter()
            .chain(&self.entries)
            .filter_map(|(name, callable)| Some((name.as_str(), callable.error.as_ref()?)))
    }

    /// A value as JSON, or the name of the secret that nobody has set.
    pub(crate) fn value(&self, name: &str) -> Option<Result<&str, &str>> {
        self.values.get(name).map(|value| match value {
            ValueText::Json(text) => Ok(text.as_str()),
            ValueText::Secret(secret) => Ok(secret.expose()),
            ValueText::MissingSecret(secret) => Err(secret.as_str()),
        })
    }

    /// The type of a service.
    pub(crate) fn service_kind(&self, name: &str) -> Option<&str> {
        self.services.get(name).map(String::as_str)
    }

    /// What has to hold for a function or an entry to be called.
    pub(crate) fn condition(&self, name: &str) -> Option<&Condition> {
        self.conditions.get(name)
    }

    /// The rules of a data source. A name that the export does not declare leads to the only data
    /// source there is, and to its rules.
    pub(crate) fn data_rules(&self, source: &str) -> Arc<Rules> {
        let only = || match self.data_rules.len() {
            1 if !self.data.is_declared(source) => self.data_rules.values().next(),
            _ => None,
        };
        self.data_rules.get(source).or_else(only).cloned().unwrap_or_default()
    }

    /// The name of the environment.
    pub(crate) fn environment_tag(&self) -> &str {
        &self.environment_tag
    }

    /// A value of the environment.
    pub(crate) fn environment_value(&self, name: &str) -> Option<&Json> {
        self.environment_values.get(name)
    }

    /// What the rules of a service say.
    pub(crate) fn service_rules(&self, name: &str) -> Option<&ServiceRules> {
        self.service_rules.get(name)
    }
}

fn collect(
    sources: &BTreeMap<String, FunctionSource>,
    scripts: &mut Vec<Code>,
    bodies: &mut Vec<Body>,
) -> HashMap<String, Callable> {
    let mut callables = HashMap::with_capacity(sources.len());
    for (name, function) in sources {
        let index = scripts.len();
        let wrapped = source::wrap(&function.source);
        let file = function.file.clone();
        let of = |source| Script { name: file.clone(), source, lines_before: LINES_BEFORE };
        let is_broken = |script: &Script| Bytecode::compile(script, Detail::Full).is_err();
        let broken = if wrapped.parses {
            None
        } else {
            wrapped.checks().map(of).into_iter().find(is_broken)
        };
        scripts.push(Code::Source(broken.unwrap_or_else(|| of(wrapped.text))));
        bodies.push(wrapped.body);
        let callable = Callable {
            index,
            may_be_class: may_be_class(&function.source),
            runs_as_system: function.run_as_system,
            refusal: function.refusal.clone(),
            execute_refusal: function.execute_refusal.clone(),
            error: None,
            file,
            pace: Arc::default(),
        };
        callables.insert(name.clone(), callable);
    }
    callables
}

/// Whether a source may export a class: it holds a word without which there is none.
fn may_be_class(source: &str) -> bool {
    ["class", "require", "import", "eval", "Function", "constructor"]
        .iter()
        .any(|word| source.contains(word))
}

/// What completes the image, as JSON: everything that is the same for every run.
fn setup<'a>(
    definition: &Definition,
    callables: impl Iterator<Item = (&'a String, &'a Callable)>,
    (modules, packages): (&HashMap<String, usize>, &Packages),
    limits: &Limits,
) -> String {
    let told = |(name, one): (&'a String, &'a Callable)| {
        (one.index, name, one.may_be_class, one.runs_as_system)
    };
    let functions: Vec<_> = callables.map(told).collect();
    // Always in the same order, so that an image can be compared with another.
    let modules: BTreeMap<_, _> = modules.iter().collect();
    json!({
        "app": app(definition),
        "environment": {
            "tag": definition.environment_tag,
            "values": definition.environment_values,
        },
        "functions": functions,
        "modules": modules.into_iter().collect::<Vec<_>>(),
        "packages": packages.told,
        "packagesImageBytesMax": limits.modules_image_bytes_max,
        "resultBytesMax": limits.result_bytes_max,
    })
    .to_string()
}

/// `context.app`.
fn app(definition: &Definition) -> serde_json::Value {
    let app = &definition.app;
    json!({
        "id": app.id,
        "clientAppId": app.client_app_id,
        "name": app.name,
        "projectId": app.project_id,
        "deployment": {
            "model": app.deployment_model,
            "providerRegion": app.provider_region,
        },
        "lastDeployed": app.last_deployed,
    })
}

fn value_text((name, value): (String, FunctionValue)) -> (String, ValueText) {
    let text = match value {
        FunctionValue::Plain(json) => ValueText::Json(json.to_string()),
        FunctionValue::Secret(secret) => {
            ValueText::Secret(SecretText::new(json!(secret.expose()).to_string()))
        }
        FunctionValue::MissingSecret(secret) => ValueText::MissingSecret(secret),
    };
    (name, text)
}
