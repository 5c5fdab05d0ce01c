//! Queries that compute for hours: they take nothing from the other endpoints, and the program
//! stops while they run.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::program::{Served, app_of};

const ENDPOINT: &str = "/app/made-abcde/endpoint";

/// Every endpoint works on one collection.
const COLLECTION: &str =
    "const c = () => context.services.get('mongodb-atlas').db('shop').collection('things');\n";

/// An expression of 10^15 steps, which no one can compute beforehand.
const ENDLESS: &str = r#"{"$map":{"input":{"$range":[0,100000]},"in":{"$map":{"input":
    {"$range":[0,100000]},"in":{"$map":{"input":{"$range":[0,100000]},"in":"$_id"}}}}}}"#;

fn served() -> Served {
    let endpoint = |body: &str| format!("{COLLECTION}exports = async ({{ body }}) => {{ {body} }}");
    let list = "const b = JSON.parse(body.text()); return c().find(b.filter || {}).toArray()";
    let made = "const b = JSON.parse(body.text()); return c().aggregate(b.stages).toArray()";
    let save = "const b = JSON.parse(body.text()); \
                return c().updateOne(b.filter, b.update, { upsert: true })";
    let files = [
        ("functions/list.js", endpoint(list)),
        ("functions/made.js", endpoint(made)),
        ("functions/save.js", endpoint(save)),
        ("functions/one.js", endpoint("return c().findOne({ n: { $gt: 0 } })")),
        ("functions/hello.js", "exports = () => 'hello'".to_owned()),
        ("hookstead.toml", "[limits]\nrun_time_s = 3\nshutdown_time_s = 3\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, &**text)).collect();
    Served::start(app_of(&files).path(), &[])
}

/// A function and what it is sent: each would run for hours.
fn attacks() -> Vec<(&'static str, String)> {
    let filter = format!(r#"{{"$expr":{{"$eq":[{ENDLESS},1]}}}}"#);
    let unwind = r#"{"$set":{"x":{"$range":[0,100000]}}},{"$unwind":"$x"}"#;
    vec![
        ("save", format!(r#"{{"filter":{filter},"update":{{"$set":{{"x":1}}}}}}"#)),
        ("list", format!(r#"{{"filter":{filter}}}"#)),
        (
            "made",
            format!(r#"{{"stages":[{unwind},{unwind},{unwind},{{"$match":{{"nothing":1}}}}]}}"#),
        ),
    ]
}

fn call(served: &Served, function: &str, body: &str) -> (u16, String) {
    let response = served.call("POST", &format!("{ENDPOINT}/{function}"), &[], body);
    (response.status, response.text().to_owned())
}

const SAVE: &str = r#"{"filter":{"_id":1},"update":{"$inc":{"n":1}}}"#;

#[test]
fn what_computes_for_hours_ends_with_its_run_and_takes_nothing_from_others() {
    let served = served();
    assert_eq!(call(&served, "save", SAVE).0, 200);
    thread::scope(|scope| {
        for (function, body) in attacks().into_iter().cycle().take(24) {
            let served = &served;
            scope.spawn(move || {
                let (status, text) = call(served, function, &body);
                assert_ne!(status, 200, "{function}: {text}");
            });
        }
        thread::sleep(Duration::from_millis(500));
        assert_eq!(call(&served, "hello", ""), (200, "\"hello\"".to_owned()));
        let (status, text) = call(&served, "one", "");
        assert!(status == 200 && text.contains("\"n\""), "{status} {text}");
        let (status, text) = call(&served, "save", SAVE);
        assert_eq!(status, 200, "{text}");
    });
    // Afterwards everything is as before.
    for (function, body) in [("save", SAVE), ("one", ""), ("list", "{}")] {
        let (status, text) = call(&served, function, body);
        assert_eq!(status, 200, "{function}: {text}");
    }
    let (log, status) = served.stop();
    assert_eq!(status, 0, "{log}");
}

#[test]
fn the_program_stops_while_something_computes_for_hours() {
    let served = served();
    assert_eq!(call(&served, "save", SAVE).0, 200);
    thread::scope(|scope| {
        for (function, body) in attacks().into_iter().cycle().take(6) {
            let served = &served;
            scope.spawn(move || {
                let path = format!("{ENDPOINT}/{function}");
                // Whether it is answered before the end is not the point.
                let call = || served.call("POST", &path, &[], &body);
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
            });
        }
        thread::sleep(Duration::from_millis(500));
        served.ask_to_stop();
    });
    let asked = Instant::now();
    let (log, status) = served.stop();
    assert_eq!(status, 0, "{log}");
    assert!(asked.elapsed() < Duration::from_secs(60), "{log}");
}

#[test]
fn a_run_has_its_share_of_transactions_and_others_go_on() {
    let hold = "const client = context.services.get('mongodb-atlas'); const all = []; \
                for (let n = 0; n < 4; n++) { const session = client.startSession(); \
                all.push(session); session.startTransaction(); \
                await c().insertOne({ _id: 'held ' + n }, { session }); } \
                await new Promise((done) => setTimeout(done, 1500)); \
                for (const session of all) await session.abortTransaction(); return all.length";
    let own = "const client = context.services.get('mongodb-atlas'); \
               const one = async (n) => { const session = client.startSession(); \
               await session.withTransaction(async () => { \
               await c().insertOne({ _id: 'own ' + n }, { session }) }) }; \
               await Promise.all([...Array(40).keys()].map(one)); return c().count()";
    let endpoint = |body: &str| format!("{COLLECTION}exports = async () => {{ {body} }}");
    let settings =
        "[limits]\nrun_time_s = 30\n[data]\ntransactions_max = 6\nrun_transactions_max = 4\n";
    let (hold, own) = (endpoint(hold), endpoint(own));
    let files =
        [("functions/hold.js", &*hold), ("functions/own.js", &*own), ("hookstead.toml", settings)];
    let served = Served::start(app_of(&files).path(), &[]);
    thread::scope(|scope| {
        let held = scope.spawn(|| call(&served, "hold", ""));
        thread::sleep(Duration::from_millis(300));
        assert_eq!(call(&served, "own", ""), (200, "40".to_owned()));
        assert_eq!(held.join().unwrap(), (200, "4".to_owned()));
    });
}

#[test]
fn a_run_has_a_number_of_sessions_and_cursors_open_and_ends_make_room() {
    let sessions = "const client = context.services.get('mongodb-atlas'); const all = []; \
                    try { for (let n = 0; n < 9; n++) all.push(client.startSession()) } \
                    catch (error) { const found = [all.length, error.message]; \
                    await all[0].endSession(); all[0] = client.startSession(); \
                    for (let n = 0; n < 9; n++) { await client.startSession().endSession() } \
                    return found }";
    // Of the nine sessions of the second loop each finds the place of the one before.
    let sessions = sessions.replace(
        "all[0] = client.startSession(); ",
        "await all[1].endSession(); all[0] = client.startSession(); ",
    );
    let cursors = "await c().insertMany([...Array(300).keys()].map((n) => ({ n }))); \
                   const all = []; \
                   try { for (let n = 0; n < 9; n++) { const cursor = c().find({}); \
                   await cursor.next(); all.push(cursor) } } \
                   catch (error) { const found = [all.length, error.message]; \
                   await all[0].close(); await c().find({}).next(); return found }";
    let endpoint = |body: &str| format!("{COLLECTION}exports = async () => {{ {body} }}");
    let settings = "[data]\nrun_sessions_max = 3\nrun_cursors_max = 2\n";
    let (sessions, cursors) = (endpoint(&sessions), endpoint(cursors));
    let files = [
        ("functions/sessions.js", &*sessions),
        ("functions/cursors.js", &*cursors),
        ("hookstead.toml", settings),
    ];
    let served = Served::start(app_of(&files).path(), &[]);
    for (function, told) in
        [("sessions", ["3,", "run_sessions_max"]), ("cursors", ["2,", "run_cursors_max"])]
    {
        let (status, text) = call(&served, function, "");
        assert!(status == 200 && told.iter().all(|part| text.contains(part)), "{status} {text}");
    }
}

#[test]
fn what_the_store_computes_has_no_more_memory_than_there_is() {
    let fill = "return c().insertOne({ _id: 1, t: 'x'.repeat(1 << 20) })";
    let gather = "const all = { $map: { input: { $range: [0, 12] }, in: '$t' } }; \
                  const stages = [{ $match: { _id: 1 } }, { $project: { x: { $size: all } } }]; \
                  return c().aggregate(stages).toArray()";
    let endpoint = |body: &str| format!("{COLLECTION}exports = async () => {{ {body} }}");
    let (fill, gather) = (endpoint(fill), endpoint(gather));
    let files = [
        ("functions/fill.js", &*fill),
        ("functions/gather.js", &*gather),
        ("functions/hello.js", "exports = () => 'hello'"),
        ("hookstead.toml", "[limits]\nmemory_mib = 48\n"),
    ];
    let served = Served::start(app_of(&files).path(), &[]);
    assert_eq!(call(&served, "fill", "").0, 200);
    assert_eq!(call(&served, "gather", "").0, 200);
    thread::scope(|scope| {
        let served = &served;
        let all = [(); 24].map(|()| scope.spawn(move || call(served, "gather", "")));
        assert_eq!(call(served, "hello", "").0, 200);
        for one in all {
            let (status, text) = one.join().unwrap();
            assert!([200, 429, 503].contains(&status), "{status} {text}");
        }
    });
    assert_eq!(call(&served, "gather", "").0, 200);
}
