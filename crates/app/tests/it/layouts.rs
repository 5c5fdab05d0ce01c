//! Which folder is an app, and what its root says.

use hookstead_app::{App, LoadError, LoadOptions, load};

use crate::{Files, HELLO, META, REALM, STITCH, loaded, sound, told, write};

fn version(files: Files<'_>) -> u32 {
    loaded(files).app.config_version
}

#[test]
fn the_version_comes_from_the_first_place_that_tells() {
    let meta_old = (".mdb/meta.json", r#"{"config_version":20210101,"client_app_id":"a"}"#);
    let app_meta = (".mdb/app_meta.json", r#"{"config_version":20210101,"app_id":"6"}"#);
    let root = ("root_config.json", r#"{"name":"shop"}"#);
    let config = ("config.json", r#"{"name":"shop","config_version":20200603}"#);
    let bare_realm = ("realm_config.json", r#"{"name":"shop"}"#);
    let bare_stitch = ("stitch.json", r#"{"name":"shop"}"#);
    for (files, expected) in [
        (&[META][..], 20230101),
        (&[meta_old, root], 20210101),
        (&[app_meta], 20210101),
        (&[META, REALM], 20230101),
        (&[root], 20230101),
        (&[root, REALM], 20230101),
        (&[REALM], 20210101),
        (&[bare_realm], 20210101),
        (&[config], 20200603),
        (&[STITCH], 20180301),
        (&[bare_stitch], 20180301),
    ] {
        assert_eq!(version(files), expected, "{files:?}");
    }
}

#[test]
fn without_a_root_file_the_layout_is_guessed_and_told() {
    for (path, text, expected, lost) in [
        ("https_endpoints/config.json", "[]", 20230101, "root_config.json"),
        ("http_endpoints/config.json", "[]", 20210101, "realm_config.json"),
        ("functions/config.json", "[]", 20210101, "realm_config.json"),
        ("services/a/config.json", r#"{"name":"a","type":"http"}"#, 20180301, "stitch.json"),
    ] {
        let loaded = loaded(&[(path, text)]);
        assert_eq!(loaded.app.config_version, expected, "{path}");
        assert_eq!(
            told(&loaded),
            [
                format!("warning root-file-missing {lost}").as_str(),
                "warning app-id-missing .mdb/meta.json client_app_id"
            ]
        );
        // An app without a name has that of its folder, as in its URLs.
        assert_eq!(loaded.app.name, loaded.app.client_app_id);
        assert!(!loaded.app.name.is_empty());
    }
}

#[test]
fn an_unknown_version_is_read_as_the_nearest_older_one() {
    for (text, expected) in [
        (r#"{"client_app_id":"a","config_version":20990101}"#, 20990101),
        (r#"{"client_app_id":"a","config_version":20190101}"#, 20190101),
    ] {
        let loaded = loaded(&[(".mdb/meta.json", text)]);
        assert_eq!(loaded.app.config_version, expected);
        assert_eq!(
            told(&loaded),
            ["warning config-version-unknown .mdb/meta.json:1 config_version"]
        );
    }
}

#[test]
fn a_folder_inside_an_export_leads_to_its_root() {
    let dir = write(&[META, HELLO, ("functions/a/b/c/d/e/f/x.js", "")]);
    for below in ["functions", "functions/a/b/c/d/e/f"] {
        let app = load(&dir.path().join(below), &LoadOptions::default()).unwrap().app;
        assert_eq!(app.root, dir.path().canonicalize().unwrap(), "{below}");
    }
}

#[test]
fn an_export_that_lost_its_root_file_is_not_taken_for_part_of_another() {
    let dir = write(&[META, ("inner/functions/x.js", "")]);
    let app = load(&dir.path().join("inner"), &LoadOptions::default()).unwrap().app;
    assert!(app.root.ends_with("inner"));
}

#[test]
fn the_search_ends_after_eight_parents() {
    let deep = |count: usize| "d/".repeat(count) + "x.txt";
    for (count, found) in [(8, true), (9, false)] {
        let dir = write(&[META, (&deep(count), "")]);
        let below = dir.path().join("d/".repeat(count));
        assert_eq!(load(&below, &LoadOptions::default()).is_ok(), found, "{count}");
    }
}

#[test]
fn what_is_no_export_is_an_error_that_says_what_was_looked_for() {
    for files in [
        &[("readme.md", "x")][..],
        &[("config.json", r#"{"name":"some other tool"}"#)],
        &[("config.json", r#"["config_version"]"#)],
    ] {
        let dir = write(files);
        let error = load(dir.path(), &LoadOptions::default()).err().unwrap();
        assert!(matches!(error, LoadError::NotAnApp { .. }));
        for wanted in ["root_config.json", "realm_config.json", "stitch.json", ".mdb/meta.json"] {
            assert!(error.to_string().contains(wanted), "{error}");
        }
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let dir = write(&[]);
    for path in ["gone", "file"] {
        std::fs::write(dir.path().join("file"), "").unwrap();
        let error = load(&dir.path().join(path), &LoadOptions::default()).err().unwrap();
        assert!(matches!(error, LoadError::Unreadable { .. }), "{path}");
    }
}

#[test]
fn the_client_app_id_has_its_places() {
    let id = |files: Files<'_>| -> String { loaded(files).app.client_app_id };
    assert_eq!(id(&[META, ("realm_config.json", r#"{"app_id":"other"}"#)]), "shop-abcde");
    assert_eq!(id(&[REALM]), "shop-abcde");
    assert_eq!(id(&[STITCH]), "shop-abcde");
    let empty = (".mdb/meta.json", r#"{"config_version":20230101,"client_app_id":""}"#);
    assert_eq!(id(&[empty, REALM]), "shop-abcde");
    assert_eq!(id(&[("stitch.json", r#"{"app_id":"","name":"template"}"#)]), "template");
    let options = LoadOptions { app_id: Some("chosen".to_owned()), ..LoadOptions::default() };
    assert_eq!(load(write(&[META]).path(), &options).unwrap().app.client_app_id, "chosen");
}

#[test]
fn the_root_says_more() {
    let app = sound(&[
        META,
        (
            "root_config.json",
            r#"{"name":"shop","deployment_model":"LOCAL","provider_region":"aws-us-east-1",
                "allowed_request_origins":["https://a.example"]}"#,
        ),
    ]);
    assert_eq!(app.name, "shop");
    assert_eq!(app.deployment_model.as_deref(), Some("LOCAL"));
    assert_eq!(app.provider_region.as_deref(), Some("aws-us-east-1"));
    assert_eq!(app.identity.app_id.as_deref(), Some("65a0"));
    assert_eq!(app.identity.project_id.as_deref(), Some("65b0"));
    assert_eq!(app.allowed_request_origins, ["https://a.example"]);
}

fn origins(origins: &str) -> App {
    let new = format!(r#"{{"name":"shop","allowed_request_origins":{origins}}}"#);
    let old = format!(r#"{{"app_id":"a","security":{{"allowed_request_origins":{origins}}}}}"#);
    let newer = loaded(&[META, ("root_config.json", &new)]).app;
    let older = loaded(&[("stitch.json", &old)]).app;
    assert_eq!(newer.allowed_request_origins, older.allowed_request_origins);
    newer
}

#[test]
fn origins_are_read_in_every_layout() {
    let read = origins(r#"["https://a.example","http://localhost:3000"]"#);
    assert_eq!(read.allowed_request_origins, ["https://a.example", "http://localhost:3000"]);
    assert!(origins("[]").allowed_request_origins.is_empty());
}

#[test]
fn origins_that_cannot_be_understood_let_nobody_in() {
    for text in
        [r#""https://a.example""#, "null", "[1]", "{}", r#"["%(%%environment.values.gone)"]"#]
    {
        assert_eq!(origins(text).allowed_request_origins, ["https://unreadable.invalid"], "{text}");
    }
}

#[test]
fn a_lost_root_file_lets_no_origin_in() {
    let origins = |files: Files<'_>| loaded(files).app.allowed_request_origins;
    let nobody = ["https://unreadable.invalid"];
    let list = r#"{"app_id":"a","allowed_request_origins":["https://old.example"]}"#;
    for broken in ["{", "[]", r#"{"allowed_request_origins":["https://a.example"]"#] {
        assert_eq!(origins(&[META, ("root_config.json", broken)]), nobody);
        // Nor does an outdated one stand in for it.
        let files = [META, ("root_config.json", broken), ("realm_config.json", list)];
        assert_eq!(origins(&files), nobody);
        assert_eq!(origins(&[("stitch.json", broken)]), nobody);
    }
    // A broken leftover of an older layout says nothing about the app.
    let files = [META, ("root_config.json", list), ("stitch.json", "{")];
    assert_eq!(origins(&files), ["https://old.example"]);
}

#[test]
fn import_only_secrets_are_told() {
    let loaded = loaded(&[STITCH, ("secrets.json", r#"{"services":{"tw":{"auth_token":"x"}}}"#)]);
    assert_eq!(told(&loaded), ["warning secrets-file secrets.json"]);
    assert!(loaded.problems[0].remedy.contains("hookstead secrets set __<service>_<field>"));
}
