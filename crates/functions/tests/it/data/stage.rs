//! What a case finds: functions that are loaded, and documents that are there.

use std::{collections::BTreeMap, sync::Arc};

use bson::{Bson, RawDocumentBuf, rawdoc};
use hookstead_data::{Answer, Command, Find, InsertMany, Namespace, Store};
use hookstead_functions::{
    Call, Completion, DataSources, Definition, Functions, HttpCall, Integers, Invocation, Limits,
    Payload, ResultFormat, Settings, User,
};
use serde_json::Value as Json;

use super::case::{Case, Sources};
use crate::case::function;

/// Documents that are inserted at once.
const INSERTED_AT_ONCE: usize = 5_000;

/// What cases can share of an app: its data sources and its limits.
type Environment = (Sources, Option<usize>);

/// All cases over one store.
pub(super) struct Stage {
    store: Arc<dyn Store>,
    other: Arc<dyn Store>,
    cases: Vec<Case>,
    loaded: BTreeMap<Environment, Functions>,
}

impl Stage {
    /// The other store is there for apps with two.
    pub(super) fn new([store, other]: [Arc<dyn Store>; 2], cases: &[Case]) -> Self {
        Self { store, other, cases: cases.to_vec(), loaded: BTreeMap::new() }
    }

    /// The database of a case.
    pub(super) fn database(index: usize) -> String {
        format!("case{index}")
    }

    /// Lays out the documents of a case.
    pub(super) async fn prepare(&self, index: usize) -> Result<(), String> {
        let case = &self.cases[index];
        if let Some(text) = &case.documents {
            self.insert(index, documents(text)?).await?;
        }
        let Some((count, bytes)) = case.fill else { return Ok(()) };
        let text = "x".repeat(bytes);
        let numbers: Vec<_> = (0..i32::try_from(count).expect("a number")).collect();
        for numbers in numbers.chunks(INSERTED_AT_ONCE) {
            let document = |number: &i32| rawdoc! { "_id": *number, "text": text.as_str() };
            self.insert(index, numbers.iter().map(document).collect()).await?;
        }
        Ok(())
    }

    async fn insert(&self, index: usize, documents: Vec<RawDocumentBuf>) -> Result<(), String> {
        let insert = Command::InsertMany(InsertMany { documents, ordered: true });
        let answer = self.store.run(namespace(index), insert).await;
        answer.map(drop).map_err(|error| format!("its documents cannot be inserted: {error}"))
    }

    /// Calls the function of a case, and the one before it.
    pub(super) async fn call(&mut self, index: usize) -> Result<Completion, String> {
        let (has_first, environment) = {
            let case = &self.cases[index];
            (case.first.is_some(), (case.sources, case.memory_mib))
        };
        let case = self.cases[index].clone();
        let functions = match self.loaded.entry(environment) {
            std::collections::btree_map::Entry::Occupied(loaded) => loaded.into_mut(),
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(load([&self.store, &self.other], &self.cases, environment))
            }
        };
        if has_first {
            let completion = functions.invoke(invocation(&case, format!("first {index}"))).await;
            completion.outcome.map_err(|failure| format!("the first call: {failure:?}"))?;
        }
        Ok(functions.invoke(invocation(&case, format!("case {index}"))).await)
    }

    /// The documents of a case's collection.
    pub(super) async fn contents(&self, index: usize) -> Result<Vec<Bson>, String> {
        let find = Command::Find(Find::default());
        let answer = self.store.run(namespace(index), find).await;
        let Ok(Answer::Cursor(first, rest)) = answer else {
            return Err("its documents cannot be read".to_owned());
        };
        assert!(rest.is_none(), "this is for a few documents");
        let document = |raw: &bson::RawDocument| {
            raw.to_owned().try_into().map(Bson::Document).map_err(|error| format!("{error}"))
        };
        first.iter().map(document).collect()
    }
}

fn namespace(index: usize) -> Namespace {
    Namespace { database: Stage::database(index), collection: "c".to_owned() }
}

fn documents(text: &str) -> Result<Vec<RawDocumentBuf>, String> {
    let values: Vec<Json> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let document = |value: Json| match Bson::try_from(value) {
        Ok(Bson::Document(document)) => {
            RawDocumentBuf::try_from(&document).map_err(|error| error.to_string())
        }
        other => Err(format!("{other:?} is no document")),
    };
    values.into_iter().map(document).collect()
}

/// Loads the functions of all cases that share an environment.
fn load(stores: [&Arc<dyn Store>; 2], cases: &[Case], environment: Environment) -> Functions {
    let mut definition = Definition::default();
    let cases = cases.iter().enumerate();
    for (index, case) in cases.filter(|(_, case)| (case.sources, case.memory_mib) == environment) {
        let complete = |name: &str, source: &str| {
            let database = Stage::database(index);
            let prelude = format!(
                "const client = context.services.get('mongodb-atlas'), \
                 db = client?.db('{database}'), c = db?.collection('c');"
            );
            let finds_itself = source.contains("services.get");
            let prelude = if finds_itself { String::new() } else { prelude };
            // A stack is compared as a whole, and one case alone has the plain name then.
            let file = match case.stack {
                Some(_) => format!("{name}.js"),
                None => format!("{index}/{name}.js"),
            };
            function(&file, &format!("{prelude}{}", source.replace("{db}", &database)))
        };
        definition.entries.insert(format!("case {index}"), complete("source", &case.source));
        if let Some(first) = &case.first {
            definition.entries.insert(format!("first {index}"), complete("first", first));
        }
        for (name, source) in &case.functions {
            let before = definition.functions.insert(name.clone(), complete(name, source));
            assert!(before.is_none(), "two cases have a function '{name}'");
        }
    }
    let (sources, memory_mib) = environment;
    let limits = Limits {
        run_memory_bytes: memory_mib.map_or(Limits::default().run_memory_bytes, |mib| mib << 20),
        ..Limits::default()
    };
    let data = data_sources(stores, sources);
    let settings = Settings { limits, data, ..Settings::default() };
    Functions::load(definition, settings).expect("functions load")
}

fn data_sources([store, other]: [&Arc<dyn Store>; 2], sources: Sources) -> DataSources {
    let named = |name: &str, store| (name.to_owned(), Arc::clone(store));
    let fallback = Some(Arc::clone(store));
    match sources {
        Sources::Declared => {
            DataSources { named: [named("mongodb-atlas", store)].into(), fallback }
        }
        Sources::Undeclared => DataSources { fallback, ..DataSources::default() },
        Sources::Two => {
            let both = [named("Cluster0", store), named("Backup", other)];
            DataSources { named: both.into(), fallback: None }
        }
        Sources::None => DataSources::default(),
    }
}

fn invocation(case: &Case, entry: String) -> Invocation {
    let format = if case.ejson { ResultFormat::Ejson } else { ResultFormat::Json };
    let call = Call::Http(HttpCall {
        payload: Payload::Request,
        query: [].into(),
        body: bytes::Bytes::new(),
        result: Some(format),
        response_drops_result: false,
        integers: Integers::Wide,
    });
    let running_as_system = !case.not_system;
    Invocation { entry, call, user: User::System, running_as_system, request: None }
}
