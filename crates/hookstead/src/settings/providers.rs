//! `[auth.providers.NAME]`: where Google, Facebook and Apple are, for those who have a stand-in.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use hookstead_identity::{OAuthKind, OAuthServer};
use toml::Value;
use url::{Host, Url};

use super::value::{SettingValue, string};

/// The keys of every section.
const KEYS: [&str; 6] =
    ["authorization_url", "token_url", "user_info_url", "debug_token_url", "jwks_url", "issuer"];

/// The URLs of providers that differ from their own, by type and key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProviderUrls(BTreeMap<String, BTreeMap<String, String>>);

impl ProviderUrls {
    /// Where the providers are that have a section here.
    pub(crate) fn servers(&self) -> BTreeMap<OAuthKind, OAuthServer> {
        let server = |(name, urls): (&String, &BTreeMap<String, String>)| {
            let kind = OAuthKind::of_type(name)?;
            let mut server = OAuthServer::of(kind);
            for (key, url) in urls {
                let url = url.clone();
                match key.as_str() {
                    "authorization_url" => server.authorization_url = url,
                    "token_url" => server.token_url = url,
                    "user_info_url" => server.user_info_url = url,
                    "debug_token_url" => server.debug_token_url = url,
                    "jwks_url" => server.jwks_url = url,
                    _ => server.issuers = vec![url],
                }
            }
            Some((kind, server))
        };
        self.0.iter().filter_map(server).collect()
    }
}

impl SettingValue for ProviderUrls {
    fn read(value: &Value) -> Result<Self, String> {
        let names = OAuthKind::ALL.map(OAuthKind::provider_type);
        let wanted = || {
            format!(
                "must be sections [auth.providers.NAME], with one of the names {}",
                names.join(", ")
            )
        };
        let mut providers = BTreeMap::new();
        for (name, urls) in value.as_table().ok_or_else(wanted)? {
            let urls = urls.as_table().filter(|_| names.contains(&name.as_str()));
            let urls = urls.ok_or_else(wanted)?;
            let mut read = BTreeMap::new();
            for (key, url) in urls {
                if !KEYS.contains(&key.as_str()) {
                    let keys = KEYS.join(", ");
                    return Err(format!(
                        "must have in [auth.providers.{name}] the keys {keys}, \
                                        and none of the name {key:?}"
                    ));
                }
                let url = string(url).ok().filter(|url| key == "issuer" || is_safe(url));
                let url = url.filter(|url| !url.is_empty()).ok_or_else(|| {
                    format!(
                        "must have as {key} of [auth.providers.{name}] an https URL: secrets are \
                         sent there; an http one only of this machine, such as \
                         \"http://127.0.0.1:9000/token\""
                    )
                })?;
                read.insert(key.clone(), url.to_owned());
            }
            providers.insert(name.clone(), read);
        }
        Ok(Self(providers))
    }

    /// A table of TOML in braces.
    fn from_text(text: &str) -> Value {
        let table = toml::from_str::<toml::Table>(&format!("value = {text}"));
        let value = table.ok().and_then(|mut table| table.remove("value"));
        value.unwrap_or_else(|| Value::String(text.to_owned()))
    }

    fn show(&self) -> Value {
        let text = |(key, url): (&String, &String)| (key.clone(), Value::String(url.clone()));
        let table = |(name, urls): (&String, &BTreeMap<String, String>)| {
            (name.clone(), Value::Table(urls.iter().map(text).collect()))
        };
        Value::Table(self.0.iter().map(table).collect())
    }
}

/// Whether nobody on the way can read what is sent to a URL.
fn is_safe(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_of_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
    };
    let is_plain =
        url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    is_plain
        && url.has_host()
        && (url.scheme() == "https" || (url.scheme() == "http" && is_of_machine))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ProviderUrls, String> {
        ProviderUrls::read(&ProviderUrls::from_text(text))
    }

    #[test]
    fn what_is_not_moved_stays_where_it_is() {
        let text = r#"{ oauth2-google = { token_url = "http://127.0.0.1:9/t", issuer = "me" } }"#;
        let servers = read(text).unwrap().servers();
        let moved = OAuthServer {
            token_url: "http://127.0.0.1:9/t".to_owned(),
            issuers: vec!["me".to_owned()],
            ..OAuthServer::of(OAuthKind::Google)
        };
        assert_eq!(servers, [(OAuthKind::Google, moved)].into());
    }

    #[test]
    fn a_url_that_others_can_listen_to_is_refused() {
        for (url, is_taken) in [
            ("https://a.example/t", true),
            ("http://localhost:9/t", true),
            ("http://[::1]:9/t", true),
            ("http://a.example/t", false),
            ("http://127.0.0.1.a.example/t", false),
            ("https://me:secret@a.example/t", false),
            ("https://a.example/t#x", false),
            ("ftp://a.example/t", false),
            ("a.example", false),
            ("", false),
        ] {
            let text = format!("{{ oauth2-apple = {{ token_url = {url:?} }} }}");
            assert_eq!(read(&text).is_ok(), is_taken, "{url}");
        }
    }

    #[test]
    fn unknown_names_are_refused() {
        for text in [
            r#"{ oauth2-github = { token_url = "https://a.example" } }"#,
            r#"{ oauth2-google = { tokn_url = "https://a.example" } }"#,
            r#"{ oauth2-google = "https://a.example" }"#,
            r#"{ oauth2-google = { token_url = 5 } }"#,
            "5",
            "x",
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains("auth.providers") && !error.contains("a.example"), "{error}");
        }
    }
}
