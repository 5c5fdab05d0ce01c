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
fn broken_json_is_told_with_its_place_and_what_is_wrong_there() {
    let cases = [
        ("{\n  \"a\": 1\n  \"b\": 2\n}", 3, "line 3, column 3: expected `,` or `}`", "that place"),
        ("{'a': 1}", 1, "line 1, column 2: key must be a string", "double quotes"),
        ("{\"a\": }", 1, "line 1, column 7: expected value", "that place"),
        ("[1,\n 2", 2, "line 2, column 2: the file ends within a list", "is not closed"),
        ("{\"a\":", 1, "the file ends where a value should be", "is not closed"),
        ("{\"a", 1, "the file ends within a string", "is not closed"),
        ("", 1, "the file ends where a value should be", "the file is empty"),
        ("{} {}", 1, "trailing characters", "that place"),
        ("// x\n{}", 1, "expected value", "no comments"),
        ("{\n<<<<<<< HEAD\n}", 2, "line 2, column 1", "conflict"),
    ];
    for (text, line, message, remedy) in cases {
        let loaded = loaded(&[META, ("values/a.json", text)]);
        assert_eq!(told(&loaded), [format!("error json-syntax values/a.json:{}", line.max(1))]);
        let problem = &loaded.problems[0];
        assert!(problem.message.contains(message), "{text}: {}", problem.message);
        assert!(problem.remedy.contains(remedy), "{text}: {}", problem.remedy);
    }
}

#[test]
fn files_that_cannot_be_used_have_the_remedy_of_their_reason() {
    let dir = write(&[META]);
    write_one(dir.path(), "functions/latin.js", b"exports = '\xff'");
    write_one(dir.path(), "functions/large.js", &vec![b' '; 8 * 1024 * 1024 + 1]);
    std::os::unix::fs::symlink("nowhere", dir.path().join("functions/link.js")).unwrap();
    let deep = format!("functions/{}x.js", "d/".repeat(40));
    write_one(dir.path(), &deep, b"");
    let loaded = load(dir.path(), &LoadOptions::default()).unwrap();
    let remedy = |file: &str| {
        let problem = loaded.problems.iter().find(|one| one.file.ends_with(file)).unwrap();
        (problem.message.clone(), problem.remedy.clone())
    };
    assert_eq!(remedy("latin.js").1, "save it as UTF-8");
    assert!(remedy("large.js").1.starts_with("keep a smaller file"));
    assert!(remedy("link.js").1.contains("itself in its place"));
    let (message, remedy) = remedy("/d");
    assert!(message.contains("more than 32 folders deep") && remedy.contains("further up"));
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
