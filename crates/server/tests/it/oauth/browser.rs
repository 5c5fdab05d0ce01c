//! Logging in by a browser.

use std::collections::HashMap;

use bytes::Bytes;
use hookstead_testing::OpenIdServer;
use http::{HeaderMap, Request, header};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value as Json, json};

use super::{PUBLIC_URL, REDIRECT, SECRETS, app, login_path, settings};
use crate::harness::{Answer, Running, receive};

/// A browser: it keeps cookies and goes where it is sent.
pub(super) struct Browser<'a> {
    server: &'a Running,
    client: Client<HttpConnector, Full<Bytes>>,
    /// Those of each origin.
    cookies: HashMap<String, HashMap<String, String>>,
    /// Who logs in at the provider.
    user: &'static str,
}

/// What comes back to the app, by name.
pub(super) type Result = HashMap<String, String>;

impl<'a> Browser<'a> {
    pub(super) fn new(server: &'a Running, user: &'static str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { server, client, cookies: HashMap::new(), user }
    }

    /// Logs in, and gives what the app's page gets.
    pub(super) async fn log_in(&mut self, provider: &str) -> Result {
        let callback = self.go_to_callback(&self.begin(provider, "s t&")).await;
        self.finish(callback).await
    }

    /// The page of this server that begins a log-in.
    pub(super) fn begin(&self, provider: &str, state: &str) -> String {
        let encoded = |text: &str| url_encoded(text);
        let query =
            format!("state={}&redirect={}&device=e30%3D", encoded(state), encoded(REDIRECT));
        format!("{PUBLIC_URL}{}?{query}", login_path(provider))
    }

    /// Goes from a page to the callback of this server, which is not asked yet: its URL, and the
    /// form where there is one.
    pub(super) async fn go_to_callback(&mut self, url: &str) -> (String, Option<String>) {
        let (mut url, mut form) = (url.to_owned(), None);
        for _ in 0..10 {
            if url.contains("/auth/callback") {
                return (url, form);
            }
            let answer = self.ask(&url, None, &[]).await;
            (url, form) = match answer.header("location") {
                "" => form_of(&answer.text),
                // The page that asks who it is.
                next if next.starts_with("/interaction/") => {
                    let origin = origin_of(&url);
                    (format!("{origin}{next}?login={}", self.user), None)
                }
                next => (next.to_owned(), None),
            };
        }
        panic!("too many redirects, at last to {url}");
    }

    /// Asks the callback, and gives what the app's page gets.
    pub(super) async fn finish(&mut self, callback: (String, Option<String>)) -> Result {
        let (url, form) = callback;
        let headers: &[_] =
            if form.is_some() { &[("origin", "https://elsewhere.example")] } else { &[] };
        let answer = self.ask(&url, form, headers).await;
        assert_eq!(answer.status, 302, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        result_of(&answer)
    }

    pub(super) fn cookies_of(&self, origin: &str) -> HashMap<String, String> {
        self.cookies.get(origin).cloned().unwrap_or_default()
    }

    pub(super) fn set_cookies_of(&mut self, origin: &str, cookies: HashMap<String, String>) {
        self.cookies.insert(origin.to_owned(), cookies);
    }

    /// One request with the cookies of its origin.
    pub(super) async fn ask(
        &mut self,
        url: &str,
        form: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let origin = origin_of(url);
        let jar = self.cookies.entry(origin.clone()).or_default();
        let cookies: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let target = url.replace(PUBLIC_URL, &format!("http://{}", self.server.address));
        let method = if form.is_some() { "POST" } else { "GET" };
        let mut request = Request::builder().method(method).uri(target);
        request = request.header(header::COOKIE, cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let body = Full::new(Bytes::from(form.unwrap_or_default()));
        let answer = receive(&self.client, request.body(body).unwrap()).await;
        keep(self.cookies.entry(origin).or_default(), &answer.headers);
        answer
    }
}

/// What an answer that sends a browser to the app brings there.
pub(super) fn result_of(answer: &Answer) -> Result {
    let location = answer.header("location");
    let fragment = location.strip_prefix(&format!("{REDIRECT}#"));
    let fragment = fragment.unwrap_or_else(|| panic!("{location}"));
    let pairs = fragment.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| {
        // A plus sign is none of a query here.
        let bytes = text.replace('+', "%2B").into_bytes();
        hookstead_site::percent::decode_component(&bytes).unwrap().into_owned()
    };
    pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

fn origin_of(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

fn keep(jar: &mut HashMap<String, String>, headers: &HeaderMap) {
    for cookie in headers.get_all(header::SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        if attributes.contains("Max-Age=0") || value.is_empty() {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Where the form of a page goes, and what it sends.
fn form_of(html: &str) -> (String, Option<String>) {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!("{name}=\""))?;
        Some(rest.split_once('"')?.0.replace("&amp;", "&"))
    };
    let form = html.split_once("<form").unwrap_or_else(|| panic!("no form: {html}")).1;
    let action = attribute(form, "action").unwrap();
    let fields = form.split("<input").skip(1).filter_map(|tag| {
        Some(format!("{}={}", attribute(tag, "name")?, url_encoded(&attribute(tag, "value")?)))
    });
    (action, Some(fields.collect::<Vec<_>>().join("&")))
}

pub(super) fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The profile of the user of a result.
async fn profile(server: &Running, result: &Result) -> Json {
    let parts: Vec<_> = result["_baas_ua"].split('$').collect();
    assert_eq!(parts.len(), 4, "{result:?}");
    let token = format!("Bearer {}", parts[0]);
    let headers = [("authorization", token.as_str())];
    let profile = server.call("GET", "/api/client/v2.0/auth/profile", &headers, "").await.json();
    assert_eq!(profile["user_id"], parts[2]);
    profile
}

#[tokio::test]
async fn a_browser_logs_in_with_each_provider_and_is_the_same_user_again() {
    let stand_in = OpenIdServer::start();
    let facebook = json!({ "metadata_fields": [
        { "name": "name", "required": true }, { "name": "email" }, { "name": "picture" },
        { "name": "min_age" }, { "name": "max_age" },
    ]});
    let server = app(stand_in.url())
        .provider("oauth2-facebook", settings("oauth2-facebook", facebook))
        .start()
        .await;
    let friend = json!({
        "name": "Ada Lovelace", "email": "ada@a.example", "picture": "https://pictures.example/7",
        "min_age": 21,
    });
    let cases = [
        ("oauth2-google", "ada", json!({ "email": "ada@a.example", "first_name": "Ada" })),
        ("oauth2-apple", "ada", json!({})),
        ("oauth2-facebook", "7", friend),
    ];
    for (provider, subject, data) in cases {
        let mut users = Vec::new();
        for _ in 0..2 {
            let result = Browser::new(&server, "ada").log_in(provider).await;
            assert_eq!(result.get("_baas_state").map(String::as_str), Some("s t&"), "{result:?}");
            let profile = profile(&server, &result).await;
            assert_eq!(profile["data"], data, "{provider}");
            let identity = &profile["identities"][0];
            assert_eq!(
                (&identity["id"], &identity["provider_type"]),
                (&json!(subject), &json!(provider))
            );
            users.push(profile["user_id"].clone());
        }
        assert_eq!(users[0], users[1], "{provider}");
    }
    let log = server.stop().await;
    for secret in SECRETS.iter().chain(&["_baas_ua", "code=", "state="]) {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn apple_sends_a_form_where_it_is_asked_for_the_email_address() {
    let stand_in = OpenIdServer::start();
    let restricted = json!({ "domain_restrictions": ["a.example"] });
    let server = app(stand_in.url())
        .root("allowed_request_origins", json!(["https://app.example"]))
        .provider("oauth2-apple", settings("oauth2-apple", restricted))
        .start()
        .await;
    let mut browser = Browser::new(&server, "ada");
    let answer = browser.ask(&browser.begin("oauth2-apple", "s"), None, &[]).await;
    assert!(answer.header("location").contains("response_mode=form_post"), "{answer:?}");
    assert!(answer.header("set-cookie").contains("SameSite=None; Secure"), "{answer:?}");
    let result = Browser::new(&server, "ada").log_in("oauth2-apple").await;
    assert_eq!(profile(&server, &result).await["identities"][0]["id"], "ada");
    let result = Browser::new(&server, "bob").log_in("oauth2-apple").await;
    assert_eq!(result["_baas_error"], "the domain of the email address is not allowed");
}

#[tokio::test]
async fn only_a_verified_address_of_a_listed_domain_gets_in() {
    let stand_in = OpenIdServer::start();
    for open_id in [false, true] {
        let restricted = json!({
            "domain_restrictions": ["a.example"], "config": { "openId": open_id },
        });
        let server = app(stand_in.url())
            .provider("oauth2-google", settings("oauth2-google", restricted))
            .start()
            .await;
        for (user, gets_in) in [("ada", true), ("bob", false), ("eve", false)] {
            let result = Browser::new(&server, user).log_in("oauth2-google").await;
            assert_eq!(result.contains_key("_baas_ua"), gets_in, "{user}: {result:?}");
        }
    }
}

#[tokio::test]
async fn a_page_of_a_listed_origin_links_an_identity_to_its_user() {
    let stand_in = OpenIdServer::start();
    let server = app(stand_in.url())
        .root("allowed_request_origins", json!(["https://app.example"]))
        .start()
        .await;
    let anonymous = server.log_in("anon-user", json!({})).await.json();
    let token = format!("Bearer {}", anonymous["access_token"].as_str().unwrap());
    let mut browser = Browser::new(&server, "ada");
    let url =
        format!("{}&link=true&providerRedirectHeader=true", browser.begin("oauth2-google", "s"));
    let origin = ("origin", "https://app.example");
    let answer = browser.ask(&url, None, &[origin, ("authorization", &token)]).await;
    assert_eq!((answer.status, answer.header("location")), (200, ""));
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("access-control-expose-headers"), "x-baas-location");
    let callback = browser.go_to_callback(answer.header("x-baas-location")).await;
    let result = browser.finish(callback).await;
    assert_eq!(result["_baas_link"], "ok");
    let profile = profile(&server, &result).await;
    assert_eq!(profile["user_id"], anonymous["user_id"]);
    assert_eq!(profile["identities"].as_array().unwrap().len(), 2);
    // Without a token nobody is linked, and from any other origin nothing is.
    let answer = browser.ask(&url, None, &[origin]).await;
    assert_eq!(answer.error(), (401, "MissingAuthReq".to_owned()));
    let elsewhere = ("origin", "https://evil.example");
    let answer = browser.ask(&url, None, &[elsewhere, ("authorization", &token)]).await;
    assert_eq!(answer.error(), (403, "DomainNotAllowed".to_owned()));
}
