//! Tokens of others as a proof (docs/behaviour/users.md#custom-tokens).

use aws_lc_rs::hmac;

use super::{Proven, Users};
use crate::{
    AuthError, AuthErrorKind, TokenKeys,
    custom_token::{Claims, Kind, NoKey, Parts, Rules},
    records::provider,
};

impl Users {
    pub(super) async fn prove_custom_token(
        &self,
        token: &str,
        create: bool,
    ) -> Result<Proven, AuthError> {
        let Claims { subject, data, expires_s } = self.custom_claims(token).await?;
        let proven = self.prove_external(provider::CUSTOM_TOKEN, &subject, data, create).await?;
        Ok(Proven { expires_s: Some(expires_s), ..proven })
    }

    /// What a token says that a key of the app has signed and that meets the app's demands.
    pub(super) async fn custom_claims(&self, token: &str) -> Result<Claims, AuthError> {
        let provider = self.config.providers.custom_token.as_ref();
        let provider =
            provider.ok_or_else(|| AuthError::provider_not_found(provider::CUSTOM_TOKEN))?;
        let invalid = |why: String| {
            AuthError::new(AuthErrorKind::AuthError, "invalid custom token").with_detail(why)
        };
        let parts = Parts::read(token).map_err(|why| invalid(why.to_owned()))?;
        let keys = provider.keys.as_ref();
        let keys =
            keys.ok_or_else(|| invalid("the app has no key for custom tokens".to_owned()))?;
        let is_right = self.is_signed(keys, &parts).await?;
        is_right.map_err(invalid)?;
        let rules = Rules {
            client_app_id: &self.config.client_app_id,
            audience: &provider.audience,
            require_any_audience: provider.require_any_audience,
            metadata: &provider.metadata_fields,
        };
        Claims::read(&parts.claims, &rules, self.directory.now_s()).map_err(invalid)
    }

    /// Whether a key of the app has signed a token, by the algorithm that the app names.
    /// The outer error is trouble of ours or of the server of the keys.
    async fn is_signed(
        &self,
        keys: &TokenKeys,
        parts: &Parts<'_>,
    ) -> Result<Result<(), String>, AuthError> {
        let algorithm = match &keys.0 {
            Kind::Hs256(_) => "HS256",
            Kind::Rs256(_) | Kind::Jwks(_) => "RS256",
        };
        if parts.header.alg != algorithm {
            return Ok(Err(format!("the token is not signed by {algorithm}")));
        }
        let (message, signature) = (parts.message, &parts.signature);
        let is_right = match &keys.0 {
            Kind::Hs256(keys) => {
                keys.iter().any(|key| hmac::verify(key, message, signature).is_ok())
            }
            Kind::Rs256(keys) => keys.iter().any(|key| key.verify(message, signature)),
            Kind::Jwks(_) => {
                let Some(id) = parts.header.kid.as_deref() else {
                    return Ok(Err("the token names no key".to_owned()));
                };
                let fetcher = self.directory.fetcher.as_ref();
                let Some((jwks, fetcher)) = self.jwks.as_ref().zip(fetcher) else {
                    return Ok(Err("nothing can fetch the keys".to_owned()));
                };
                match jwks.key(id, fetcher).await {
                    Ok(key) => key.verify(message, signature),
                    Err(NoKey::Unknown) => {
                        let why = "the server of the keys does not know the key of the token";
                        return Ok(Err(why.to_owned()));
                    }
                    Err(NoKey::Unavailable(why)) => {
                        let message = "the token cannot be checked at the moment";
                        let error = AuthError::new(AuthErrorKind::Unavailable, message);
                        return Err(error.with_detail(why));
                    }
                }
            }
        };
        let why = || "no key of the app has signed the token".to_owned();
        Ok(is_right.then_some(()).ok_or_else(why))
    }
}
