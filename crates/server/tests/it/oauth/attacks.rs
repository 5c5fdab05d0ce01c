//! What a browser or a provider must not achieve.

use std::time::{Duration, Instant};

use hookstead_identity::{OAuthKind, OAuthServer};
use hookstead_testing::OpenIdServer;
use serde_json::json;

use super::{
    PUBLIC_URL, REDIRECT, app, app_with,
    browser::{Browser, result_of, url_encoded},
    login_path,
};
use crate::harness::{App, Running};

#[tokio::test]
async fn a_browser_is_sent_to_listed_urls_alone() {
    let stand_in = OpenIdServer::start();
    let server = app(stand_in.url()).start().await;
    let path = login_path("oauth2-google");
    for redirect in [
        "https://app.example/in/",
        "https://app.example/in?x=1",
        "https://app.example/in#x",
        "https://app.example/IN",
        "http://app.example/in",
        "https://app.example:443/in",
        "https://app.example/in ",
        "https://app.example/in\r\nSet-Cookie: a=b",
        "https://app.example.evil.example/in",
        "https://app.example@evil.example/in",
        "//app.example/in",
        "javascript:alert(1)",
        "",
    ] {
        let query = format!("?state=s&redirect={}", url_encoded(redirect));
        let answer = server.call("GET", &format!("{path}{query}"), &[], "").await;
        assert_eq!(answer.error(), (400, "BadRequest".to_owned()), "{redirect}");
        assert!(answer.header("location").is_empty() && answer.header("set-cookie").is_empty());
    }
    let twice = format!("?redirect=https%3A%2F%2Fevil.example&redirect={}", url_encoded(REDIRECT));
    let answer = server.call("GET", &format!("{path}{twice}"), &[], "").await;
    assert_eq!(answer.error(), (400, "BadRequest".to_owned()));
    let answer = server.call("GET", &format!("{path}?state=s"), &[], "").await;
    assert_eq!(answer.error(), (400, "MissingParameter".to_owned()));
    let long = format!("?state={}&redirect={}", "s".repeat(513), url_encoded(REDIRECT));
    let answer = server.call("GET", &format!("{path}{long}"), &[], "").await;
    assert_eq!(answer.error(), (400, "BadRequest".to_owned()));
}

#[tokio::test]
async fn a_log_in_is_of_one_browser_and_ends_once() {
    let stand_in = OpenIdServer::start();
    let server = app(stand_in.url()).start().await;
    let invalid = (400, "BadRequest".to_owned());
    let mut browser = Browser::new(&server, "ada");
    let (url, _) = browser.go_to_callback(&browser.begin("oauth2-google", "s")).await;
    // Somebody else opens the link that is to log them in as an attacker.
    let mut other = Browser::new(&server, "bob");
    assert_eq!(other.ask(&url, None, &[]).await.error(), invalid);
    let begun = other.begin("oauth2-google", "s");
    other.ask(&begun, None, &[]).await;
    assert_eq!(other.ask(&url, None, &[]).await.error(), invalid, "a cookie of another log-in");
    // A provider that is asked twice with one code refuses; so does this server, see the identity
    // crate. The cookie is gone as well.
    let kept = browser.cookies_of(PUBLIC_URL);
    assert!(browser.finish((url.clone(), None)).await.contains_key("_baas_ua"));
    assert_eq!(browser.ask(&url, None, &[]).await.error(), invalid);
    browser.set_cookies_of(PUBLIC_URL, kept);
    let again = browser.finish((url.clone(), None)).await;
    assert_eq!(again["_baas_error"], "authentication with the provider failed");
    let state = url.split(['?', '&']).find_map(|pair| pair.strip_prefix("state=")).unwrap();
    let [header, claims, signature] = [0, 1, 2].map(|at| state.split('.').nth(at).unwrap());
    let session = server.log_in("anon-user", json!({})).await.json();
    let access = session["access_token"].as_str().unwrap();
    let callback = format!("{PUBLIC_URL}/api/client/v2.0/auth/callback");
    for forged in [
        String::new(),
        "x".to_owned(),
        format!("{header}.{claims}.{}", signature.to_lowercase()),
        format!("{header}.{claims}."),
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        access.to_owned(),
    ] {
        let answer = browser.ask(&format!("{callback}?code=c&state={forged}"), None, &[]).await;
        assert_eq!(answer.error(), invalid, "{forged}");
    }
    let answer = browser.ask(&format!("{callback}?code=c"), None, &[]).await;
    assert_eq!(answer.error(), (400, "MissingParameter".to_owned()));
}

#[tokio::test]
async fn a_log_in_of_another_app_is_refused() {
    let stand_in = OpenIdServer::start();
    let first = app(stand_in.url()).start().await;
    let mut browser = Browser::new(&first, "ada");
    let (url, _) = browser.go_to_callback(&browser.begin("oauth2-google", "s")).await;
    let second = app(stand_in.url()).start().await;
    let mut there = Browser::new(&second, "ada");
    there.set_cookies_of(PUBLIC_URL, browser.cookies_of(PUBLIC_URL));
    let answer = there.ask(&url, None, &[]).await;
    assert_eq!(answer.error(), (400, "BadRequest".to_owned()));
    assert!(answer.header("location").is_empty());
}

#[tokio::test]
async fn what_a_provider_refuses_is_told_to_the_page() {
    let stand_in = OpenIdServer::start();
    let server = app(stand_in.url()).start().await;
    for (error, told) in [
        ("access_denied", "the provider has refused: access_denied"),
        ("%3Cscript%3E", "the provider has refused"),
        ("", "the provider has refused"),
    ] {
        let mut browser = Browser::new(&server, "ada");
        let (url, _) = browser.go_to_callback(&browser.begin("oauth2-google", "s")).await;
        let state = url.split(['?', '&']).find(|pair| pair.starts_with("state=")).unwrap();
        let callback = format!("{PUBLIC_URL}/api/client/v2.0/auth/callback");
        // A code beside an error does not count.
        let url = format!("{callback}?{state}&code=c&error={error}");
        let result = result_of(&browser.ask(&url, None, &[]).await);
        assert_eq!((result["_baas_error"].as_str(), result["_baas_state"].as_str()), (told, "s"));
        assert!(!result.contains_key("_baas_ua"));
    }
}

/// An app whose stand-in for Google has something else at the URL of the tokens.
fn with_token_url(url: &str, path: &str) -> App {
    let google = OAuthServer {
        token_url: format!("{url}{path}"),
        ..super::servers_at(url).remove(&OAuthKind::Google).unwrap()
    };
    let time = Duration::from_secs(if path == "/silent" { 1 } else { 600 });
    app_with(url, time).site_config(|config| {
        config.users.as_mut().unwrap().providers.insert(OAuthKind::Google, google);
    })
}

async fn refused(server: &Running) -> (u16, String) {
    server.log_in("oauth2-google", json!({ "authCode": "c" })).await.error()
}

#[tokio::test]
async fn a_provider_that_misbehaves_costs_little_and_is_not_the_users_fault() {
    let stand_in = OpenIdServer::start();
    let url = stand_in.url();
    let unavailable = (503, "ServiceUnavailable".to_owned());
    for (path, expected) in [
        ("/huge", unavailable.clone()),
        ("/silent", unavailable.clone()),
        ("/broken", unavailable),
        ("/nowhere", (401, "AuthError".to_owned())),
    ] {
        let server = with_token_url(url, path).start().await;
        let begun = Instant::now();
        assert_eq!(refused(&server).await, expected, "{path}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{path}");
        let log = server.stop().await;
        assert!(log.contains("oauth2-google") && !log.contains("google secret"), "{log}");
    }
}

#[tokio::test]
async fn without_a_public_url_no_browser_logs_in() {
    let stand_in = OpenIdServer::start();
    let server =
        app(stand_in.url()).site_config(|config| config.public_base_url = None).start().await;
    let query = format!("?state=s&redirect={}", url_encoded(REDIRECT));
    let answer =
        server.call("GET", &format!("{}{query}", login_path("oauth2-google")), &[], "").await;
    assert_eq!(answer.error(), (400, "BadRequest".to_owned()));
    assert!(server.stop().await.contains("public_base_url"));
}
