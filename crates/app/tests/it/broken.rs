//! Broken files: told with their place, and harmless to the rest.

use hookstead_app::{AppValue, LoadOptions, load};
use serde_json::json;

use crate::{HELLO, META, loaded, sound, told, write, write_one};

#[test]
fn one_broken_file_does_not_stop_the_rest() {
    let loaded = loaded(&[
        META,
        HELLO,
        ("https_endpoints/config.json", "[\n{\"route\": }]"),
        ("values/a.json", "{"),
        ("values/b.json", r#"{"name":"b","value":1}"#),
        ("auth/providers.json", "nonsense"),
        ("functions/package.json", r#"{"dependencies":{"axios":1,"moment":"2"}}"#),
    ]);
    assert!(loaded.app.functions.contains_key("hello"));
    assert!(loaded.app.values.contains_key("b"));
    assert_eq!(loaded.app.dependencies.len(), 1);
    assert_eq!(
        told(&loaded),
        [
            "error json-syntax https_endpoints/config.json:2",
            "error json-syntax values/a.json:1",
            "error json-syntax auth/providers.json:1",
            "warning dependency-version functions/package.json:1 dependencies.axios",
        ]
    );
}

#[test]
fn byte_order_marks_are_ignored() {
    let app = sound(&[
        (".mdb/meta.json", "\u{feff}{\"config_version\":20230101,\"client_app_id\":\"a\"}"),
        ("functions/hello.js", "\u{feff}exports = 1"),
        ("values/a.json", "\u{feff}{\"name\": \"a\", \"value\": 1}"),
        ("functions/package.json", "\u{feff}{\"dependencies\": {\"b\": \"1.0.0\"}}"),
    ]);
    assert_eq!(app.functions["hello"].source, "exports = 1");
    assert!(matches!(&app.values["a"], AppValue::Plain(value) if *value == json!(1)));
    assert_eq!(app.dependencies.len(), 1);
}

#[test]
fn trailing_commas_are_taken_with_a_warning() {
    let text = "{\"name\": \"a\",\n \"value\": [\"x,]\", {\"k\\\"}\": 1,\n}, ],\n}";
    let loaded = loaded(&[META, ("values/a.json", text)]);
    assert!(
        matches!(&loaded.app.values["a"], AppValue::Plain(v) if *v == json!(["x,]", {"k\"}": 1}]))
    );
    assert_eq!(
        told(&loaded),
        [
            "warning json-trailing-comma values/a.json:2",
            "warning json-trailing-comma values/a.json:3",
            "warning json-trailing-comma values/a.json:3",
        ]
    );
}

#[test]
fn no_text_makes_the_reader_panic() {
    for text in [
        "",
        " ",
        "\"",
        "\"\\",
        "\"\\é",
        "{\"a",
        "{\"a\"",
        "{\"é\":",
        "[,",
        "[,]",
        "{,}",
        "]",
        "}}",
        "{\"a\":1,\"a\":{\"a\":2,\"a\":3}}",
        "\u{0}",
        "[1 2]",
        "{1:2}",
        "é",
        "[é,é]",
        "{\"\\ud800\":1}",
        "NaN",
        "[\"\n\"]",
        "//x\n{}",
    ] {
        for path in ["values/a.json", "https_endpoints/config.json", "root_config.json"] {
            loaded(&[META, (path, text)]);
        }
    }
    let deep = "[".repeat(100_000);
    let loaded = loaded(&[META, ("values/a.json", &deep)]);
    assert_eq!(loaded.problems[0].code, "json-syntax");
}

#[test]
fn sources_that_are_no_text_are_told() {
    let dir = write(&[META, HELLO]);
    write_one(dir.path(), "functions/bad.js", b"exports = '\xff'");
    let loaded = load(dir.path(), &LoadOptions::default()).unwrap();
    assert!(loaded.app.functions.contains_key("hello"));
    assert!(!loaded.app.functions.contains_key("bad"));
    assert_eq!(told(&loaded), ["error file-unusable functions/bad.js"]);
}

#[test]
fn files_over_the_limit_are_told() {
    let dir = write(&[META]);
    write_one(dir.path(), "functions/fits.js", &vec![b' '; 8 * 1024 * 1024]);
    write_one(dir.path(), "functions/large.js", &vec![b' '; 8 * 1024 * 1024 + 1]);
    let loaded = load(dir.path(), &LoadOptions::default()).unwrap();
    let names: Vec<_> = loaded.app.functions.keys().map(String::as_str).collect();
    assert_eq!(names, ["fits"]);
    assert_eq!(told(&loaded), ["error file-unusable functions/large.js"]);
    assert!(loaded.problems[0].message.contains("8 MiB"));
}

#[test]
fn reading_twice_gives_the_same() {
    let files = [
        META,
        ("values/b.json", "{"),
        ("values/a.json", "{"),
        ("functions/config.json", r#"[{"name":"z"},{"name":"a"},{"x":1}]"#),
        ("functions/q.js", ""),
    ];
    assert_eq!(told(&loaded(&files)), told(&loaded(&files)));
}

/// What takes seconds on purpose would take hours, or all memory, were it done the simple way.
#[test]
fn an_export_made_to_be_slow_is_read_all_the_same() {
    let key = "k".repeat(2_000_000);
    let zeros = "0,".repeat(500_000);
    let template = r#""%(%%a)","#.repeat(50_000);
    let files = [format!("{{\"{key}\":[{zeros}0]}}"), format!("{{\"{key}\":[{template}0]}}")];
    for text in &files {
        loaded(&[META, ("root_config.json", text)]);
    }
    let entry = |n| format!(r#"{{"route":"/{n}","http_method":"GET","function_name":"hello"}}"#);
    let entries: Vec<_> = (0..20_000).map(entry).collect();
    let list = format!("[{}]", entries.join(","));
    let files = [META, HELLO, ("https_endpoints/config.json", &*list)];
    assert_eq!(sound(&files).endpoints.len(), 20_000);
    let list = list.replace(r#""http_method""#, r#""route":"/x","http_method""#);
    let files = [META, HELLO, ("https_endpoints/config.json", &*list)];
    assert_eq!(loaded(&files).problems.len(), 2 * 20_000 - 1);
}
