//! What a provider that speaks OAuth 2.0 says of somebody as a proof
//! (docs/behaviour/users.md#google-facebook-and-apple).

use std::{net::IpAddr, sync::Arc};

use bson::Document;
use serde_json::Value as Json;

use super::{Proven, Users};
use crate::{
    AuthError, AuthErrorKind, ClientSecret, OAuthKind, OAuthProof, OAuthProvider,
    custom_token::{Jwks, NoKey, Parts, metadata},
    fetcher::{Fetched, Fetcher},
    oauth::{
        Code, Demands, Grant, Profile, Shown, check_domain, claims_of, code_request, facebook,
        google, reason,
    },
    throttle::network_of,
};

/// How much of an answer of a provider is read.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// The algorithm of OpenID Connect tokens of Google and Apple.
const ALGORITHM: &str = "RS256";

/// A provider of the app, and what it takes to ask it.
struct Asking<'a> {
    kind: OAuthKind,
    provider: &'a OAuthProvider,
    jwks: Option<&'a Arc<Jwks>>,
    fetcher: &'a Fetcher,
    now_s: f64,
}

impl Users {
    /// The user whom a provider knows.
    pub(super) async fn prove_oauth(
        &self,
        kind: OAuthKind,
        shown: Shown<'_>,
        from: IpAddr,
        create: bool,
    ) -> Result<Proven, AuthError> {
        let (subject, data) = self.identify(kind, shown, from).await?;
        self.prove_external(kind.provider_type(), &subject, data, create).await
    }

    /// What a provider calls somebody, and what of that becomes data of the user.
    pub(super) async fn identify(
        &self,
        kind: OAuthKind,
        shown: Shown<'_>,
        from: IpAddr,
    ) -> Result<(String, Document), AuthError> {
        let provider = self.oauth_provider(kind)?;
        let fetcher = self.directory.fetcher.as_ref();
        let fetcher = fetcher.ok_or_else(|| unavailable("nothing can ask the provider"))?;
        let places = &self.directory.places;
        let _place = places.take(network_of(from))?;
        let (jwks, now_s) = (self.oauth_keys.get(&kind), self.directory.now_s());
        let asking = Asking { kind, provider, jwks, fetcher, now_s };
        let asked = tokio::time::timeout(places.time, asking.profile(shown)).await;
        let late = |_| unavailable(format!("{} answers too slowly", kind.provider_type()));
        let profile = asked.map_err(late)??;
        check_domain(&profile, &provider.domain_restrictions).map_err(|why| {
            let message = "the domain of the email address is not allowed";
            AuthError::new(AuthErrorKind::DomainNotAllowed, message).with_detail(why)
        })?;
        // Documented: an OpenID Connect token has none.
        let fields = if provider.open_id { &[][..] } else { &provider.metadata_fields };
        let data = metadata(&profile.claims, fields).map_err(failed)?;
        Ok((profile.subject, data))
    }

    /// The settings of a provider that is enabled.
    pub(super) fn oauth_provider(&self, kind: OAuthKind) -> Result<&OAuthProvider, AuthError> {
        let provider = self.config.providers.oauth.get(&kind);
        provider.ok_or_else(|| AuthError::provider_not_found(kind.provider_type()))
    }
}

impl Asking<'_> {
    async fn profile(&self, shown: Shown<'_>) -> Result<Profile, AuthError> {
        match (self.kind, shown) {
            (OAuthKind::Google, Shown::Proof(OAuthProof::IdToken(token))) => {
                if !self.provider.open_id {
                    let message = "OpenID Connect is not enabled for this provider";
                    return Err(AuthError::bad_request(message));
                }
                self.of_id_token(token, None).await
            }
            (OAuthKind::Apple, Shown::Proof(OAuthProof::IdToken(token))) => {
                self.of_id_token(token, None).await
            }
            (OAuthKind::Google, Shown::Proof(OAuthProof::Code(code))) => {
                let code = Code { code, redirect_uri: "", verifier: None };
                self.of_grant_of_google(self.grant(code).await?, None).await
            }
            (OAuthKind::Google, Shown::Code { code, nonce }) => {
                self.of_grant_of_google(self.grant(code).await?, Some(nonce)).await
            }
            (OAuthKind::Apple, Shown::Code { code, nonce }) => {
                let token = self.grant(code).await?.id_token;
                let token = token.ok_or_else(|| failed("the provider gives no id_token"))?;
                self.of_id_token(&token, Some(nonce)).await
            }
            (OAuthKind::Facebook, Shown::Proof(OAuthProof::AccessToken(token))) => {
                self.of_facebook(token).await
            }
            (OAuthKind::Facebook, Shown::Code { code, .. }) => {
                let token = self.grant(code).await?.access_token;
                let token = token.ok_or_else(|| failed("the provider gives no access token"))?;
                self.of_facebook(&token).await
            }
            _ => Err(AuthError::bad_request("the provider takes no such proof")),
        }
    }

    /// What an OpenID Connect token says that the provider has signed for this app.
    async fn of_id_token(&self, token: &str, nonce: Option<&str>) -> Result<Profile, AuthError> {
        let parts = Parts::read(token).map_err(failed)?;
        if parts.header.alg != ALGORITHM {
            return Err(failed(format!("the token is not signed by {ALGORITHM}")));
        }
        let id = parts.header.kid.as_deref().ok_or_else(|| failed("the token names no key"))?;
        let jwks = self.jwks.ok_or_else(|| failed("the provider has no keys"))?;
        let key = jwks.key(id, self.fetcher).await.map_err(|error| match error {
            NoKey::Unknown => failed("the provider does not know the key of the token"),
            NoKey::Unavailable(why) => unavailable(why),
        })?;
        if !key.verify(parts.message, &parts.signature) {
            return Err(failed("no key of the provider has signed the token"));
        }
        let (issuers, client_id) = (&self.provider.server.issuers[..], &*self.provider.client_id);
        let demands = Demands { issuers, client_id, nonce };
        let (subject, claims) = claims_of(&parts.claims, &demands, self.now_s).map_err(failed)?;
        Ok(Profile { subject, claims })
    }

    /// What Google says of the user of a code. The OpenID Connect token, which a browser's log-in
    /// always brings, is bound to this app and this log-in; only an answer has metadata.
    async fn of_grant_of_google(
        &self,
        grant: Grant,
        nonce: Option<&str>,
    ) -> Result<Profile, AuthError> {
        let by_token = match &grant.id_token {
            Some(token) => Some(self.of_id_token(token, nonce).await?),
            None if self.provider.open_id || nonce.is_some() => {
                return Err(failed("the provider gives no id_token"));
            }
            None => None,
        };
        if self.provider.open_id
            && let Some(profile) = by_token
        {
            return Ok(profile);
        }
        let token = grant.access_token;
        let token = token.ok_or_else(|| failed("the provider gives no access token"))?;
        let request = google::user_request(&self.provider.server.user_info_url, &token);
        let known = by_token.as_ref().map(|profile| profile.subject.as_str());
        google::profile_of(&self.ask(&request).await?.body, known).map_err(failed)
    }

    /// What Facebook says of the user of an access token, which must be one of this app.
    async fn of_facebook(&self, token: &str) -> Result<Profile, AuthError> {
        let secret = self.secret()?;
        let answer = self.ask(&facebook::token_request(self.provider, secret, token)).await?;
        let user = facebook::user_of_token(&answer.body, &self.provider.client_id, self.now_s);
        let user = user.map_err(failed)?;
        let answer = self.ask(&facebook::user_request(self.provider, secret, token)).await?;
        facebook::profile_of(&answer.body, user).map_err(failed)
    }

    /// The tokens that a code becomes.
    async fn grant(&self, code: Code<'_>) -> Result<Grant, AuthError> {
        let (request, body) = code_request(self.provider, self.secret()?, code);
        let answer = self.ask_with(&request, Some(body)).await?;
        let unreadable = |_| failed("the answer to the code cannot be read");
        serde_json::from_slice(&answer.body).map_err(unreadable)
    }

    fn secret(&self) -> Result<&ClientSecret, AuthError> {
        let secret = self.provider.client_secret.as_ref();
        secret.ok_or_else(|| failed("the client secret of the provider is not set"))
    }

    /// A successful answer of the provider.
    async fn ask(&self, request: &Json) -> Result<Fetched, AuthError> {
        self.ask_with(request, None).await
    }

    async fn ask_with(&self, request: &Json, body: Option<Vec<u8>>) -> Result<Fetched, AuthError> {
        let name = self.kind.provider_type();
        let answer = self.fetcher.call(request, body, ANSWER_BYTES_MAX).await;
        let answer = answer.map_err(|why| unavailable(format!("{name} cannot be asked: {why}")))?;
        let status = answer.status;
        if status == 200 {
            return Ok(answer);
        }
        let word = reason(&answer.body).map(|word| format!(", {word}")).unwrap_or_default();
        let why = format!("{name} answers with status {status}{word}");
        Err(if matches!(status, 429 | 500..) { unavailable(why) } else { failed(why) })
    }
}

/// What is shown proves nobody. Only the log learns why.
fn failed(why: impl Into<String>) -> AuthError {
    AuthError::new(AuthErrorKind::AuthError, "authentication with the provider failed")
        .with_detail(why)
}

/// The provider does not answer.
fn unavailable(why: impl Into<String>) -> AuthError {
    AuthError::new(AuthErrorKind::Unavailable, "the provider cannot be asked at the moment")
        .with_detail(why)
}
