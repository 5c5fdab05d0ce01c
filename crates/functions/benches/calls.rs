//! Calls of functions without a server around them, for profilers and for counting instructions:
//!
//! ```text
//! cargo bench -p hookstead-functions --bench calls -- WORK CALLS
//! ```
//!
//! It prints how long a call took on average. `bench/instructions` runs it under callgrind.

#![expect(clippy::expect_used, reason = "a bench that cannot go on stops")]

use std::{sync::Arc, time::Instant};

use bson::rawdoc;
use bytes::Bytes;
use hookstead_data::{Command, EmbeddedFile, EmbeddedOptions, InsertMany, Namespace, Store};
use hookstead_functions::{
    Call, DataSources, Definition, FunctionSource, Functions, HttpCall, Integers, Invocation,
    Payload, RequestContext, ResultFormat, Settings, User,
};

/// What can be measured: a name and a function.
const WORKS: [(&str, &str); 6] = [
    ("hello", "exports = () => 'Hello'"),
    (
        "order",
        "exports = ({ body }, response) => {
            const { items } = JSON.parse(body.text());
            const total = items.reduce((sum, item) => sum + item.price * item.quantity, 0);
            response.setStatusCode(201);
            response.setHeader('Content-Type', 'application/json');
            response.setBody(JSON.stringify({ total, count: items.length }));
        }",
    ),
    (
        "timers",
        "exports = async () => {
            for (let n = 0; n < 3; n++) await new Promise((resolve) => setTimeout(resolve, 1));
            return { done: true };
        }",
    ),
    ("context", "exports = ({ headers, query }) => [context.request, headers, query]"),
    ("find", FIND),
    // The result is extended JSON.
    ("find-ejson", FIND),
];

/// 100 of 10,000 documents, by their ids: what comes and goes counts, and not what is searched.
const FIND: &str = "exports = () => context.services.get('mongodb-atlas').db('d').collection('c')
    .find({ _id: { $gte: 4200, $lt: 4300 } }).toArray()";

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let wanted = arguments.next();
    let calls = arguments.next().map_or(1000, |text| text.parse().expect("a number of calls"));
    for (name, source) in WORKS {
        if wanted.as_deref().is_none_or(|wanted| wanted == name) {
            measure(name, source, calls);
        }
    }
}

fn measure(name: &str, source: &str, calls: u32) {
    let function = FunctionSource {
        file: format!("functions/{name}.js"),
        source: source.to_owned(),
        run_as_system: true,
        refusal: None,
        execute_refusal: None,
    };
    let functions = [(name.to_owned(), function)].into();
    let definition = Definition { functions, ..Definition::default() };
    let folder = tempfile::tempdir().expect("a folder");
    let data = if source == FIND { documents(folder.path()) } else { DataSources::default() };
    let settings = Settings { data, ..Settings::default() };
    let functions = Functions::load(definition, settings).expect("the work loads");
    let body = Bytes::from(order());
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let begun = Instant::now();
    runtime.block_on(async {
        for _ in 0..calls {
            let completion = functions.invoke(invocation(name, body.clone())).await;
            assert!(completion.outcome.is_ok(), "{:?}", completion.outcome);
        }
    });
    println!("{name}: {:?} per call", begun.elapsed() / calls.max(1));
}

/// A data source with 10,000 documents.
fn documents(folder: &std::path::Path) -> DataSources {
    let file = EmbeddedFile::open(folder, EmbeddedOptions::default()).expect("a file");
    let store: Arc<dyn Store> = Arc::new(file.data_source("mongodb-atlas"));
    let document = |n: i32| {
        let price = f64::from(n % 90) + 0.25;
        rawdoc! {
            "_id": n, "customer": n % 100, "sku": format!("item-{n:05}"), "price": price,
            "weight": f64::from(n % 7), "sold": i64::from(n) * 3, "at": 1_700_000_000_000_i64,
            "parts": [n, n + 1, n + 2],
        }
    };
    let insert = InsertMany { documents: (0..10_000).map(document).collect(), ordered: true };
    let place = Namespace { database: "d".to_owned(), collection: "c".to_owned() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(store.run(place, Command::InsertMany(insert))).expect("the documents");
    DataSources { fallback: Some(store), ..DataSources::default() }
}

fn invocation(name: &str, body: Bytes) -> Invocation {
    let is_extended = name == "find-ejson";
    Invocation {
        entry: name.to_owned(),
        call: Call::Http(HttpCall {
            payload: Payload::Request,
            query: [("page".to_owned(), "2".to_owned())].into(),
            body,
            result: Some(if is_extended { ResultFormat::Ejson } else { ResultFormat::Json }),
            response_drops_result: false,
            integers: Integers::Wide,
        }),
        user: User::System,
        running_as_system: true,
        request: Some(Box::new(request)),
    }
}

fn request() -> RequestContext {
    let headers = [
        ("Content-Type", "application/json"),
        ("Host", "127.0.0.1:7080"),
        ("User-Agent", "bench/1"),
        ("Accept", "*/*"),
        ("X-Forwarded-For", "203.0.113.9"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), vec![value.to_owned()]));
    RequestContext {
        remote_ip_address: "203.0.113.9".to_owned(),
        headers: headers.into(),
        webhook_url: "/orders".to_owned(),
        http_method: "POST".to_owned(),
        raw_query_string: "page=2".to_owned(),
        service: None,
        action: None,
    }
}

/// An order of 20 items, about 1.4 kB.
fn order() -> String {
    let item = |n: u32| {
        let price = 1 + n * 37 % 90;
        format!(
            "{{\"sku\":\"item-{n:04}\",\"price\":{price}.25,\"quantity\":{},\"note\":\"n\"}}",
            n % 5
        )
    };
    let items: Vec<_> = (0..20).map(item).collect();
    format!("{{\"order\":\"A-1007\",\"items\":[{}]}}", items.join(","))
}
