//! `hookstead data`, on both stores.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use hookstead_testing::SecantusDb;

use crate::program::{Outcome, Served, app_of, copy_of_example, program, run, run_with_input};

/// A value of every type, and ids of several.
const TYPES: &str = include_str!("types.jsonl");

/// An app, its data folder, and the server that it keeps its documents in, if it does.
struct Place {
    app: tempfile::TempDir,
    _server: Option<SecantusDb>,
}

impl Place {
    fn both() -> [Self; 2] {
        let server = SecantusDb::start();
        let uri = server.uri();
        let mongodb = Self::embedded(&format!("[data]\nmongodb_uri = \"{uri}\"\n"));
        [Self::embedded(""), Self { _server: Some(server), ..mongodb }]
    }

    fn embedded(settings: &str) -> Self {
        let app = app_of(&[("functions/none.js", "exports = () => 1;")]);
        fs::write(app.path().join("hookstead.toml"), settings).unwrap();
        Self { app, _server: None }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.app.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn data(&self, command: &str, arguments: &[&str]) -> Outcome {
        run(&[&["data", command, "--app", self.app.path().to_str().unwrap()], arguments].concat())
    }

    fn import(&self, file: &Path, more: &[&str]) -> Outcome {
        self.data("import", &[&["shop.orders", file.to_str().unwrap()], more].concat())
    }

    fn exported(&self) -> String {
        let outcome = self.data("export", &["shop.orders"]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        outcome.stdout
    }
}

fn numbered(numbers: impl Iterator<Item = u32>) -> String {
    numbers.map(|n| format!("{{\"_id\":{{\"$numberInt\":\"{n}\"}},\"n\":\"{n}\"}}\n")).collect()
}

#[test]
fn what_is_exported_is_what_was_imported_to_the_byte() {
    for place in Place::both() {
        let file = place.file("types.jsonl", TYPES);
        let outcome = place.import(&file, &[]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
        assert!(outcome.stderr.starts_with("imported 3 documents into shop.orders"), "{outcome:?}");
        assert_eq!(place.exported(), TYPES);
        let list = place.data("list", &[]);
        assert_eq!(list.stdout, "shop.orders  3 documents\n", "{list:?}");
        let one = ["shop.orders", "--query", r#"{"_id": "a"}"#, "--format", "relaxed"];
        let one = place.data("export", &one).stdout;
        assert!(one.contains(r#""list":[1,["x"],{}],"0":{"z":1,"a":2}"#), "{one}");
    }
}

#[test]
fn an_import_that_was_interrupted_goes_on() {
    for place in Place::both() {
        let broken = numbered(0..1_500) + "{\"_id\":\n";
        let file = place.file("orders.jsonl", &broken);
        let outcome = place.import(&file, &[]);
        assert_eq!(outcome.status, 1, "{outcome:?}");
        let wanted = format!("error: {}:1501: the document has no end", file.display());
        assert!(outcome.stderr.contains(&wanted), "{outcome:?}");
        let remedy = "→ the documents before line 1501 are imported; correct the line";
        assert!(outcome.stderr.contains(remedy), "{outcome:?}");
        assert_eq!(place.exported().lines().count(), 1_500);
        let file = place.file("orders.jsonl", &numbered(0..2_500));
        let outcome = place.import(&file, &[]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        assert!(outcome.stderr.starts_with("imported 1,000 documents"), "{outcome:?}");
        assert!(outcome.stderr.contains("1,500 left as they were"), "{outcome:?}");
        assert_eq!(place.exported(), numbered(0..2_500));
    }
}

#[test]
fn an_import_that_is_killed_goes_on() {
    let place = Place::embedded("");
    let all = numbered(0..60_000);
    let file = place.file("orders.jsonl", &all);
    let app = place.app.path().to_str().unwrap().to_owned();
    let arguments = ["data", "import", "--app", &app, "shop.orders", file.to_str().unwrap()];
    let mut child = program(&arguments).stderr(Stdio::null()).spawn().unwrap();
    let count = || place.data("list", &[]).stdout;
    while !count().starts_with("shop.orders") {
        assert!(child.try_wait().unwrap().is_none(), "it was too fast");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let outcome = place.import(&file, &[]);
    assert!(outcome.stderr.contains("left as they were"), "{outcome:?}");
    assert_eq!(place.exported(), all);
}

#[test]
fn documents_that_are_there_are_replaced_where_that_is_asked_for() {
    for place in Place::both() {
        place.import(&place.file("old.json", "[{\"_id\": 1, \"a\": 1}]"), &[]);
        let file = place.file("new.json", "[{\"_id\": 1, \"b\": 2},\n {\"_id\": 2}]");
        let outcome = place.import(&file, &["--mode", "upsert"]);
        assert!(outcome.stderr.starts_with("imported 2 documents into shop.orders"), "{outcome:?}");
        assert!(outcome.stderr.contains("; 1 took the place of others"), "{outcome:?}");
        let expected = "{\"_id\":{\"$numberInt\":\"1\"},\"b\":{\"$numberInt\":\"2\"}}\n\
                        {\"_id\":{\"$numberInt\":\"2\"}}\n";
        assert_eq!(place.exported(), expected);
    }
}

#[test]
fn what_a_unique_index_keeps_out_is_told_and_the_rest_comes_in() {
    let settings = "[[data_sources.mongodb-atlas.indexes]]\n\
                    collection = \"shop.orders\"\nkeys = [\"number\"]\nunique = true\n";
    let place = Place::embedded(settings);
    let text = "{\"_id\": 1, \"number\": 7}\n{\"_id\": 2, \"number\": 7}\n\
                {\"_id\": 3, \"number\": 8}\n";
    let file = place.file("orders.jsonl", text);
    for mode in ["insert", "upsert"] {
        let outcome = place.import(&file, &["--mode", mode]);
        assert_eq!(outcome.status, 1, "{outcome:?}");
        let wanted = format!("warning: {}:2: E11000 duplicate key error", file.display());
        assert!(outcome.stderr.starts_with(&wanted), "{outcome:?}");
        assert!(outcome.stderr.contains("; 1 not taken, see above"), "{outcome:?}");
        assert_eq!(place.exported().lines().count(), 2);
    }
}

#[test]
fn documents_without_an_id_get_one_and_that_is_told() {
    let place = Place::embedded("");
    let app = place.app.path().to_str().unwrap();
    let arguments = ["data", "import", "--app", app, "shop.orders"];
    let outcome = run_with_input(&arguments, "{\"a\": 1}\n");
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(outcome.stderr.contains("warning: 1 document had no _id"), "{outcome:?}");
    let exported = place.exported();
    assert!(exported.starts_with("{\"_id\":{\"$oid\":\""), "{exported}");
}

#[test]
fn an_export_goes_on_behind_its_last_document() {
    for place in Place::both() {
        place.import(&place.file("types.jsonl", TYPES), &[]);
        // The first document, and a part of the second one.
        let file = place.file("out.jsonl", &TYPES[..TYPES.find('\n').unwrap() + 20]);
        let path = file.to_str().unwrap();
        let refused = place.data("export", &["shop.orders", path]);
        assert_eq!(refused.status, 2, "{refused:?}");
        assert!(refused.stderr.contains("exists already\n  → name another file"), "{refused:?}");
        let outcome = place.data("export", &["shop.orders", path, "--resume"]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        assert!(outcome.stderr.starts_with("exported 2 documents"), "{outcome:?}");
        assert!(outcome.stderr.contains("; 1 document was there already"), "{outcome:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), TYPES);
        let again = place.data("export", &["shop.orders", path, "--resume"]);
        assert!(again.stderr.starts_with("exported 0 documents"), "{again:?}");
    }
}

#[test]
fn a_server_may_run_meanwhile() {
    let folder = copy_of_example("quickstart");
    let app = folder.path().to_str().unwrap();
    let served = Served::start(folder.path(), &[]);
    let get = || served.call("GET", "/app/quickstart-abcde/endpoint/data", &[], "");
    assert_eq!(get().text(), "[]");
    let data_dir = served.data_dir();
    let place = ["--app", app, "--data-dir", data_dir.to_str().unwrap()];
    let import = [&["data", "import", "quickstart.requests"], &place[..]].concat();
    let outcome = run_with_input(&import, "{\"_id\": 1, \"text\": \"from a file\"}\n");
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert_eq!(get().text(), r#"[{"_id":1,"text":"from a file"}]"#);
    served.call("POST", "/app/quickstart-abcde/endpoint/data", &[], "from a caller");
    let export = [&["data", "export", "quickstart.requests"], &place[..]].concat();
    let outcome = run(&export);
    assert_eq!(outcome.stdout.lines().count(), 2, "{outcome:?}");
    assert!(outcome.stdout.contains("from a caller"), "{outcome:?}");
}

#[test]
fn what_cannot_be_read_is_told_with_a_remedy() {
    let place = Place::embedded("");
    let file = place.file("orders.csv", "_id,a\n1,2\n");
    let outcome = place.import(&file, &[]);
    assert_eq!(outcome.status, 1);
    let wanted = format!("error: {}:1: the line does not begin with {{", file.display());
    assert!(outcome.stderr.starts_with(&wanted), "{outcome:?}");
    assert!(outcome.stderr.contains("→ export again with mongoexport --type=json"), "{outcome:?}");
    place.import(&place.file("one.json", "{\"_id\": 1}"), &[]);
    for (command, arguments, wanted) in [
        ("import", vec!["orders"], "with a dot between, such as shop.orders"),
        ("import", vec!["a$b.c"], "\"a$b\" cannot be the name of a database"),
        ("import", vec!["a.$c"], "\"$c\" cannot be the name of a collection"),
        ("export", vec!["shop.orders", "--query", "{"], "--query is not JSON: it ends too early\n"),
        (
            "export",
            vec!["shop.orders", "--query", "[1]"],
            "--query must be a JSON object such as {\"name\": \"Ada\"}\n",
        ),
        (
            "export",
            vec!["shop.orders", "--query", r#"{"a": {"$oid": "x"}}"#],
            "--query: the field a: an $oid has 24 hexadecimal digits",
        ),
        (
            "export",
            vec!["shop.orders", "--source", "mongodb-atlass"],
            "did you mean mongodb-atlas?",
        ),
    ] {
        let outcome = place.data(command, &arguments);
        assert_eq!(outcome.status, 2, "{outcome:?}");
        assert!(outcome.stderr.contains(wanted), "{outcome:?}");
    }
}

#[test]
fn an_export_does_not_go_on_with_a_file_of_something_else() {
    let place = Place::embedded("");
    place.import(&place.file("orders.json", &numbered(0..3)), &[]);
    for (text, line) in [
        ("{\"_id\":9}", 1),
        ("{\"name\":9}\n", 1),
        ("{\"_id\":\n", 1),
        ("[\n{\"_id\":9}\n]\n", 1),
        ("a,b\n1,2\n", 1),
        ("{\"_id\":9}\nnotes\n", 2),
    ] {
        let file = place.file("one.json", text);
        let path = file.to_str().unwrap();
        let outcome = place.data("export", &["shop.orders", path, "--resume"]);
        assert_eq!(outcome.status, 1, "{text:?}: {outcome:?}");
        let told = format!(
            "error: {path} was not written by an export: line {line} is not a whole document; \
             nothing was changed\n  → name another file, or remove this one and export again \
             without --resume\n"
        );
        assert_eq!(outcome.stderr, told, "{text:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
    // An export that was interrupted before its first document has left nothing.
    let file = place.file("empty.json", "");
    let outcome = place.data("export", &["shop.orders", file.to_str().unwrap(), "--resume"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), numbered(0..3));
}

#[test]
fn a_query_that_a_store_does_not_understand_makes_no_file() {
    // The test server reads a query only when it meets a document, which MongoDB does not.
    let place = Place::embedded("");
    place.import(&place.file("orders.json", &numbered(0..3)), &[]);
    let file = place.app.path().join("out.jsonl");
    let path = file.to_str().unwrap();
    let query = r#"{"a": {"$foo": 1}}"#;
    let outcome = place.data("export", &["shop.orders", path, "--query", query]);
    assert_eq!(outcome.status, 2, "{outcome:?}");
    let told = "error: --query: there is no operator $foo\n  → correct the query and run the \
                command again\n";
    assert_eq!(outcome.stderr, told);
    assert!(!file.exists());
}

#[test]
fn an_id_that_looks_like_a_condition_keeps_out_its_document_only() {
    for place in Place::both() {
        let text = "{\"_id\":{\"$x\":1}}\n{\"_id\":{\"a\":1}}\n{\"n\":1}\n";
        let file = place.file("bad.json", text);
        for mode in ["insert", "upsert"] {
            let outcome = place.import(&file, &["--mode", mode]);
            assert_eq!(outcome.status, 1, "{outcome:?}");
            let told = format!(
                "warning: {}:1: the _id holds the field $x, and no field inside an _id may begin \
                 with $\n",
                file.display()
            );
            assert!(outcome.stderr.starts_with(&told), "{outcome:?}");
            assert!(outcome.stderr.contains("; 1 not taken, see above"), "{outcome:?}");
        }
        assert_eq!(place.exported().lines().count(), 3);
    }
}

#[test]
fn a_document_that_is_not_taken_does_not_count_as_one_with_a_new_id() {
    let settings = "[[data_sources.mongodb-atlas.indexes]]\n\
                    collection = \"shop.orders\"\nkeys = [\"number\"]\nunique = true\n";
    let place = Place::embedded(settings);
    let file = place.file("orders.jsonl", "{\"number\": 7}\n{\"number\": 7}\n");
    let outcome = place.import(&file, &[]);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("warning: 1 document had no _id"), "{outcome:?}");
}

#[test]
fn a_value_that_is_not_right_is_told_with_its_field_and_what_to_write() {
    let place = Place::embedded("");
    let file = place.file("orders.jsonl", "{\"_id\": 1}\n{\"a\":\n {\"$date\": \"soon\"}}\n");
    let outcome = place.import(&file, &[]);
    let told = format!(
        "error: {}:2: the field a: $date is not right\n  → write {{\"$date\": \
         \"2026-01-31T12:00:00Z\"}}\n  → the documents before line 2 are imported;",
        file.display()
    );
    assert!(outcome.stderr.contains(&told), "{outcome:?}");
    let file = place.file("orders.jsonl", "{\"_id\": 1}\n{\"_id\":\n 2 x}\n");
    let outcome = place.import(&file, &[]);
    let told = format!("error: {}:3: column 4 is not JSON: a comma or }} is", file.display());
    assert!(outcome.stderr.contains(&told), "{outcome:?}");
}
