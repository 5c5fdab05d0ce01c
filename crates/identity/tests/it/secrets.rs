//! What errors say: never a password, a token or a key.

use bson::{Bson, Document};
use hookstead_identity::{
    AuthError, Credentials, CustomToken, ExtendedJson, SigningKeys, TokenKeyError, TokenKeys,
};

use crate::stage::{FROM, Stage, email, email_password};

/// Part of every secret here.
const MARK: &str = "sEcReTsEcReT";

fn check(what: &str, error: Option<AuthError>) {
    let error = error.unwrap_or_else(|| panic!("{what} succeeds"));
    let text = format!("{error} {error:?} {:?}", error.detail);
    assert!(!text.contains(MARK), "{what}: {text}");
}

#[tokio::test]
async fn errors_hold_no_secret() {
    let stage = Stage::embedded();
    let secret = MARK.repeat(6);
    let keys = TokenKeys::hs256([secret.as_str()]).unwrap();
    let provider = CustomToken { keys: Some(keys), ..CustomToken::default() };
    let users = stage.users_with(|config| {
        email_password(config).reset_function = Some("f".to_owned());
        config.providers.custom_token = Some(provider);
    });
    stage.functions.set("f", |_| Err("no".to_owned()));
    stage.functions.set("authenticate", |_| Ok(Bson::Null));
    users.register("a@b.c", "correct horse", FROM).await.unwrap();
    let log_in = users.log_in(&email("a@b.c", "correct horse"), FROM).await.unwrap();

    let forged = format!("{}.{MARK}", log_in.access_token);
    for (what, credentials) in [
        ("a password", email("a@b.c", &secret)),
        ("a long password", email("a@b.c", &secret.repeat(10))),
        ("an API key", Credentials::ApiKey(secret.clone())),
        ("a custom token", Credentials::CustomToken(format!("{secret}.{secret}.{secret}"))),
        ("no custom token", Credentials::CustomToken(secret.clone())),
        ("a payload", Credentials::CustomFunction(bson::doc! { "password": &secret }.into())),
        ("an empty payload", Credentials::CustomFunction(Document::new().into())),
    ] {
        check(what, users.log_in(&credentials, FROM).await.err());
        check(what, users.link(&log_in.access_token, &credentials, FROM).await.err());
    }
    check("an access token", users.by_access_token(&forged).await.err());
    check("a refresh token", users.refresh(&forged).await.err());
    check("a refresh token", users.log_out(&forged).await.err());
    check("a short password", users.register("b@b.c", &MARK[..5], FROM).await.err());
    check("a name in use", users.register("a@b.c", &secret, FROM).await.err());
    check("a link", users.confirm(&secret, &secret).await.err());
    check("a link", users.reset(&secret, &secret, &secret).await.err());
    check(
        "a reset",
        users.run_reset("a@b.c", &secret, &ExtendedJson::of_text("[]"), FROM).await.err(),
    );

    let short = &MARK[..10];
    let error = SigningKeys::from_text(short).err().unwrap();
    assert!(!format!("{error} {error:?}").contains(short));
    for error in [TokenKeys::hs256([short]), TokenKeys::rs256([short])] {
        let error: TokenKeyError = error.err().unwrap();
        assert!(!format!("{error} {error:?}").contains(short));
    }
}
