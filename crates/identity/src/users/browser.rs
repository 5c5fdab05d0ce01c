//! Logging in by a browser: to the provider and back
//! (docs/behaviour/users.md#log-in-by-a-browser).

use std::net::IpAddr;

use bson::{doc, oid::ObjectId};
use url::Url;

use super::{Linked, LogIn, Users, sessions::later};
use crate::{
    AuthError, AuthErrorKind, OAuthKind, OAuthProvider,
    collection::Insertion,
    jwt,
    oauth::{Code, Linking, STATE_TIME, STATE_TYPE, Shown, State, challenge, cookie_name, is_word},
    random, tokens,
};

/// What a client may give for itself; it comes back with the result.
const CLIENT_STATE_BYTES_MAX: usize = 512;
/// A longer code is none.
const CODE_BYTES_MAX: usize = 4096;

/// A browser that is to log in at a provider.
pub struct Departure<'a> {
    /// The provider.
    pub kind: OAuthKind,
    /// Where the browser is to go with the result.
    pub redirect: &'a str,
    /// What the client gives for itself.
    pub client_state: &'a str,
    /// Where the provider is to send the browser.
    pub callback_url: &'a str,
    /// The access token of the user who is to get a further identity.
    pub linking: Option<&'a str>,
}

/// Where a browser goes now.
pub struct Way {
    /// The log-in page of the provider.
    pub url: String,
    /// The name of the cookie that binds the log-in to the browser.
    pub cookie_name: String,
    /// Its value, which is secret.
    pub cookie_value: String,
    /// For how many seconds it is needed.
    pub cookie_age_s: u64,
    /// Whether the browser comes back with a form that a page of the provider sends.
    pub returns_by_form: bool,
}

/// A browser that comes back from a provider.
pub struct Return<'a> {
    /// What the provider was given.
    pub state: &'a str,
    /// The authorisation code.
    pub code: Option<&'a str>,
    /// Why the provider gives none.
    pub error: Option<&'a str>,
    /// Where the provider was told to send the browser.
    pub callback_url: &'a str,
    /// The values of the cookies of a name.
    pub cookies: &'a (dyn Fn(&str) -> Vec<String> + Sync),
}

/// What comes of a log-in by a browser.
pub struct Arrival {
    /// Where the browser goes; it is one of the app's `redirect_uris`.
    pub redirect: String,
    /// What the client gave for itself.
    pub client_state: String,
    /// The name of the cookie, which is over.
    pub cookie_name: String,
    /// What the client is told.
    pub outcome: Result<Admitted, AuthError>,
}

/// Who has logged in by a browser.
pub enum Admitted {
    /// A new session.
    LoggedIn(LogIn),
    /// A further identity of a user.
    Linked(Linked),
}

impl Users {
    /// Begins a log-in by a browser.
    ///
    /// # Errors
    /// A provider that is not enabled, a URL that is not one of its `redirect_uris`, and for
    /// linking what keeps the user of the access token from it.
    pub async fn depart(&self, departure: Departure<'_>) -> Result<Way, AuthError> {
        let Departure { kind, redirect, client_state, callback_url, linking } = departure;
        let provider = self.oauth_provider(kind)?;
        check_redirect(provider, redirect)?;
        if client_state.len() > CLIENT_STATE_BYTES_MAX {
            return Err(AuthError::bad_request("the state is too long"));
        }
        if provider.client_secret.is_none() {
            let message = "the provider cannot be used by browsers";
            let error = AuthError::bad_request(message);
            return Err(error.with_detail("its client secret is not set"));
        }
        let linking = match linking {
            Some(token) => Some(self.linking(kind, token).await?),
            None => None,
        };
        let (id, secret) = (hex::encode(random::bytes::<16>()?), random::link_token()?);
        let time = i64::try_from(STATE_TIME.as_secs()).unwrap_or(i64::MAX);
        let state = State {
            typ: STATE_TYPE.to_owned(),
            id,
            domain: self.domain().to_owned(),
            provider: kind.provider_type().to_owned(),
            redirect: redirect.to_owned(),
            client_state: client_state.to_owned(),
            challenge: challenge(&secret),
            exp: tokens::seconds(self.directory.now()).saturating_add(time),
            linking,
        };
        let text = jwt::sign(self.directory.keys()?, &state)?;
        let returns_by_form = kind == OAuthKind::Apple && asks_for_email(provider);
        Ok(Way {
            url: authorization_url(kind, provider, callback_url, &state, &text)?,
            cookie_name: cookie_name(&state.id),
            cookie_value: secret,
            cookie_age_s: STATE_TIME.as_secs(),
            returns_by_form,
        })
    }

    /// Ends a log-in by a browser.
    ///
    /// # Errors
    /// The browser has begun no such log-in, or it is over: nothing tells where it might go.
    pub async fn arrive(&self, back: Return<'_>, from: IpAddr) -> Result<Arrival, AuthError> {
        let invalid = |why: &str| {
            AuthError::bad_request("the log-in is over or was begun elsewhere").with_detail(why)
        };
        let now_s = tokens::seconds(self.directory.now());
        let state = State::read(self.directory.keys()?, self.domain(), now_s, back.state);
        let state = state.map_err(invalid)?;
        let cookie_name = cookie_name(&state.id);
        let cookies = (back.cookies)(&cookie_name);
        let secret = cookies.into_iter().find(|secret| state.is_of(secret));
        let secret =
            secret.ok_or_else(|| invalid("the browser has not the cookie of the log-in"))?;
        let kind = OAuthKind::of_type(&state.provider);
        let kind = kind.ok_or_else(|| invalid("the provider is not known"))?;
        // The app may have changed since then.
        check_redirect(self.oauth_provider(kind)?, &state.redirect)?;
        let outcome = self.admit(kind, &state, &secret, &back, from).await;
        let State { redirect, client_state, .. } = state;
        Ok(Arrival { redirect, client_state, cookie_name, outcome })
    }

    async fn admit(
        &self,
        kind: OAuthKind,
        state: &State,
        secret: &str,
        back: &Return<'_>,
        from: IpAddr,
    ) -> Result<Admitted, AuthError> {
        let refused = |word: Option<&str>| {
            let word = word.filter(|word| is_word(word)).map(|word| format!(": {word}"));
            let message = format!("the provider has refused{}", word.unwrap_or_default());
            AuthError::new(AuthErrorKind::AuthError, message)
        };
        let code = back.code.filter(|code| (1..=CODE_BYTES_MAX).contains(&code.len()));
        let code = code.filter(|_| back.error.is_none()).ok_or_else(|| refused(back.error))?;
        if state.linking.is_none() {
            self.check_room_for_session(from)?;
        }
        let verifier = has_challenge(kind).then_some(secret);
        let code = Code { code, redirect_uri: back.callback_url, verifier };
        let shown = Shown::Code { code, nonce: &state.id };
        let (subject, data) = self.identify(kind, shown, from).await?;
        self.use_up(state).await?;
        let provider_type = kind.provider_type();
        if let Some(Linking { session, user }) = &state.linking {
            let id = |text: &str| ObjectId::parse_str(text).map_err(|_| refused(None));
            let (session, user) = (id(session)?, id(user)?);
            let (session, record) = self.open_session(session, user).await?;
            let linked = self.link_external(session.id, &record, provider_type, &subject, data);
            return Ok(Admitted::Linked(linked.await?));
        }
        let proven = self.prove_external(provider_type, &subject, data, true).await?;
        if proven.record.disabled {
            return Err(AuthError::user_disabled());
        }
        Ok(Admitted::LoggedIn(self.begin_session(&proven, from).await?))
    }

    /// Keeps in mind that a log-in has come to its end, in all copies of the program.
    async fn use_up(&self, state: &State) -> Result<(), AuthError> {
        let until = later(self.directory.now(), STATE_TIME);
        let used = doc! { "_id": &state.id, "until": until };
        match self.directory.log_ins.insert(&used).await? {
            Insertion::Done => Ok(()),
            Insertion::Exists => {
                let message = "the log-in is over";
                Err(AuthError::new(AuthErrorKind::AuthError, message))
            }
        }
    }

    /// Whose identity is to be added.
    async fn linking(&self, kind: OAuthKind, access_token: &str) -> Result<Linking, AuthError> {
        let (keys, now) = (self.directory.keys()?, self.directory.now());
        let access = tokens::read_access(keys, self.domain(), now, access_token)?;
        let (session, record) = self.open_session(access.session, access.user).await?;
        super::link::check_can_link(&record, kind.provider_type())?;
        Ok(Linking { session: session.id.to_hex(), user: record.id.to_hex() })
    }
}

/// Refuses any URL that is not in the list, character for character.
fn check_redirect(provider: &OAuthProvider, redirect: &str) -> Result<(), AuthError> {
    if provider.redirect_uris.iter().any(|listed| listed == redirect) {
        return Ok(());
    }
    let message = "the redirect URL is not one of the provider's redirect_uris";
    Err(AuthError::bad_request(message))
}

/// Whether the provider binds a code to a challenge (PKCE): Google documents that it does.
fn has_challenge(kind: OAuthKind) -> bool {
    kind == OAuthKind::Google
}

fn asks_for_email(provider: &OAuthProvider) -> bool {
    !provider.domain_restrictions.is_empty()
        || provider.metadata_fields.iter().any(|field| field.name == "email")
}

/// The log-in page of a provider, with what it is to be asked.
fn authorization_url(
    kind: OAuthKind,
    provider: &OAuthProvider,
    callback_url: &str,
    state: &State,
    text: &str,
) -> Result<String, AuthError> {
    let page = &provider.server.authorization_url;
    let unusable = |error| AuthError::internal(format!("authorization_url of a provider: {error}"));
    let mut url = Url::parse(page).map_err(unusable)?;
    let mut query = url.query_pairs_mut();
    query.append_pair("response_type", "code");
    query.append_pair("client_id", &provider.client_id);
    query.append_pair("redirect_uri", callback_url);
    query.append_pair("state", text);
    match kind {
        OAuthKind::Google => {
            query.append_pair("scope", "openid email profile");
            query.append_pair("nonce", &state.id);
            query.append_pair("code_challenge", &state.challenge);
            query.append_pair("code_challenge_method", "S256");
        }
        OAuthKind::Facebook => {
            query.append_pair("scope", &scopes_of_facebook(provider));
        }
        OAuthKind::Apple => {
            query.append_pair("nonce", &state.id);
            // Apple answers a request with a scope only by a form.
            let asks = asks_for_email(provider);
            query.append_pair("response_mode", if asks { "form_post" } else { "query" });
            if asks {
                query.append_pair("scope", "email");
            }
        }
    }
    drop(query);
    Ok(url.into())
}

/// The permissions that the metadata fields need.
fn scopes_of_facebook(provider: &OAuthProvider) -> String {
    let mut scopes = vec!["public_profile"];
    for field in &provider.metadata_fields {
        scopes.extend(match field.name.as_str() {
            "email" => Some("email"),
            "gender" => Some("user_gender"),
            "birthday" => Some("user_birthday"),
            "min_age" | "max_age" => Some("user_age_range"),
            _ => None,
        });
    }
    scopes.dedup();
    scopes.join(",")
}
