//! Google, Facebook and Apple: logging in with what a client brings, and by a browser. What
//! stands in for them is an OpenID server that knows nothing of this program.

mod attacks;
mod browser;
mod clients;
mod fields;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hookstead_identity::{OAuthKind, OAuthServer};
use hookstead_outbound::{Client, Outbound};
use serde_json::{Value as Json, json};

use crate::harness::{APP, App};

/// Where the app's page is that gets the result.
pub(crate) const REDIRECT: &str = "https://app.example/in";
/// Where the provider sends browsers.
const PUBLIC_URL: &str = "https://hooks.example";
/// What must reach no log.
const SECRETS: [&str; 3] = ["google secret", "apple secret", "facebook secret"];

/// A client that may call the stand-in, which is on this machine.
pub(crate) fn client_of(url: &str) -> Arc<Client> {
    let allow = vec![url.trim_start_matches("http://").to_owned()];
    let outbound = Outbound { allow, ..Outbound::default() };
    Arc::new(Client::new(&outbound, 1 << 20, Duration::from_secs(60)).unwrap())
}

/// Where the stand-in has what the providers have.
pub(crate) fn servers_at(url: &str) -> BTreeMap<OAuthKind, OAuthServer> {
    let at = |path: &str| format!("{url}{path}");
    let openid = OAuthServer {
        authorization_url: at("/auth"),
        token_url: at("/token"),
        user_info_url: at("/me"),
        debug_token_url: String::new(),
        jwks_url: at("/jwks"),
        issuers: vec![url.to_owned()],
    };
    let facebook = OAuthServer {
        authorization_url: at("/facebook/dialog"),
        token_url: at("/facebook/token"),
        user_info_url: at("/facebook/me"),
        debug_token_url: at("/facebook/debug_token"),
        ..OAuthServer::default()
    };
    let google = (OAuthKind::Google, openid.clone());
    [google, (OAuthKind::Apple, openid), (OAuthKind::Facebook, facebook)].into()
}

/// The settings of a provider, with some of them changed.
pub(crate) fn settings(provider: &str, changes: Json) -> Json {
    let (client_id, secret) = match provider {
        "oauth2-google" => ("google-app", "google"),
        "oauth2-apple" => ("apple-app", "apple"),
        _ => ("12", "facebook"),
    };
    let mut settings = json!({
        "config": { "clientId": client_id },
        "secret_config": { "clientSecret": secret },
        "metadata_fields": [{ "name": "email", "required": true }, { "name": "first_name" }],
        "redirect_uris": [REDIRECT],
    });
    for (name, value) in changes.as_object().unwrap() {
        match (settings.get_mut(name), value) {
            (Some(Json::Object(former)), Json::Object(changes)) => {
                former.extend(changes.clone());
            }
            _ => settings[name] = value.clone(),
        }
    }
    settings
}

/// An app with all three providers and anonymous users, over the stand-in at this URL.
pub(crate) fn app(url: &str) -> App {
    app_with(url, Duration::from_secs(600))
}

/// The same, where the stand-in has so much time for its answers.
pub(crate) fn app_with(url: &str, time: Duration) -> App {
    ["oauth2-google", "oauth2-apple", "oauth2-facebook"]
        .into_iter()
        .fold(App::new().stand_in(url, time), |app, provider| {
            app.provider(provider, settings(provider, json!({})))
        })
        .provider("anon-user", json!({}))
        .secret("google", SECRETS[0])
        .secret("apple", SECRETS[1])
        .secret("facebook", SECRETS[2])
        .site_config(|config| config.public_base_url = Some(PUBLIC_URL.to_owned()))
}

fn login_path(provider: &str) -> String {
    format!("/api/client/v2.0/app/{APP}/auth/providers/{provider}/login")
}
