//! Calls of functions without a server around them, for profilers and for counting instructions:
//!
//! ```text
//! cargo bench -p hookstead-functions --bench calls -- WORK CALLS
//! ```
//!
//! It prints how long a call took on average. `bench/instructions` runs it under callgrind.

#![expect(clippy::expect_used, reason = "a bench that cannot go on stops")]

use std::time::Instant;

use bytes::Bytes;
use hookstead_functions::{
    Call, Definition, FunctionSource, Functions, HttpCall, Integers, Invocation, Payload,
    RequestContext, ResultFormat, Settings, User,
};

/// What can be measured: a name and a function.
const WORKS: [(&str, &str); 4] = [
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
];

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
    };
    let functions = [(name.to_owned(), function)].into();
    let definition = Definition { functions, ..Definition::default() };
    let functions = Functions::load(definition, Settings::default()).expect("the work loads");
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

fn invocation(name: &str, body: Bytes) -> Invocation {
    Invocation {
        entry: name.to_owned(),
        call: Call::Http(HttpCall {
            payload: Payload::Request,
            query: [("page".to_owned(), "2".to_owned())].into(),
            body,
            result: Some(ResultFormat::Json),
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
