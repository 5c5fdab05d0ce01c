//! A function that changes the language changes nothing of what the runtime does.

use std::{fmt::Write as _, fs, sync::Arc};

use hookstead_data::{EmbeddedFile, EmbeddedOptions, Store};
use hookstead_functions::{
    Call, Completion, DataSources, Definition, Functions, HttpCall, Integers, Outbound, Payload,
    ResultFormat, Settings,
};
use serde::Deserialize;

use crate::{
    case::{function, invocation},
    fetch::serve,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/patches.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    patches: Vec<String>,
    work: Vec<Work>,
}

/// Something that the runtime does, as the body of a function.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Work {
    name: String,
    body: String,
    /// Whether its result is written in extended JSON.
    #[serde(default)]
    ejson: bool,
    /// Whether it fails, patched or not.
    #[serde(default)]
    fails: bool,
}

#[test]
fn what_a_function_patches_does_not_reach_the_runtime() {
    let text = fs::read_to_string(FILE).expect("the file of patches");
    let file: File = toml::from_str(&text).expect("patches and works");
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedFile::open(folder.path(), EmbeddedOptions::default()).expect("a store");
    let functions = load(&file, Arc::new(store.data_source("mongodb-atlas")), serve());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut failures = Vec::new();
    for work in &file.work {
        let run = |patch| runtime.block_on(functions.invoke(call(work, patch)));
        // There is no patch of this number.
        let plain = run(file.patches.len());
        let expected = shown(&plain);
        assert_eq!(plain.outcome.is_err(), work.fails, "{}: {expected}", work.name);
        for (index, patch) in file.patches.iter().enumerate() {
            let actual = shown(&run(index));
            if actual != expected {
                failures.push(format!(
                    "{} after {patch}:\n    {actual}\n  instead of\n    {expected}",
                    work.name
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

/// Each work as a function that is called with the number of a patch.
fn load(file: &File, store: Arc<dyn Store>, port: u16) -> Functions {
    let mut patch = "exports = (index) => { switch (index) {\n".to_owned();
    for (index, code) in file.patches.iter().enumerate() {
        writeln!(patch, "case '{index}': {code}; break;").expect("a line");
    }
    patch.push_str("} }");
    let mut definition = Definition::default();
    definition.functions.insert("patch".into(), function("patch.js", &patch));
    definition.functions.insert("add".into(), function("add.js", "exports = (a, b) => a + b"));
    for work in &file.work {
        let source = format!(
            "const base = 'http://127.0.0.1:{port}';
            const D = Date, N = Number, P = Promise, T = TypeError, U = Uint8Array;
            const bufferFrom = Buffer.from;
            const [map, set] = [new Map([['k', 1]]), new Set([1, 2])];
            exports = async ({{ query: {{ index }} }}, response) => {{
              context.functions.execute('patch', index);
              {}
            }}",
            work.body
        );
        definition.functions.insert(work.name.clone(), function("work.js", &source));
    }
    let named = [("mongodb-atlas".to_owned(), store)].into();
    let outbound = Outbound { allow: vec![format!("127.0.0.1:{port}")], ..Outbound::default() };
    let data = DataSources { named, fallback: None };
    let settings = Settings { outbound, data, ..Settings::default() };
    Functions::load(definition, settings).expect("functions load")
}

fn call(work: &Work, patch: usize) -> hookstead_functions::Invocation {
    let query = [("index".to_owned(), patch.to_string())].into_iter().collect();
    let call = Call::Http(HttpCall {
        payload: Payload::Request,
        query,
        body: Vec::new().into(),
        result: Some(if work.ejson { ResultFormat::Ejson } else { ResultFormat::Json }),
        response_drops_result: false,
        integers: Integers::Wide,
    });
    hookstead_functions::Invocation { entry: work.name.clone(), ..invocation(call) }
}

/// What comes of a call, but for places in stacks and how long it took.
fn shown(completion: &Completion) -> String {
    let log: Vec<_> = completion.log.iter().map(|line| (line.level, &line.text)).collect();
    match &completion.outcome {
        Ok(reply) => format!("{reply:?} {log:?}"),
        Err(failure) => format!("{:?} {} {log:?}", failure.kind, failure.message),
    }
}
