//! Where documents are kept, by what the export and the operator say.

use std::{fs, path::Path, time::Instant};

use hookstead_testing::SecantusDb;

use crate::program::{Served, app_of, copy_of_example, program, run};

const DATA: &str = "/app/quickstart-abcde/endpoint/data";

/// Adds one document to a collection of each of two data sources, and lists the second one's.
const TWO: &str = r#"exports = async ({ query }) => {
    const collection = (name) => context.services.get(name).db("d").collection("c");
    await collection("Cluster0").insertOne({ _id: query.id, in: "Cluster0" });
    await collection("Archive").insertOne({ _id: query.id, in: "Archive" });
    return collection("Archive").find();
};"#;

fn two_sources() -> tempfile::TempDir {
    let source = |name: &str| format!(r#"{{"name": "{name}", "type": "mongodb-atlas"}}"#);
    app_of(&[
        ("functions/two.js", TWO),
        ("data_sources/Cluster0/config.json", &source("Cluster0")),
        ("data_sources/Archive/config.json", &source("Archive")),
    ])
}

fn settings(app: &Path, text: &str) {
    fs::write(app.join("hookstead.toml"), text).unwrap();
}

/// The documentation's own example of an endpoint, on either store.
#[test]
fn a_body_is_stored_and_listed() {
    let server = SecantusDb::start();
    for text in [String::new(), format!("[data]\nmongodb_uri = \"{}\"\n", server.uri())] {
        let app = copy_of_example("quickstart");
        settings(app.path(), &text);
        let data = tempfile::tempdir().unwrap();
        // Flags win, so that the documents outlive the first server.
        let flags = ["--data-dir", data.path().to_str().unwrap()];
        let served = Served::start_in(app.path(), &flags);
        let none = served.call("POST", DATA, &[], "");
        assert_eq!(none.status, 400, "{}", none.text());
        assert_eq!(none.text(), "Could not find a body in the request.");
        let stored = served.call("POST", DATA, &[], "tea");
        assert_eq!(stored.status, 201, "{}", stored.text());
        let answer: serde_json::Value = serde_json::from_slice(&stored.body).unwrap();
        let id = answer["insertedId"].as_str().unwrap();
        assert_eq!((id.len(), answer.as_object().unwrap().len()), (24, 1));
        drop(served);
        let served = Served::start_in(app.path(), &flags);
        let list: serde_json::Value =
            serde_json::from_slice(&served.call("GET", DATA, &[], "").body).unwrap();
        assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
        assert_eq!((list[0]["_id"].as_str(), list[0]["text"].as_str()), (Some(id), Some("tea")));
        assert_eq!(data.path().join("documents.sqlite3").exists(), text.is_empty());
    }
}

#[test]
fn each_data_source_has_a_store_of_its_own() {
    let (archive, main) = (SecantusDb::start(), SecantusDb::start());
    let app = two_sources();
    let call = |id: &str| {
        let served = Served::start(app.path(), &[]);
        served
            .call("GET", &format!("/app/made-abcde/endpoint/two?id={id}"), &[], "")
            .text()
            .to_owned()
    };
    // The data folder keeps them apart.
    assert_eq!(call("a"), r#"[{"_id":"a","in":"Archive"}]"#);
    settings(
        app.path(),
        &format!(
            "[data]\nmongodb_uri = \"{}\"\n[data_sources.Archive]\nuri = \"{}\"\n",
            main.uri(),
            archive.uri()
        ),
    );
    assert_eq!(call("b"), r#"[{"_id":"b","in":"Archive"}]"#);
    // One deployment for both: the second insert meets the first.
    settings(app.path(), &format!("[data]\nmongodb_uri = \"{}\"\n", main.uri()));
    assert!(call("c").contains("E11000"), "{}", call("c"));
}

#[test]
fn a_variable_names_the_deployment_of_one_data_source() {
    let server = SecantusDb::start();
    let app = two_sources();
    let path = app.path().to_str().unwrap();
    let mut command = program(&["data", "list", "--app", path, "--source", "Archive"]);
    let output = command.env("HOOKSTEAD_DATA_SOURCES_ARCHIVE_URI", server.uri()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(&format!("no collections in MongoDB at {}", server.address())), "{told}");
    let told = run(&["data", "list", "--app", path, "--source", "Archive"]).stderr;
    assert!(told.contains("documents.sqlite3"), "{told}");
}

#[test]
fn what_is_decided_about_a_data_source_that_is_not_there_stops_the_program() {
    let app = two_sources();
    let path = app.path().to_str().unwrap();
    for (text, wanted) in [
        (
            "[data_sources.Cluster1]\nuri = \"\"",
            "no data source \"Cluster1\"\n  → did you mean \"Cluster0\"?",
        ),
        ("[data_sources.Archive]\nurl = \"mongodb://u:s3cret@h\"", "none of the name \"url\""),
        ("[data_sources.Archive]\nuri = 5", "has a uri that must be a text in quotes"),
        (
            "[[data_sources.Archive.indexes]]\ncollection = \"c\"\nkeys = [\"a\"]",
            "number 1: its collection must be",
        ),
        (
            "[[data_sources.Archive.indexes]]\ncollection = \"d.c\"\nkeys = \"a\"",
            "its keys must be a list",
        ),
        (
            "[[data_sources.Archive.indexes]]\ncollection = \"d.c\"\nkeys = [\"a\"]\nuniq = true",
            "no key \"uniq\"",
        ),
        ("[data_sources]\nArchive = 5", "must be a section of its own"),
        ("[data_sources.Archive]\nuri = \"mongo://u:s3cret@h\"", "Archive\" cannot be used"),
        ("[data]\nmongodb_uri = \"mongodb://u:s3cret@\"", "[data] mongodb_uri"),
        (
            "[[data_sources.Archive.indexes]]\ncollection = \"d.c\"\nkeys = [\"$a\"]",
            "cannot have the field",
        ),
        (
            "[[data_sources.Archive.indexes]]\ncollection = \"d.system.c\"\nkeys = [\"a\"]",
            "Invalid system namespace",
        ),
        ("[app]\ndata_dir = \"hookstead.toml\"", "data_dir"),
        ("[outbound]\nallow = [\"300.1.2.3/99\"]", "[outbound] allow"),
        ("[limits]\nrun_time_s = 0", "run_time_s"),
    ] {
        settings(app.path(), text);
        for command in [&["serve", path, "--listen", "127.0.0.1:0"][..], &["check", path]] {
            let outcome = run(command);
            assert_eq!(outcome.status, 2, "{text}: {outcome:?}");
            assert!(outcome.stderr.contains(wanted), "{text}: {}", outcome.stderr);
            assert!(!outcome.stderr.contains("s3cret"), "{}", outcome.stderr);
        }
    }
    settings(app.path(), "");
    let mut command = program(&["serve", path, "--listen", "127.0.0.1:0"]);
    let output = command.env("HOOKSTEAD_DATA_SOURCES_ARCHIV_URI", "mongodb://h").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("HOOKSTEAD_DATA_SOURCES_ARCHIV_URI: the app has no data source"),
        "{told}"
    );
}

#[test]
fn a_uri_that_is_wrong_stops_the_program_without_telling_the_password() {
    let app = copy_of_example("quickstart");
    settings(app.path(), "[data]\nmongodb_uri = \"mongodb://user:s3c@ret@host/\"\n");
    let outcome = run(&["serve", app.path().to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("[data] mongodb_uri (HOOKSTEAD_MONGODB_URI)"), "{outcome:?}");
    assert!(outcome.stderr.contains("must be percent-encoded"), "{outcome:?}");
    assert!(!outcome.stderr.contains("s3c"), "{outcome:?}");
}

#[test]
fn a_server_that_is_gone_is_an_error_in_time_and_comes_back() {
    let mut server = SecantusDb::start();
    let app = copy_of_example("quickstart");
    let text = format!(
        "[data]\nmongodb_uri = \"{}\"\nserver_selection_time_s = 1\nconnect_time_s = 1\n",
        server.uri()
    );
    settings(app.path(), &text);
    let served = Served::start(app.path(), &[]);
    assert_eq!(served.call("POST", DATA, &[], "tea").status, 201);
    server.kill();
    let start = Instant::now();
    let gone = served.call("GET", DATA, &[], "");
    assert_eq!(gone.status, 503, "{}", gone.text());
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    server.restart();
    let back = served.call("POST", DATA, &[], "more tea");
    assert_eq!(back.status, 201, "{}", back.text());
    let list = served.call("GET", DATA, &[], "");
    assert!(list.status == 200 && list.text().contains("more tea"), "{}", list.text());
}

#[test]
fn an_index_that_is_declared_is_kept_and_one_that_cannot_be_made_is_told() {
    let app = app_of(&[(
        "functions/add.js",
        r#"exports = ({ query: { number } }) =>
            context.services.get("any").db("d").collection("c").insertOne({ number });"#,
    )]);
    let data = tempfile::tempdir().unwrap();
    let flags = ["--data-dir", data.path().to_str().unwrap()];
    let add = |number: u32| {
        let served = Served::start_in(app.path(), &flags);
        served.call("GET", &format!("/app/made-abcde/endpoint/add?number={number}"), &[], "")
    };
    let index = "[[data_sources.mongodb-atlas.indexes]]\ncollection = \"d.c\"\n\
                 keys = [\"number\"]\nunique = true\n";
    settings(app.path(), index);
    assert_eq!(add(1).status, 200);
    let again = add(1);
    assert!(again.status == 400 && again.text().contains("index: number_1 dup key"), "{again:?}");
    settings(app.path(), "");
    assert_eq!(add(1).status, 200);
    settings(app.path(), index);
    let arguments =
        [&["serve", app.path().to_str().unwrap(), "--listen", "127.0.0.1:0"], &flags[..]].concat();
    let outcome = run(&arguments);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    let wanted = "[data_sources.mongodb-atlas] indexes: the index number_1 of d.c cannot be made: \
                  documents have the same key { number: \"1\" }";
    assert!(outcome.stderr.contains(wanted), "{outcome:?}");
}
