//! `custom-token`: JSON Web Tokens of somebody else (docs/behaviour/users.md#custom-tokens).

use super::metadata;
use crate::{CustomTokenSetup, ProblemCode, TokenKeys, fields::Fields, nearest::nearest};

/// More keys were refused by the hosted service.
const KEYS_MAX: usize = 3;

const ALGORITHMS: [&str; 2] = ["HS256", "RS256"];

pub(super) fn read(
    fields: &mut Fields<'_>,
    config: &mut Fields<'_>,
    secrets: &mut Fields<'_>,
) -> Option<CustomTokenSetup> {
    let keys = keys(config, secrets);
    let audience = config.texts("audience");
    let audience = audience.into_iter().flat_map(|text| text.split(','));
    let audience = audience.map(str::trim).filter(|text| !text.is_empty());
    Some(CustomTokenSetup {
        audience: audience.map(str::to_owned).collect(),
        require_any_audience: config.guard_flag("requireAnyAudience"),
        metadata_fields: metadata::read(fields),
        keys: keys?,
    })
}

/// What tokens are checked with. A key set is of RSA keys, whatever algorithm stands beside it.
fn keys(config: &mut Fields<'_>, secrets: &mut Fields<'_>) -> Option<TokenKeys> {
    let algorithm = config.filled_text("signingAlgorithm");
    let url = config.filled_text("jwkURI");
    let names = secrets.texts("signingKeys");
    let are_in_set = config.guard_flag("useJWKURI");
    if let Some(algorithm) = algorithm.filter(|algorithm| !ALGORITHMS.contains(algorithm)) {
        let known = nearest(algorithm, ALGORITHMS);
        let remedy = known.map_or_else(
            || "write HS256 or RS256; tokens of other algorithms are not accepted".to_owned(),
            |known| format!("write {known}"),
        );
        let message = format!("`signingAlgorithm` is `{algorithm}`, which is not known");
        config.doubt(ProblemCode::ProviderSetting, "signingAlgorithm", message, remedy);
        return None;
    }
    if are_in_set {
        return key_set(config, url);
    }
    let Some(algorithm) = algorithm else {
        let message = "there is no `signingAlgorithm`".to_owned();
        config.doubt(ProblemCode::ProviderSetting, "signingAlgorithm", message, ONE_ALGORITHM);
        return None;
    };
    let lack = match names.len() {
        0 => Some("no secret holds the key of tokens".to_owned()),
        count if count > KEYS_MAX => Some(format!("there are more than {KEYS_MAX} signing keys")),
        _ if names.contains(&"") => Some("the name of a signing key is empty".to_owned()),
        _ => None,
    };
    if let Some(message) = lack {
        let remedy = "write the names of one to three secrets";
        secrets.doubt(ProblemCode::ProviderSetting, "signingKeys", message, remedy);
        return None;
    }
    let names = names.into_iter().map(str::to_owned).collect();
    Some(if algorithm == "HS256" { TokenKeys::Hs256(names) } else { TokenKeys::Rs256(names) })
}

const ONE_ALGORITHM: &str = "write the algorithm that tokens are signed with, HS256 or RS256";

fn key_set(config: &mut Fields<'_>, url: Option<&str>) -> Option<TokenKeys> {
    let scheme = url.and_then(|url| url.split_once("://")).map(|(scheme, _)| scheme);
    let is = |wanted: &str| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(wanted));
    let url = url.filter(|_| is("https") || is("http"));
    if url.is_none() {
        let message = "`jwkURI` is not the URL of a key set".to_owned();
        let remedy = "write its URL, or `useJWKURI` as false and the names of signing keys";
        config.doubt(ProblemCode::ProviderSetting, "jwkURI", message, remedy);
    } else if is("http") {
        let message = "`jwkURI` is not HTTPS: keys can be exchanged on their way".to_owned();
        config.oddity_with(ProblemCode::ProviderSetting, "jwkURI", message, "write an https URL");
    }
    url.map(|url| TokenKeys::Jwks(url.to_owned()))
}
