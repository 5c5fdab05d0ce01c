//! Functions in both layouts.

use hookstead_app::RunAs;

use crate::{HELLO, META, STITCH, loaded, sound, told};

#[test]
fn a_manifest_and_files_make_functions() {
    let manifest = r#"[
        {"name":"hello","private":true,"run_as_system":true,"disable_arg_logs":true},
        {"name":"utils/add","private":false,"can_evaluate":{"%%user.id":"u"}},
        {"name":"by_user","private":false,"run_as_user_id":"u1"},
        {"name":"by_script","private":false,"run_as_user_id_script_source":"exports = 1",
            "can_evaluate":{},"id":"65f0"}]"#;
    let app = sound(&[
        META,
        HELLO,
        ("functions/config.json", manifest),
        ("functions/utils/add.js", "exports = 2"),
        ("functions/by_user.js", ""),
        ("functions/by_script.js", ""),
        ("functions/node_modules/left-pad/index.js", "x"),
        ("functions/utils/node_modules/x.js", "x"),
        ("functions/readme.md", "x"),
    ]);
    let names: Vec<_> = app.functions.keys().map(String::as_str).collect();
    assert_eq!(names, ["by_script", "by_user", "hello", "utils/add"]);
    let hello = &app.functions["hello"];
    assert!(hello.private && hello.disable_arg_logs && hello.declared);
    assert_eq!((&hello.run_as, hello.source.as_str()), (&RunAs::System, HELLO.1));
    let add = &app.functions["utils/add"];
    assert!(add.can_evaluate.is_some() && !add.private && !add.disable_arg_logs);
    assert_eq!(add.run_as, RunAs::Application);
    assert_eq!(add.file.as_deref(), Some("functions/utils/add.js"));
    assert_eq!(app.functions["by_user"].run_as, RunAs::User("u1".to_owned()));
    let script = &app.functions["by_script"];
    assert_eq!(script.run_as, RunAs::Script("exports = 1".to_owned()));
    assert!(script.can_evaluate.is_none());
}

#[test]
fn a_file_without_an_entry_has_default_rights() {
    let app = sound(&[META, HELLO, ("functions/config.json", "[]")]);
    let hello = &app.functions["hello"];
    assert!(!hello.declared && !hello.private && !hello.disable_arg_logs);
    assert_eq!(hello.run_as, RunAs::Application);
}

#[test]
fn an_entry_without_a_file_is_kept_and_told() {
    let loaded = loaded(&[META, ("functions/config.json", "[\n{\"name\":\"gone\"}]")]);
    let gone = &loaded.app.functions["gone"];
    assert_eq!((gone.file.as_deref(), gone.source.as_str(), gone.declared), (None, "", true));
    assert_eq!(told(&loaded), ["error function-file-missing functions/config.json:2 [0].name"]);
}

#[test]
fn folders_make_functions_named_by_their_configuration() {
    let app = sound(&[
        STITCH,
        (
            "functions/send_mail/config.json",
            r#"{"id":"5a","name":"send mail","private":true,"can_evaluate":{}}"#,
        ),
        ("functions/send_mail/source.js", "exports = 3"),
        ("functions/plain/source.js", "exports = 4"),
    ]);
    let names: Vec<_> = app.functions.keys().map(String::as_str).collect();
    assert_eq!(names, ["plain", "send mail"]);
    let mail = &app.functions["send mail"];
    assert!(mail.private && mail.declared);
    assert_eq!(mail.file.as_deref(), Some("functions/send_mail/source.js"));
    assert!(!app.functions["plain"].declared);
}

#[test]
fn a_file_named_source_is_a_function_in_the_newer_layouts() {
    let app = sound(&[META, ("functions/a/source.js", "exports = 5")]);
    assert!(app.functions.contains_key("a/source"));
}

#[test]
fn both_kinds_live_side_by_side() {
    let app = sound(&[
        META,
        HELLO,
        ("functions/old/config.json", r#"{"name":"old","private":true}"#),
        ("functions/old/source.js", "exports = 6"),
    ]);
    assert!(app.functions["old"].private);
    assert!(app.functions.contains_key("hello"));
}

#[test]
fn a_function_whose_rights_are_unclear_is_left_out() {
    for (entry, code) in [
        (r#""private":"no""#, "field-type"),
        (r#""run_as_system":1"#, "field-type"),
        (r#""run_as_user_id":{}"#, "field-type"),
        (r#""run_as_user_id_script_source":false"#, "field-type"),
        (r#""can_evaluate":"nonsense""#, "field-type"),
        (r#""can_evaluate":false"#, "field-type"),
        (r#""run_as_user_id":"u","run_as_user_id_script_source":"s""#, "run-as-conflict"),
        (r#""run_as_system":true,"run_as_authed_user":true"#, "run-as-conflict"),
        (r#""private":false,"private":true"#, "field-duplicate"),
        (r#""canEvaluate":{}"#, "field-unknown"),
        (r#""Private":true"#, "field-unknown"),
    ] {
        let manifest = format!(r#"[{{"name":"hello",{entry}}}]"#);
        let loaded = loaded(&[META, HELLO, ("functions/config.json", &manifest)]);
        assert!(loaded.app.functions.is_empty(), "{entry}");
        assert_eq!(loaded.problems[0].code.as_str(), code, "{entry}");
    }
}

#[test]
fn system_rights_override_a_user_and_a_script() {
    let manifest = r#"[{"name":"hello","run_as_system":true,"run_as_user_id":"u"}]"#;
    let loaded = loaded(&[META, HELLO, ("functions/config.json", manifest)]);
    assert_eq!(loaded.app.functions["hello"].run_as, RunAs::System);
    assert_eq!(loaded.problems[0].code, "run-as-overridden");
}

#[test]
fn a_condition_may_be_a_string_of_json() {
    let manifest = r#"[{"name":"hello","can_evaluate":"{\"%%true\":true}"}]"#;
    let app = sound(&[META, HELLO, ("functions/config.json", manifest)]);
    assert!(app.functions["hello"].can_evaluate.as_ref().unwrap().is_object());
}

#[test]
fn without_a_readable_manifest_no_file_has_known_rights() {
    for manifest in ["[", "{}", r#"[{"private":true}]"#, r#"[7]"#, r#"[{"name":""}]"#] {
        let loaded = loaded(&[META, HELLO, ("functions/config.json", manifest)]);
        assert!(loaded.app.functions.is_empty(), "{manifest}");
        let codes: Vec<_> = loaded.problems.iter().map(|problem| problem.code.as_str()).collect();
        assert!(codes.contains(&"function-rights-unknown"), "{manifest}: {codes:?}");
    }
}

#[test]
fn a_function_in_a_folder_with_a_broken_configuration_is_left_out() {
    for config in ["{", "[]"] {
        let loaded =
            loaded(&[STITCH, ("functions/a/config.json", config), ("functions/a/source.js", "")]);
        assert!(loaded.app.functions.is_empty(), "{config}");
    }
}

#[test]
fn two_entries_for_one_function_refuse_it() {
    let manifest = r#"[{"name":"hello","private":true},{"name":"hello"},{"name":"hello"}]"#;
    let loaded = loaded(&[META, HELLO, ("functions/config.json", manifest)]);
    assert!(loaded.app.functions.is_empty());
    assert_eq!(told(&loaded), ["error function-duplicate functions/config.json:1 [1]"]);
}

#[test]
fn a_wrong_log_setting_keeps_arguments_out_of_the_log() {
    let manifest = r#"[{"name":"hello","disable_arg_logs":"no"}]"#;
    let loaded = loaded(&[META, HELLO, ("functions/config.json", manifest)]);
    assert!(loaded.app.functions["hello"].disable_arg_logs);
    assert_eq!(loaded.problems.len(), 1);
}

#[test]
fn a_name_cannot_lead_out_of_the_folder() {
    let manifest = r#"[{"name":"../secret"},{"name":"/etc/passwd"}]"#;
    let files = [META, ("functions/config.json", manifest), ("secret.js", "exports = 1")];
    let loaded = loaded(&files);
    assert!(loaded.app.functions.values().all(|function| function.file.is_none()));
}

#[test]
fn dependencies_are_read() {
    let package = r#"{"dependencies":{"axios":"1.4.0","moment":"^2.0.0"}}"#;
    let app = sound(&[META, ("functions/package.json", package)]);
    assert_eq!(app.dependencies["axios"], "1.4.0");
    assert_eq!(app.dependencies["moment"], "^2.0.0");
}

#[test]
fn an_archive_of_packages_that_cannot_be_used_is_told() {
    let loaded = loaded(&[META, ("functions/node_modules.zip", "PK")]);
    assert_eq!(told(&loaded), ["error dependencies-archive functions/node_modules.zip"]);
}

#[test]
fn conditions_know_the_file_and_the_line_that_they_stand_in() {
    let manifest = "[\n{\"name\":\"hello\",\n\"can_evaluate\":{\n\"%%user.id\":\"a\"}}]";
    let rule = "{\"name\":\"r\",\"actions\":[\"get\"],\n\"when\":{\"%%args.url.host\":1}}";
    let app = sound(&[
        META,
        HELLO,
        ("functions/config.json", manifest),
        ("functions/other.js", "exports = () => 1"),
        ("services/svc/config.json", r#"{"name":"svc","type":"http"}"#),
        ("services/svc/rules/r.json", rule),
    ]);
    let place = |place: &hookstead_app::Place| format!("{} {}", place.file, place.field);
    let line = |place: &hookstead_app::Place, field: &str| {
        app.lines.of(&place.file, &format!("{}{field}", place.field))
    };
    let hello = &app.functions["hello"].declared_in;
    assert_eq!(place(hello), "functions/config.json [0]");
    assert_eq!(line(hello, ".can_evaluate.%%user.id"), Some(4));
    assert_eq!(place(&app.functions["other"].declared_in), "functions/other.js ");
    let rule = &app.services["svc"].rules[0].declared_in;
    assert_eq!(place(rule), "services/svc/rules/r.json ");
    assert_eq!(line(rule, "when.%%args.url.host"), Some(2));
}
