//! The operator's secrets.

use std::{ffi::OsString, fs, path::Path};

use hookstead_app::{Secret, SecretError, SecretStore, secrets::SecretOrigin};

fn store(data_dir: &Path, variables: &[(&str, &str)]) -> SecretStore {
    SecretStore::open_with(data_dir, owned(variables)).unwrap()
}

fn owned(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn get(store: &SecretStore, name: &str) -> Option<String> {
    store.get(name).unwrap().map(|secret| secret.expose().to_owned())
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[test]
fn variables_come_before_files_and_files_before_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mounted");
    fs::write(&file, "from mounted\n").unwrap();
    let mounted = file.to_str().unwrap();
    store(dir.path(), &[]).set("key", secret("from store")).unwrap();
    let in_variable = ("HOOKSTEAD_SECRET_key", "from variable");
    let in_file = ("HOOKSTEAD_SECRET_key_FILE", mounted);
    let value = |variables: &[(&str, &str)]| get(&store(dir.path(), variables), "key").unwrap();
    assert_eq!(value(&[in_variable, in_file]), "from variable");
    assert_eq!(value(&[in_file]), "from mounted");
    assert_eq!(value(&[]), "from store");
    assert_eq!(get(&store(dir.path(), &[]), "other"), None);
}

#[test]
fn one_newline_at_the_end_of_a_mounted_file_is_trimmed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mounted");
    let variables = [("HOOKSTEAD_SECRET_key_FILE", file.to_str().unwrap())];
    for (text, value) in
        [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("-\nb\n-\n", "-\nb\n-")]
    {
        fs::write(&file, text).unwrap();
        assert_eq!(get(&store(dir.path(), &variables), "key").as_deref(), Some(value));
    }
}

#[test]
fn a_dash_may_be_typed_as_an_underscore() {
    let dir = tempfile::tempdir().unwrap();
    let typed = store(dir.path(), &[("HOOKSTEAD_SECRET_my_key", "v")]);
    assert_eq!(get(&typed, "my-key").as_deref(), Some("v"));
    assert_eq!(get(&typed, "my_key").as_deref(), Some("v"));
    let both = [("HOOKSTEAD_SECRET_my_key", "v"), ("HOOKSTEAD_SECRET_my-key", "w")];
    assert_eq!(get(&store(dir.path(), &both), "my-key").as_deref(), Some("w"));
}

#[test]
fn an_empty_value_counts_as_none_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mounted");
    fs::write(&file, "\n").unwrap();
    let store = store(
        dir.path(),
        &[("HOOKSTEAD_SECRET_a", ""), ("HOOKSTEAD_SECRET_b_FILE", file.to_str().unwrap())],
    );
    assert_eq!((get(&store, "a"), get(&store, "b")), (None, None));
    assert!(store.names().unwrap().is_empty());
    assert_eq!(
        store.empty().unwrap(),
        [
            ("a".to_owned(), SecretOrigin::Variable("HOOKSTEAD_SECRET_a".to_owned())),
            ("b".to_owned(), SecretOrigin::VariableFile("HOOKSTEAD_SECRET_b_FILE".to_owned())),
        ]
    );
}

#[test]
fn an_empty_variable_does_not_hide_the_store() {
    let dir = tempfile::tempdir().unwrap();
    store(dir.path(), &[]).set("a", secret("stored")).unwrap();
    let store = store(dir.path(), &[("HOOKSTEAD_SECRET_a", "")]);
    assert_eq!(get(&store, "a").as_deref(), Some("stored"));
}

#[test]
fn what_is_set_is_kept_and_what_is_removed_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data/inner");
    let mut first = store(&data_dir, &[]);
    let text = "line 1\nline 2\n\"\"\" = '\\ é \u{1}";
    first.set("multi-line", secret(text)).unwrap();
    first.set("b", secret("2")).unwrap();
    // A second process that opened before.
    let mut second = store(&data_dir, &[]);
    first.set("c", secret("3")).unwrap();
    second.set("d", secret("4")).unwrap();
    let third = store(&data_dir, &[]);
    assert_eq!(get(&third, "multi-line").as_deref(), Some(text));
    let names: Vec<_> = third.names().unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "c", "d", "multi-line"]);
    assert!(first.remove("b").unwrap());
    assert!(!first.remove("b").unwrap());
    assert_eq!(get(&store(&data_dir, &[]), "b"), None);
    let files = fs::read_dir(&data_dir).unwrap().map(|file| file.unwrap().file_name());
    let mut files: Vec<_> = files.collect();
    files.sort();
    assert_eq!(files, ["secrets.toml"], "no draft is left behind");
}

#[test]
fn names_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(dir.path(), &[]);
    let long = "a".repeat(65);
    for name in ["", "a b", "-a", "a.b", "a/b", "é", "a\n", &long] {
        assert!(matches!(store.get(name), Err(SecretError::Name { .. })), "{name}");
        assert!(matches!(store.set(name, secret("v")), Err(SecretError::Name { .. })), "{name}");
        assert!(matches!(store.remove(name), Err(SecretError::Name { .. })), "{name}");
    }
    for name in ["a", "0", "A-b_9", "__svc_key", &"a".repeat(64)] {
        store.set(name, secret("v")).unwrap();
    }
    assert!(matches!(store.set("a", secret("")), Err(SecretError::Empty { .. })));
}

#[test]
fn listing_tells_where_each_comes_from() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(
        dir.path(),
        &[("HOOKSTEAD_SECRET_x_y", "1"), ("HOOKSTEAD_SECRET_z", "2"), ("PATH", "3")],
    );
    store.set("x-y", secret("4")).unwrap();
    store.set("stored", secret("5")).unwrap();
    let listed: Vec<_> = store.names().unwrap();
    let listed: Vec<_> = listed.iter().map(|(name, from)| format!("{name}: {from}")).collect();
    assert_eq!(
        listed,
        ["stored: secrets.toml", "x-y: HOOKSTEAD_SECRET_x_y", "z: HOOKSTEAD_SECRET_z"]
    );
}

#[test]
fn a_mounted_file_that_cannot_be_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), &[("HOOKSTEAD_SECRET_a_FILE", "/nowhere/at/all")]);
    assert!(matches!(store.get("a"), Err(SecretError::VariableFile { .. })));
}

#[cfg(unix)]
mod unix {
    use std::{
        ffi::OsString,
        fs,
        os::unix::{ffi::OsStringExt as _, fs::PermissionsExt as _},
        process::Command,
    };

    use hookstead_app::{SecretError, SecretStore};

    use super::{secret, store};

    fn mode(path: &std::path::Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_may_read_what_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("data");
        store(&data_dir, &[]).set("a", secret("v")).unwrap();
        assert_eq!(mode(&data_dir), 0o700);
        assert_eq!(mode(&data_dir.join("secrets.toml")), 0o600);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_a_remedy() {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path(), &[]).set("a", secret("v")).unwrap();
        let file = dir.path().join("secrets.toml");
        for mode in [0o640, 0o604, 0o660, 0o644, 0o620] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let error = SecretStore::open_with(dir.path(), []).err().unwrap();
            assert!(matches!(error, SecretError::Exposed { .. }), "{mode:o}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn what_is_no_file_of_reasonable_size_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets.toml");
        let made = Command::new("mkfifo").args(["-m", "600"]).arg(&path).status().unwrap();
        assert!(made.success());
        assert!(matches!(SecretStore::open(dir.path()), Err(SecretError::Io { .. })));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
        file.set_len(1 << 40).unwrap();
        assert!(matches!(SecretStore::open(dir.path()), Err(SecretError::Io { .. })));
    }

    #[test]
    fn no_error_holds_a_value() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secrets.toml");
        for text in ["a = \"1\"\nb = hunter2", "a = [\"hunter2\"]", "hunter2", "a = \"hunter2"] {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            let error = SecretStore::open_with(dir.path(), []).err().unwrap();
            assert!(matches!(error, SecretError::Syntax { .. }), "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn a_variable_that_is_no_text_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let value = OsString::from_vec(b"\xff".to_vec());
        let variables = [(OsString::from("HOOKSTEAD_SECRET_a"), value)];
        let store = SecretStore::open_with(dir.path(), variables).unwrap();
        assert!(matches!(store.get("a"), Err(SecretError::NotUtf8 { .. })));
    }
}
