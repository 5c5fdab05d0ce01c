//! Names that are nearly right are told with the right one.

use std::fs;

use hookstead_app::{LoadError, LoadOptions, load};

use crate::{Files, HELLO, META, REALM, STITCH, loaded, sound, told, write, write_one};

/// Exports, and the problem of one code with the remedy that it has to have.
const LETTER_CASE: &[(Files<'_>, &str, &str)] = &[
    (
        &[
            META,
            ("functions/config.json", r#"[{"name":"hello"}]"#),
            ("functions/Hello.js", "exports = () => 1"),
        ],
        "function-file-missing",
        "rename `functions/Hello.js` to `functions/hello.js`",
    ),
    (
        &[
            META,
            ("functions/config.json", r#"[{"name":"utils/add"}]"#),
            ("functions/Utils/Add.JS", "exports = () => 1"),
        ],
        "function-file-missing",
        "rename `functions/Utils/Add.JS` to `functions/utils/add.js`",
    ),
    (
        &[
            STITCH,
            ("functions/f/config.json", r#"{"name":"f"}"#),
            ("functions/f/Source.js", "exports = () => 1"),
        ],
        "function-file-missing",
        "rename `functions/f/Source.js` to `functions/f/source.js`",
    ),
    (
        &[
            STITCH,
            ("services/s/config.json", r#"{"name":"s","type":"http"}"#),
            ("services/s/incoming_webhooks/w/config.json", r#"{"name":"w"}"#),
            ("services/s/incoming_webhooks/w/SOURCE.js", "exports = () => 1"),
        ],
        "webhook-file-missing",
        "rename `services/s/incoming_webhooks/w/SOURCE.js` to \
         `services/s/incoming_webhooks/w/source.js`",
    ),
    (
        &[
            STITCH,
            ("services/s/config.json", r#"{"name":"s","type":"http"}"#),
            ("services/s/incoming_webhooks/w/Config.json", r#"{"name":"w"}"#),
            ("services/s/incoming_webhooks/w/source.js", "exports = () => 1"),
        ],
        "webhook-config-missing",
        "rename `services/s/incoming_webhooks/w/Config.json` to \
         `services/s/incoming_webhooks/w/config.json`",
    ),
    (
        &[
            META,
            HELLO,
            (
                "https_endpoints/config.json",
                r#"[{"route":"/a","http_method":"GET","function_name":"Hello"}]"#,
            ),
        ],
        "endpoint-function-missing",
        "write `hello`, as the function is called",
    ),
    (
        &[
            META,
            ("root_config.json", r#"{"name":"shop","environment":"production"}"#),
            ("environments/Production.json", r#"{"values":{}}"#),
        ],
        "environment-missing",
        "rename `environments/Production.json` to `environments/production.json`",
    ),
    (
        &[META, HELLO, ("https_endpoints/Config.json", "[]")],
        "file-letter-case",
        "rename `https_endpoints/Config.json` to `https_endpoints/config.json`",
    ),
    (
        &[META, HELLO, ("Auth/providers.json", "{}")],
        "file-letter-case",
        "rename `Auth/providers.json` to `auth/providers.json`",
    ),
    (
        &[HELLO, ("Realm_Config.json", "{}")],
        "file-letter-case",
        "rename `Realm_Config.json` to `realm_config.json`",
    ),
];

#[test]
fn a_file_that_differs_in_letter_case_is_named_with_the_name_that_is_read() {
    for (files, code, remedy) in LETTER_CASE {
        let loaded = loaded(files);
        let found = loaded.problems.iter().filter(|one| one.code.as_str() == *code);
        let remedies: Vec<_> = found.map(|one| one.remedy.as_str()).collect();
        assert_eq!(remedies, [*remedy], "{files:?}");
    }
}

#[test]
fn what_macos_leaves_behind_counts_as_absent() {
    let app = sound(&[
        REALM,
        HELLO,
        ("functions/config.json", r#"[{"name":"hello"}]"#),
        ("functions/._hello.js", "\u{0}"),
        ("functions/.DS_Store", ""),
        ("functions/__MACOSX/hello.js", ""),
        (".DS_Store", ""),
        ("__MACOSX/functions/._hello.js", ""),
        ("values/._a.json", "\u{0}"),
        ("triggers/._t.json", "\u{0}"),
        ("http_endpoints/._config.json", ""),
        ("http_endpoints/._shop/config.json", ""),
    ]);
    assert_eq!(app.functions.keys().collect::<Vec<_>>(), ["hello"]);
    assert_eq!(app.parts, []);
    // Their bytes are no text.
    let dir = write(&[REALM, HELLO]);
    write_one(dir.path(), "functions/._hello.js", &[0, 5, 22, 7, 0xff]);
    let loaded = load(dir.path(), &LoadOptions::default()).unwrap();
    assert_eq!(told(&loaded), Vec::<String>::new());
}

/// What is told where no folder below holds an app.
const GENERAL_REMEDY: &str = "go to the folder of the export, or name it: for serve and check \
                              behind the command, else with --app";

#[test]
fn an_app_further_down_is_named() {
    for (path, named) in [
        ("shop_20240101/root_config.json", Some("shop_20240101")),
        ("a/b/realm_config.json", Some("a/b")),
        ("shop/https_endpoints/config.json", Some("shop")),
        ("__MACOSX/shop/root_config.json", None),
        (".cache/root_config.json", None),
        ("a/b/c/d/root_config.json", None),
        ("docs/functions/readme.txt", None),
    ] {
        let dir = write(&[(path, "{}")]);
        let Err(error) = load(dir.path(), &LoadOptions::default()) else {
            panic!("{path} makes an app of the folder")
        };
        assert!(matches!(error, LoadError::NotAnApp { .. }), "{path}");
        let text = error.to_string();
        let remedy = text.split_once("\n  → ").map(|(_, remedy)| remedy);
        let path_of = |name: &str| dir.path().join(name).display().to_string();
        let expected = match named {
            Some(name) => format!("name the folder that holds one: {}", path_of(name)),
            None => GENERAL_REMEDY.to_owned(),
        };
        assert_eq!(remedy, Some(&*expected), "{path}");
    }
    let dir = write(&[("b/stitch.json", "{}"), ("a/root_config.json", "{}")]);
    let Err(error) = load(dir.path(), &LoadOptions::default()) else { panic!("it is an app") };
    let text = error.to_string();
    assert!(text.contains("/a, ") && text.ends_with("/b"), "{text}");
}

#[test]
fn a_folder_of_a_program_that_looks_like_an_app_names_the_app_in_it() {
    let dir = write(&[("services/index.js", ""), ("backend/root_config.json", "{}")]);
    let loaded = load(dir.path(), &LoadOptions::default()).unwrap();
    let problem = loaded.problems.iter().find(|one| one.code == "root-file-missing").unwrap();
    assert!(problem.remedy.ends_with("/backend"), "{}", problem.remedy);
    fs::remove_dir_all(dir.path().join("backend")).unwrap();
    let loaded = load(dir.path(), &LoadOptions::default()).unwrap();
    let problem = loaded.problems.iter().find(|one| one.code == "root-file-missing").unwrap();
    assert!(problem.remedy.starts_with("put the file back"), "{}", problem.remedy);
}
