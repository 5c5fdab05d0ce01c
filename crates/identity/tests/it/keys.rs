//! The keys that sign tokens.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use hookstead_identity::{AuthErrorKind, Credentials, SigningKeys, Users};

use crate::stage::{FROM, KEY, Stage, config, refusal};

fn users(stage: &Stage, keys: &SigningKeys) -> Users {
    let directory = stage.directory().with_keys(keys.clone());
    Users::new(config(), Arc::new(directory), Arc::clone(&stage.functions) as _)
}

#[tokio::test]
async fn tokens_of_a_former_key_stay_valid_as_long_as_it_is_listed() {
    let stage = Stage::embedded();
    let (old, new) = ("o".repeat(32), "n".repeat(32));
    let keys = |text: &str| SigningKeys::from_text(text).unwrap();
    let log_in = users(&stage, &keys(&old)).log_in(&Credentials::Anonymous, FROM).await.unwrap();
    for (text, is_valid) in
        [(format!("{new}\n\n {old} \n"), true), (old.clone(), true), (new.clone(), false)]
    {
        let users = users(&stage, &keys(&text));
        assert_eq!(users.by_access_token(&log_in.access_token).await.is_ok(), is_valid, "{text}");
        assert_eq!(users.refresh(&log_in.refresh_token).await.is_ok(), is_valid, "{text}");
    }
    // The first one signs.
    let rotated = users(&stage, &keys(&format!("{new}\n{old}")));
    let refreshed = rotated.refresh(&log_in.refresh_token).await.unwrap();
    users(&stage, &keys(&new)).by_access_token(&refreshed).await.unwrap();
}

#[test]
fn a_text_without_good_keys_is_refused() {
    let too_many = [KEY; 9].join("\n");
    for (text, message) in [
        ("", "there is no signing key: write one per line, at least 32 bytes long"),
        (" \n\n", "there is no signing key: write one per line, at least 32 bytes long"),
        ("short", "the signing key in line 1 has 5 bytes; it must have at least 32"),
        (
            &*format!("{KEY}\n{}", "x".repeat(31)),
            "the signing key in line 2 has 31 bytes; it must have at least 32",
        ),
        (&too_many, "there are 9 signing keys; at most 8 are allowed"),
    ] {
        let error = SigningKeys::from_text(text).err().unwrap();
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn who_starts_at_the_same_time_agrees_on_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signing-key");
    let start = Arc::new(std::sync::Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (path, start) = (path.clone(), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                SigningKeys::from_file(&path).unwrap()
            })
        })
        .collect();
    let keys: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let stage = Stage::embedded();
    let log_in = users(&stage, &keys[0]).log_in(&Credentials::Anonymous, FROM).await.unwrap();
    for keys in &keys {
        users(&stage, keys).by_access_token(&log_in.access_token).await.unwrap();
    }
    let again = SigningKeys::from_file(&path).unwrap();
    users(&stage, &again).by_access_token(&log_in.access_token).await.unwrap();
}

#[test]
fn a_file_that_is_damaged_or_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signing-key");
    let text = |text: &str, mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        SigningKeys::from_file(&path).err().map(|error| error.to_string())
    };
    for (content, mode, told) in [
        (KEY, 0o600, None),
        (KEY, 0o400, None),
        (KEY, 0o644, Some("chmod 600")),
        (KEY, 0o620, Some("chmod 600")),
        ("short", 0o600, Some("has 5 bytes")),
        ("", 0o600, Some("there is no signing key")),
    ] {
        let error = text(content, mode);
        let fits = match (&error, told) {
            (Some(error), Some(told)) => {
                error.contains(told) && error.contains(path.to_str().unwrap())
            }
            (error, told) => error.is_none() && told.is_none(),
        };
        assert!(fits, "{content} {mode:o}: {error:?}");
    }
    let error = SigningKeys::from_file(&folder.path().join("no/folder")).err().unwrap();
    assert!(error.to_string().contains("no/folder"), "{error}");
}

#[tokio::test]
async fn without_keys_of_its_own_a_directory_has_random_ones() {
    let stage = Stage::embedded();
    let users = || {
        let options = hookstead_identity::DirectoryOptions { database: stage.database.clone() };
        let directory = hookstead_identity::Directory::new(Arc::clone(&stage.store), options);
        Users::new(config(), Arc::new(directory), Arc::clone(&stage.functions) as _)
    };
    let (first, second) = (users(), users());
    let log_in = first.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    first.by_access_token(&log_in.access_token).await.unwrap();
    let refusal = refusal(second.by_access_token(&log_in.access_token).await);
    assert_eq!(refusal.unwrap().0, AuthErrorKind::InvalidSession);
}
