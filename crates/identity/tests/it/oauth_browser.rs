//! Log-ins by a browser: what binds them to the browser and ends them.

use std::time::Duration;

use hookstead_identity::{
    Admitted, Arrival, AuthError, Departure, OAuthKind, OAuthProvider, OAuthServer, Return, Users,
    Way,
};
use serde_json::json;

use crate::{
    key_server::{KeyServer, RsaPair},
    oauth::{ISSUER, header, provider, signed},
    stage::{FROM, Stage, on_both_stores},
};

on_both_stores! {
    a_log_in_ends_once_in_all_copies_of_the_program,
    a_log_in_has_its_time,
}

const REDIRECT: &str = "https://app.example/in";
const CALLBACK: &str = "https://hooks.example/callback";

/// What stands in for Google: its keys and its tokens.
struct Google {
    pair: RsaPair,
    keys: KeyServer,
    tokens: KeyServer,
}

impl Google {
    fn start() -> Self {
        let (pair, keys, tokens) = (RsaPair::generate(), KeyServer::start(), KeyServer::start());
        keys.publish(&[pair.jwk("a")]);
        Self { pair, keys, tokens }
    }

    fn provider(&self) -> OAuthProvider {
        let provider = provider(&self.keys);
        let server = OAuthServer {
            authorization_url: "https://provider.example/auth?hd=x".to_owned(),
            token_url: self.tokens.uri(),
            ..provider.server
        };
        OAuthProvider { server, ..provider }
    }

    fn users(&self, stage: &Stage, change: impl FnOnce(&mut OAuthProvider)) -> Users {
        let (client, budget) = KeyServer::client_of_all(&[self.keys.uri(), self.tokens.uri()]);
        let mut provider = self.provider();
        change(&mut provider);
        stage.users_in(stage.directory().with_client(client, budget), |config| {
            config.providers.oauth = [(OAuthKind::Google, provider)].into();
        })
    }

    /// Any code becomes a token with this nonce, however often it comes.
    fn answer_with(&self, nonce: &str) {
        let claims = json!({
            "iss": ISSUER, "aud": "me", "sub": "1", "exp": 4_000_000_000_u64, "nonce": nonce,
        });
        let token = signed(&header(), &claims, &self.pair);
        self.tokens.answer(200, &json!({ "id_token": token }).to_string());
    }
}

async fn depart(users: &Users) -> Way {
    let departure = Departure {
        kind: OAuthKind::Google,
        redirect: REDIRECT,
        client_state: "client's",
        callback_url: CALLBACK,
        linking: None,
    };
    users.depart(departure).await.unwrap()
}

/// A parameter of the provider's page.
fn asked(way: &Way, name: &str) -> String {
    let query = way.url.split_once('?').unwrap().1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(own, _)| *own == name).unwrap_or_else(|| panic!("{name}: {query}")).1.to_owned()
}

async fn arrive(users: &Users, state: &str, cookie: (&str, &str)) -> Result<Arrival, AuthError> {
    let (name, value) = (cookie.0.to_owned(), cookie.1.to_owned());
    let cookies = move |asked: &str| {
        if asked == name { vec!["other".to_owned(), value.clone()] } else { Vec::new() }
    };
    let back =
        Return { state, code: Some("c"), error: None, callback_url: CALLBACK, cookies: &cookies };
    users.arrive(back, FROM).await
}

/// Whether a log-in has let somebody in.
fn is_in(arrival: &Arrival) -> bool {
    matches!(arrival.outcome, Ok(Admitted::LoggedIn(_)))
}

async fn a_log_in_ends_once_in_all_copies_of_the_program(stage: Stage) {
    let google = Google::start();
    let (one, other) = (google.users(&stage, |_| ()), google.users(&stage, |_| ()));
    let way = depart(&one).await;
    let state = asked(&way, "state");
    google.answer_with(&asked(&way, "nonce"));
    let cookie = (&*way.cookie_name, &*way.cookie_value);
    let arrival = arrive(&other, &state, cookie).await.unwrap();
    assert!(is_in(&arrival));
    assert_eq!((&*arrival.redirect, &*arrival.client_state), (REDIRECT, "client's"));
    for users in [&one, &other] {
        let arrival = arrive(users, &state, cookie).await.unwrap();
        let Err(error) = arrival.outcome else { panic!("it is used twice") };
        assert_eq!(error.message, "the log-in is over");
    }
}

async fn a_log_in_has_its_time(stage: Stage) {
    let google = Google::start();
    let users = google.users(&stage, |_| ());
    let way = depart(&users).await;
    google.answer_with(&asked(&way, "nonce"));
    stage.pass(Duration::from_secs(way.cookie_age_s + 1));
    let cookie = (&*way.cookie_name, &*way.cookie_value);
    let error = arrive(&users, &asked(&way, "state"), cookie).await.err().unwrap();
    assert_eq!(error.detail.as_deref(), Some("the log-in has taken too long"));
}

#[tokio::test]
async fn the_page_of_the_provider_is_asked_for_a_bound_code() {
    let google = Google::start();
    let users = google.users(&Stage::embedded(), |_| ());
    let way = depart(&users).await;
    assert!(way.url.starts_with("https://provider.example/auth?hd=x&response_type=code&"));
    assert_eq!(asked(&way, "client_id"), "me");
    assert_eq!(asked(&way, "redirect_uri"), "https%3A%2F%2Fhooks.example%2Fcallback");
    assert_eq!(asked(&way, "code_challenge_method"), "S256");
    assert!(!way.url.contains(&way.cookie_value) && !way.url.contains("client+secret"));
}

#[tokio::test]
async fn the_browser_the_nonce_and_the_list_of_today_decide() {
    let google = Google::start();
    let stage = Stage::embedded();
    let users = google.users(&stage, |_| ());
    let way = depart(&users).await;
    let (state, nonce) = (asked(&way, "state"), asked(&way, "nonce"));
    google.answer_with(&nonce);
    for cookie in [("", ""), (&*way.cookie_name, "x"), ("hookstead_log_in_x", &*way.cookie_value)] {
        let error = arrive(&users, &state, cookie).await.err().unwrap();
        let why = "the browser has not the cookie of the log-in";
        assert_eq!(error.detail.as_deref(), Some(why), "{cookie:?}");
    }
    let cookie = (&*way.cookie_name, &*way.cookie_value);
    let moved = google.users(&stage, |provider| {
        provider.redirect_uris = vec!["https://app.example/other".to_owned()];
    });
    assert!(arrive(&moved, &state, cookie).await.is_err());
    google.answer_with("another");
    assert!(!is_in(&arrive(&users, &state, cookie).await.unwrap()));
    google.tokens.answer(200, r#"{"access_token":"t"}"#);
    assert!(!is_in(&arrive(&users, &state, cookie).await.unwrap()), "without an id_token");
    google.answer_with(&nonce);
    assert!(is_in(&arrive(&users, &state, cookie).await.unwrap()), "nothing was used up before");
}
