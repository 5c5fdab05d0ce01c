//! The log: JSON on every line where that is asked for, a few lines for a flood, and everything
//! that callers must not be told.

use std::{fs, net::TcpListener, path::Path, process::Stdio};

use serde_json::Value as Json;

use crate::program::{Served, app_of, copy_of_example, eventually, example, program, run};

const MADE: &str = "/app/made-abcde/endpoint";

fn objects(text: &str) -> Vec<Json> {
    let object = |line: &str| {
        let json: Json = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"));
        assert!(json.is_object(), "{line}");
        json
    };
    text.lines().map(object).collect()
}

/// A start that fails: what is told, the settings, a flag, what happens to the app, the status.
type FailedStart = (&'static str, &'static str, Option<&'static str>, fn(&Path), i32);

fn failed_starts() -> Vec<FailedStart> {
    vec![
        ("no key", "[limits]\nrun = 1\n", None, |_| {}, 2),
        ("is not TOML", "[limits\n", None, |_| {}, 2),
        ("unexpected argument", "", Some("--nothing"), |_| {}, 2),
        ("cannot listen", "", None, |_| {}, 1),
        ("holds no exported app", "", None, remove_app, 1),
        (
            "secrets.toml cannot be read",
            "",
            None,
            |app| fs::create_dir_all(app.join(".hookstead/secrets.toml")).unwrap(),
            1,
        ),
    ]
}

fn remove_app(app: &Path) {
    for entry in fs::read_dir(app).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false if path.ends_with("hookstead.toml") => {}
            false => fs::remove_file(path).unwrap(),
        }
    }
}

#[test]
fn a_start_that_fails_is_told_in_json() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    for (wanted, settings, flag, change, status) in failed_starts() {
        // What is wrong with the command line is known before any settings are read.
        for by_flag in [true, false].into_iter().filter(|by_flag| *by_flag || flag.is_none()) {
            let app = copy_of_example("quickstart");
            let chosen = if by_flag { "" } else { "[log]\nformat = \"json\"\n" };
            fs::write(app.path().join("hookstead.toml"), format!("{chosen}{settings}")).unwrap();
            change(app.path());
            let mut arguments = vec!["serve", app.path().to_str().unwrap(), "--listen", &taken];
            arguments.extend(flag);
            if by_flag {
                arguments.extend(["--log-format", "json"]);
            }
            let outcome = run(&arguments);
            assert_eq!(outcome.status, status, "{wanted}: {outcome:?}");
            assert!(outcome.stdout.is_empty(), "{wanted}");
            let told = objects(&outcome.stderr);
            let error = told.iter().find(|one| one["level"] == "error").unwrap();
            assert!(error["notice"].as_str().unwrap().contains(wanted), "{wanted}: {outcome:?}");
        }
    }
}

#[test]
fn everything_that_a_server_tells_is_json() {
    let app = app_of(&[
        ("functions/logs.js", "exports = () => console.log('a\\nb')"),
        ("functions/bad.js", "exports = () => {{{"),
        ("values/broken.json", "{"),
    ]);
    let path = app.path().to_str().unwrap();
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("other")).unwrap();
    fs::write(data.path().join(".gitignore"), "other").unwrap();
    let mut command = program(&["serve", path, "--listen", "127.0.0.1:0", "--watch"]);
    command.args(["--log-format", "json", "--data-dir", data.path().to_str().unwrap()]);
    command.env("HOOKSTEAD_LIMIT_RUN_TIME_S", "1");
    let served = Served::start_as(command);
    served.call("GET", &format!("{MADE}/logs"), &[], "");
    served.call("GET", &format!("{MADE}/nothing"), &[], "");
    fs::write(app.path().join("functions/logs.js"), "exports = () => 1").unwrap();
    eventually("the reload", || served.told().contains("the app was read again"));
    fs::write(app.path().join("hookstead.toml"), "[limits").unwrap();
    eventually("the failure", || served.told().contains("the version from before is still served"));
    served.ask_to_stop();
    eventually("the end", || served.told().contains("stopping"));
    let told = objects(&served.told());
    for wanted in ["HOOKSTEAD_LIMIT_RUN_TIME_S", "to it", "does not compile", "is not TOML"] {
        let is_told = told.iter().any(|one| one["notice"].as_str().unwrap().contains(wanted));
        assert!(is_told, "{wanted}: {told:?}");
    }
    let problem = told.iter().find(|one| one["file"] == "values/broken.json").unwrap();
    assert!(problem["code"].is_string() && problem["remedy"].is_string(), "{problem}");
    let (log, status) = served.stop();
    assert_eq!(status, 0);
    let log = objects(&log);
    assert!(log.iter().any(|entry| entry["error_code"] == "EndpointNotFound"), "{log:?}");
    for wanted in ["memory for runs", "of memory taken"] {
        let is_told = |one: &Json| one["notice"].as_str().is_some_and(|text| text.contains(wanted));
        let line = log.iter().find(|one| is_told(one)).unwrap_or_else(|| panic!("{wanted}"));
        assert_eq!(line["level"], "info", "{line}");
    }
}

#[test]
fn a_flood_of_refusals_is_a_few_lines_and_the_number_of_the_rest() {
    const CALLS: usize = 60;
    for format in ["human", "json"] {
        let app = copy_of_example("quickstart");
        let settings = "[log]\nrefusals_per_second_max = 0\n";
        fs::write(app.path().join("hookstead.toml"), settings).unwrap();
        let served = Served::start(app.path(), &["--log-format", format]);
        let endpoint = "/app/quickstart-abcde/endpoint";
        let shop = "/api/client/v2.0/app/quickstart-abcde/service/shop/incoming_webhook";
        let kinds = [
            ("GET", format!("/{}", "x".repeat(5000)), 404),
            ("GET", format!("{endpoint}/none"), 404),
            ("GET", format!("{shop}/signed"), 405),
            ("POST", format!("{shop}/signed"), 400),
            ("GET", format!("{shop}/secret?secret=wrong"), 401),
            ("OPTIONS", format!("{endpoint}/hello"), 204),
        ];
        for _ in 0..CALLS {
            for (method, path, status) in &kinds {
                assert_eq!(served.call(method, path, &[], "").status, *status, "{path}");
            }
        }
        served.call("GET", &format!("{endpoint}/hello"), &[], "");
        let (log, _) = served.stop();
        let counted = |line: &str| {
            let words: Vec<&str> = line.split([' ', '"']).collect();
            let at = words.iter().position(|word| *word == "more")?;
            words.get(at - 1)?.parse::<usize>().ok()
        };
        let total: usize = log.lines().filter_map(counted).sum();
        assert_eq!(total, CALLS * kinds.len(), "{format}: {log}");
        // What a function answered is written, whatever came before it.
        let answered = |line: &&str| line.contains("/hello") && counted(line).is_none();
        assert!(log.lines().any(|line| answered(&line) && line.contains("200")), "{format}: {log}");
        assert!(!log.contains("xxxx"), "{format}");
        if format == "json" {
            objects(&log);
        }
    }
}

/// What a function and its caller learn of an outage, and what the operator does.
#[test]
fn callers_learn_no_addresses_and_try_again_later() {
    // A port that nobody listens on.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let collection = "const c = context.services.get('any').db('d').collection('c');";
    let with = |body: &str| format!("exports = async () => {{ {collection} {body} }}");
    let fetch = format!("exports = async () => fetch('http://{address}/')");
    let cases = [
        ("find", with("return c.find({}).toArray()"), 503),
        ("insert", with("return c.insertOne({})"), 503),
        ("aggregate", with("return c.aggregate([]).toArray()"), 503),
        ("again", with("try { await c.find() .toArray() } catch (e) { throw e }"), 503),
        (
            "transaction",
            with(
                "const s = context.services.get('any').startSession(); \
             await s.withTransaction(() => c.insertOne({}, { session: s }))",
            ),
            503,
        ),
        ("own", with("try { await c.findOne() } catch (e) { throw Error('x ' + e.message) }"), 400),
        ("caught", with("try { await c.findOne() } catch (e) { return e.message + e.stack }"), 200),
        ("fetch", fetch, 400),
    ];
    let names: Vec<String> =
        cases.iter().map(|(name, ..)| format!("functions/{name}.js")).collect();
    let mut files: Vec<(&str, &str)> =
        names.iter().zip(&cases).map(|(name, (_, text, _))| (name.as_str(), &**text)).collect();
    let settings = format!(
        "[data]\nmongodb_uri = \"mongodb://user:pa55word@{address}\"\n\
         server_selection_time_s = 1\nconnect_time_s = 1\n"
    );
    files.push(("hookstead.toml", &settings));
    let app = app_of(&files);
    let served = Served::start(app.path(), &[]);
    for (name, _, status) in &cases {
        let answer = served.call("GET", &format!("{MADE}/{name}"), &[], "");
        let text = answer.text();
        assert_eq!(answer.status, *status, "{name}: {text}");
        let port = address.rsplit(':').next().unwrap();
        let insides = ["pa55word", "refused", "[outbound]", "/tmp", "os error"];
        for inside in insides.into_iter().chain((*name != "fetch").then_some(port)) {
            assert!(!text.contains(inside), "{name}: {inside} is in {text}");
        }
        let retry = answer.header("retry-after");
        assert_eq!(!retry.is_empty(), *status == 503, "{name}");
        if *status == 503 {
            let body: Json = serde_json::from_str(text).unwrap();
            assert_eq!(body["error_code"], "ServiceUnavailable", "{name}");
        }
    }
    let (log, _) = served.stop();
    // Every call has the address in its own entry.
    let named = log.lines().filter(|line| line.contains(&format!("{address}: "))).count();
    assert!(named >= 7, "{named}: {log}");
    assert!(log.contains("[outbound] allow") && !log.contains("pa55word"), "{log}");
}

#[test]
fn a_store_that_is_full_is_an_outage_and_tells_no_path() {
    let big = "exports = async () => { const c = context.services.get('any').db('d')\
               .collection('c'); for (;;) await c.insertOne({ x: 'x'.repeat(100000) }) }";
    let settings = "[data]\nfile_mib_max = 1\n";
    let app = app_of(&[("functions/big.js", big), ("hookstead.toml", settings)]);
    let served = Served::start(app.path(), &[]);
    let answer = served.call("GET", &format!("{MADE}/big"), &[], "");
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!answer.text().contains("sqlite"), "{}", answer.text());
    let path = served.data_dir().display().to_string();
    let (log, _) = served.stop();
    assert!(log.contains(&path), "{log}");
}

#[test]
fn a_reader_of_the_log_that_goes_away_does_not_end_the_server() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let app = example("quickstart");
    let data = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let arguments = ["serve", app.to_str().unwrap(), "--listen", &address, "--data-dir"];
    let mut command = program(&arguments);
    command.arg(data.path()).stdout(writer).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let url = format!("http://{address}/app/quickstart-abcde/endpoint/hello");
    eventually("an answer", || {
        assert_eq!(child.try_wait().unwrap(), None);
        ureq::get(&url).call().is_ok()
    });
    for _ in 0..20 {
        assert!(ureq::get(&url).call().is_ok());
    }
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
}
