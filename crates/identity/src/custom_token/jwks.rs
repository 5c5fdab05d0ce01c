//! Public keys that another server publishes.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::RsaKey;
use crate::fetcher::Fetcher;

const TIMES: Times = Times {
    refresh: Duration::from_mins(10),
    age_max: Duration::from_hours(1),
    cool_down: Duration::from_secs(30),
    retry: Duration::from_secs(5),
};
/// How large the document may be, and how many keys of it count.
const DOCUMENT_BYTES_MAX: usize = 512 << 10;
const KEYS_MAX: usize = 32;

/// Public keys that another server publishes.
pub(crate) struct Jwks {
    uri: String,
    known: RwLock<Known>,
    /// The last attempt to fetch them. Who holds the lock fetches.
    attempt: Arc<Mutex<Option<Attempt>>>,
    times: Times,
}

/// How long what holds.
#[derive(Clone, Copy)]
struct Times {
    /// From when on the keys are fetched anew.
    refresh: Duration,
    /// From when on they no longer count.
    age_max: Duration,
    /// How long nothing is fetched after an attempt, so that tokens with unknown keys do not cost
    /// a call each.
    cool_down: Duration,
    /// How long after an attempt that has failed.
    retry: Duration,
}

struct Attempt {
    begun: Instant,
    /// Why it has failed.
    failure: Option<String>,
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The server of the keys does not know it.
    Unknown,
    /// The keys cannot be fetched: the token may be right.
    Unavailable(String),
}

#[derive(Default)]
struct Known {
    keys: Vec<(String, RsaKey)>,
    fetched: Option<Instant>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    n: String,
    e: String,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
}

impl Jwks {
    pub(crate) fn new(uri: &str) -> Arc<Self> {
        Self::with(uri, TIMES)
    }

    fn with(uri: &str, times: Times) -> Arc<Self> {
        let (uri, known, attempt) = (uri.to_owned(), RwLock::default(), Arc::default());
        Arc::new(Self { uri, known, attempt, times })
    }

    /// The key of this id, fetched where it is unknown or what is known is old.
    pub(crate) async fn key(self: &Arc<Self>, id: &str, by: &Fetcher) -> Result<RsaKey, NoKey> {
        if let Some(key) = self.known(id, self.times.refresh) {
            return Ok(key);
        }
        let usable = self.known(id, self.times.age_max);
        // Who waits here for somebody else may leave, and nothing is left of them.
        let attempt = match (Arc::clone(&self.attempt).try_lock_owned(), &usable) {
            (Ok(attempt), _) => attempt,
            // Somebody else fetches, and what is known serves meanwhile.
            (Err(_), Some(key)) => return Ok(key.clone()),
            (Err(_), None) => Arc::clone(&self.attempt).lock_owned().await,
        };
        if let Some(key) = self.known(id, self.times.refresh) {
            return Ok(key);
        }
        if let Some(Attempt { begun, failure }) = &*attempt {
            let pause = if failure.is_some() { self.times.retry } else { self.times.cool_down };
            if begun.elapsed() < pause {
                let failure = failure.clone().map(NoKey::Unavailable);
                return usable.ok_or(failure.unwrap_or(NoKey::Unknown));
            }
        }
        // The one who asks may leave: what has begun is finished all the same, so that nobody
        // keeps others from learning of new keys.
        let (keys, by) = (Arc::clone(self), by.clone());
        let fetched = tokio::spawn(async move { keys.fetch(attempt, &by).await }).await;
        match fetched.unwrap_or_else(|error| Err(format!("the task that fetches keys: {error}"))) {
            Ok(()) => self.known(id, self.times.age_max).ok_or(NoKey::Unknown),
            Err(failure) => usable.ok_or(NoKey::Unavailable(failure)),
        }
    }

    /// Fetches the keys, as the one who holds the lock.
    async fn fetch(
        &self,
        mut attempt: OwnedMutexGuard<Option<Attempt>>,
        by: &Fetcher,
    ) -> Result<(), String> {
        let begun = Instant::now();
        // It counts as one that has failed where this task ends before its end.
        let failure = "the fetch of the keys did not end".to_owned();
        *attempt = Some(Attempt { begun, failure: Some(failure) });
        let fetched = fetch(&self.uri, by).await;
        let failure = fetched.as_ref().err().cloned();
        if let Ok(keys) = fetched {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            *known = Known { keys, fetched: Some(begun) };
        }
        *attempt = Some(Attempt { begun, failure: failure.clone() });
        failure.map_or(Ok(()), Err)
    }

    /// The key of this id, where the keys were fetched lately.
    fn known(&self, id: &str, age_max: Duration) -> Option<RsaKey> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.fetched.filter(|fetched| fetched.elapsed() < age_max)?;
        known.keys.iter().find(|(known, _)| known == id).map(|(_, key)| key.clone())
    }
}

async fn fetch(uri: &str, by: &Fetcher) -> Result<Vec<(String, RsaKey)>, String> {
    let request = json!({ "method": "GET", "url": uri });
    let response = by.call(&request, None, DOCUMENT_BYTES_MAX).await;
    let response =
        response.map_err(|error| format!("the keys at {uri} cannot be fetched: {error}"))?;
    if response.status != 200 {
        return Err(format!("the keys at {uri} cannot be fetched: status {}", response.status));
    }
    let keys = read(&response.body).filter(|(keys, is_empty)| *is_empty || !keys.is_empty());
    keys.map(|(keys, _)| keys).ok_or_else(|| format!("the document at {uri} is no set of keys"))
}

/// The keys of a document that are for RS256, and whether it has none of any kind: that withdraws
/// all keys, while a set of which nothing can be used is a mistake of the server.
fn read(document: &[u8]) -> Option<(Vec<(String, RsaKey)>, bool)> {
    let document: Document = serde_json::from_slice(document).ok()?;
    let is_empty = document.keys.is_empty();
    let keys = document.keys.into_iter().filter_map(|key| {
        let key: Jwk = serde_json::from_value(key).ok()?;
        let is_for_signatures = key.purpose.is_none_or(|purpose| purpose == "sig");
        let is_rs256 = key.kty == "RSA" && key.alg.is_none_or(|alg| alg == "RS256");
        let (modulus, exponent) = (number(&key.n)?, number(&key.e)?);
        (is_for_signatures && is_rs256)
            .then_some((key.kid, RsaKey::Components { modulus, exponent }))
    });
    Some((keys.take(KEYS_MAX).collect(), is_empty))
}

/// A number in base64url, without the zeros that some put in front.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[start..].to_vec())
}

#[cfg(test)]
#[path = "../../tests/it/key_server.rs"]
mod key_server;

#[cfg(test)]
mod tests {
    use super::{
        key_server::{KeyServer, RsaPair},
        *,
    };

    fn times(refresh: Duration, cool_down: Duration) -> Times {
        Times { refresh, age_max: Duration::from_hours(1), cool_down, retry: cool_down }
    }

    /// Whether the key of this id is the pair's.
    async fn is_key(jwks: &Arc<Jwks>, id: &str, pair: &RsaPair, by: &Fetcher) -> Option<bool> {
        let key = jwks.key(id, by).await.ok()?;
        Some(key.verify(b"message", &pair.sign(b"message")))
    }

    #[tokio::test]
    async fn keys_are_fetched_once_and_anew_for_an_unknown_key() {
        let (first, second) = (RsaPair::generate(), RsaPair::generate());
        let server = KeyServer::start();
        let (client, budget) = server.client();
        let by = Fetcher { client, budget };
        server.publish(&[first.jwk("a")]);
        let jwks = Jwks::with(&server.uri(), times(Duration::from_hours(1), Duration::ZERO));
        for _ in 0..3 {
            assert_eq!(is_key(&jwks, "a", &first, &by).await, Some(true));
            assert_eq!(is_key(&jwks, "a", &second, &by).await, Some(false));
        }
        assert_eq!(server.requests(), 1);
        server.publish(&[first.jwk("a"), second.jwk("b")]);
        assert_eq!(is_key(&jwks, "b", &second, &by).await, Some(true));
        assert_eq!(server.requests(), 2);
    }

    #[tokio::test]
    async fn unknown_keys_cost_no_more_than_a_call_in_a_while() {
        let pair = RsaPair::generate();
        let server = KeyServer::start();
        let (client, budget) = server.client();
        let by = Fetcher { client, budget };
        server.publish(&[pair.jwk("a")]);
        let jwks = Jwks::new(&server.uri());
        for id in ["x", "y", "a", "z", ""] {
            assert_eq!(is_key(&jwks, id, &pair, &by).await, (id == "a").then_some(true), "{id}");
        }
        assert_eq!(server.requests(), 1);
    }

    #[tokio::test]
    async fn who_waits_for_the_fetch_of_another_and_leaves_leaves_nothing_behind() {
        let server = KeyServer::start();
        let (client, budget) = server.client();
        let by = Fetcher { client, budget };
        let jwks = Jwks::new(&server.uri());
        let other = Arc::clone(&jwks.attempt).try_lock_owned().unwrap();
        let mut waits = Box::pin(jwks.key("a", &by));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waits.as_mut().poll(&mut context).is_pending());
        drop(waits);
        assert_eq!((Arc::strong_count(&jwks), Arc::strong_count(&by.client)), (1, 1));
        drop(other);
    }

    #[tokio::test]
    async fn known_keys_serve_while_the_server_does_not_and_withdrawn_ones_do_not() {
        let pair = RsaPair::generate();
        let server = KeyServer::start();
        let (client, budget) = server.client();
        let by = Fetcher { client, budget };
        server.publish(&[pair.jwk("a")]);
        let jwks = Jwks::with(&server.uri(), times(Duration::ZERO, Duration::ZERO));
        assert_eq!(is_key(&jwks, "a", &pair, &by).await, Some(true));
        server.answer(500, "");
        assert_eq!(is_key(&jwks, "a", &pair, &by).await, Some(true));
        server.answer(200, "no keys");
        assert_eq!(is_key(&jwks, "a", &pair, &by).await, Some(true));
        server.answer(200, r#"{"keys":[{"kty":"EC"}]}"#);
        assert_eq!(is_key(&jwks, "a", &pair, &by).await, Some(true));
        server.publish(&[]);
        assert_eq!(is_key(&jwks, "a", &pair, &by).await, None);
    }

    #[tokio::test]
    async fn keys_that_cannot_be_fetched_are_not_unknown() {
        let pair = RsaPair::generate();
        let server = KeyServer::start();
        let (client, budget) = server.client();
        let by = Fetcher { client, budget };
        let unusable = r#"{"keys":[{"kty":"EC"}]}"#;
        for (status, body) in [(500, ""), (302, ""), (200, "no keys"), (200, unusable)] {
            server.answer(status, body);
            let jwks = Jwks::new(&server.uri());
            // The second one meets the memory of the first.
            for _ in 0..2 {
                let failure = jwks.key("a", &by).await.err();
                let Some(NoKey::Unavailable(why)) = failure else { panic!("{failure:?}") };
                assert!(why.contains(&server.uri()), "{why}");
            }
        }
        server.publish(&[pair.jwk("a")]);
        assert_eq!(Jwks::new(&server.uri()).key("b", &by).await.err(), Some(NoKey::Unknown));
    }

    #[tokio::test]
    async fn a_server_that_may_not_be_called_is_not() {
        let pair = RsaPair::generate();
        let server = KeyServer::start();
        server.publish(&[pair.jwk("a")]);
        let (client, budget) = KeyServer::client_of_public_addresses();
        let by = Fetcher { client, budget };
        let jwks = Jwks::new(&server.uri());
        assert_eq!(is_key(&jwks, "a", &pair, &by).await, None);
        assert_eq!(server.requests(), 0);
    }

    #[test]
    fn keys_for_other_things_are_left_out() {
        let number = "AQAB";
        for (key, is_read) in [
            (json!({ "kty": "RSA", "kid": "a", "n": number, "e": number }), true),
            (
                json!({
                    "kty": "RSA", "kid": "a", "n": number, "e": number,
                    "alg": "RS256", "use": "sig",
                }),
                true,
            ),
            (json!({ "kty": "RSA", "kid": "a", "n": number, "e": number, "use": "enc" }), false),
            (json!({ "kty": "RSA", "kid": "a", "n": number, "e": number, "alg": "RS512" }), false),
            (json!({ "kty": "RSA", "n": number, "e": number }), false),
            (json!({ "kty": "EC", "kid": "a", "n": number, "e": number }), false),
            (json!({ "kty": "oct", "kid": "a", "k": number }), false),
            (json!({ "kty": "RSA", "kid": "a", "n": "", "e": number }), false),
            (json!({ "kty": "RSA", "kid": "a", "n": "+", "e": number }), false),
            (json!(5), false),
        ] {
            let document = json!({ "keys": [key] }).to_string();
            assert_eq!(
                read(document.as_bytes()).unwrap().0.len(),
                usize::from(is_read),
                "{document}"
            );
        }
    }
}
