//! The types of settings that are more than a number.

use std::collections::BTreeMap;

use hookstead_app::secrets::is_secret_name;
use hookstead_server::parse::Network;
use toml::Value;
use url::Url;

use super::value::{SettingValue, list_of_text, string, strings};

/// A text; empty means that it is not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text(String);

impl Text {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, unless it is empty.
    pub(crate) fn get(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

impl SettingValue for Text {
    fn read(value: &Value) -> Result<Self, String> {
        Ok(Self::new(string(value)?))
    }

    fn show(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A URI that holds a password; empty means that there is none. It is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct ConnectionString(String);

impl ConnectionString {
    /// The URI, for connecting only.
    pub(crate) fn get(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

impl std::fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "set" })
    }
}

impl SettingValue for ConnectionString {
    fn read(value: &Value) -> Result<Self, String> {
        Ok(Self(string(value)?.to_owned()))
    }

    fn show(&self) -> Value {
        Value::String(String::new())
    }
}

/// The name of a secret; empty means that there is none. What is no name may be the secret itself,
/// and is therefore not shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SecretName(Text);

impl SecretName {
    /// The name, unless it is empty.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.get()
    }
}

impl SettingValue for SecretName {
    fn read(value: &Value) -> Result<Self, String> {
        let name = string(value)?;
        if name.is_empty() || is_secret_name(name) {
            return Ok(Self(Text::new(name)));
        }
        Err("must be the name of a secret, of letters, digits, `_` and `-`".to_owned())
    }

    fn show(&self) -> Value {
        self.0.show()
    }
}

/// The name of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseName(String);

impl DatabaseName {
    const BYTES_MAX: usize = 63;

    pub(super) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name.
    pub(crate) fn get(&self) -> &str {
        &self.0
    }
}

impl SettingValue for DatabaseName {
    fn read(value: &Value) -> Result<Self, String> {
        let name = string(value)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        // Those of the server itself hold its users and its log.
        let is_reserved = ["admin", "config", "local"].contains(&name);
        let length = 1..=Self::BYTES_MAX;
        if length.contains(&name.len()) && name.bytes().all(is_plain) && !is_reserved {
            return Ok(Self::new(name));
        }
        Err("must be the name of a database, of letters, digits, `_` and `-`, and not that of one \
             of the server's own"
            .to_owned())
    }

    fn show(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// The name of an environment; empty means the one that the export names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EnvironmentName(Text);

impl EnvironmentName {
    const ALL: [&str; 6] = ["", "no-environment", "development", "testing", "qa", "production"];

    /// The tag of the environment; `Some("")` for the one without a name.
    pub(crate) fn tag(&self) -> Option<&str> {
        self.0.get().map(|name| if name == "no-environment" { "" } else { name })
    }
}

impl SettingValue for EnvironmentName {
    fn read(value: &Value) -> Result<Self, String> {
        let name = string(value)?;
        if Self::ALL.contains(&name) {
            return Ok(Self(Text::new(name)));
        }
        Err(format!("must be one of {}", quoted(&Self::ALL[1..])))
    }

    fn show(&self) -> Value {
        self.0.show()
    }
}

/// An `http` or `https` URL without query; empty means that it is not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BaseUrl(Option<String>);

impl BaseUrl {
    /// The URL without a slash at its end.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl SettingValue for BaseUrl {
    fn read(value: &Value) -> Result<Self, String> {
        let text = string(value)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let wanted = "must be a URL such as \"https://hooks.example.com\"";
        let url = Url::parse(text).map_err(|_| wanted)?;
        if !is_http(&url) || url.query().is_some() || url.fragment().is_some() {
            return Err(wanted.to_owned());
        }
        Ok(Self(Some(text.trim_end_matches('/').to_owned())))
    }

    fn show(&self) -> Value {
        Value::String(self.0.clone().unwrap_or_default())
    }
}

/// Addresses and networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NetworkList(Vec<String>);

impl NetworkList {
    /// The addresses and networks, as spelt.
    pub(crate) fn get(&self) -> &[String] {
        &self.0
    }
}

impl SettingValue for NetworkList {
    fn read(value: &Value) -> Result<Self, String> {
        let items = strings(value)?;
        match items.iter().find(|item| !is_network(item)) {
            None => Ok(Self(items)),
            Some(bad) => Err(format!(
                "must hold addresses or networks such as \"10.0.0.0/8\", and {bad:?} is neither"
            )),
        }
    }

    fn from_text(text: &str) -> Value {
        list_of_text(text)
    }

    fn show(&self) -> Value {
        Value::from(self.0.clone())
    }
}

/// Hosts, addresses and networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HostList(Vec<String>);

impl HostList {
    /// The hosts, addresses and networks, as spelt.
    pub(crate) fn get(&self) -> &[String] {
        &self.0
    }
}

impl SettingValue for HostList {
    fn read(value: &Value) -> Result<Self, String> {
        let items = strings(value)?;
        let is_bad = |item: &&String| item.is_empty() || item.contains("://") || has_space(item);
        match items.iter().find(is_bad) {
            None => Ok(Self(items)),
            Some(bad) => Err(format!(
                "must hold hosts such as \"intranet.example\" or \"127.0.0.1:9000\", \
                 without a scheme, and {bad:?} is none"
            )),
        }
    }

    fn from_text(text: &str) -> Value {
        list_of_text(text)
    }

    fn show(&self) -> Value {
        Value::from(self.0.clone())
    }
}

/// Names of headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HeaderList(Vec<String>);

impl HeaderList {
    pub(super) fn new(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The names, as spelt.
    pub(crate) fn get(&self) -> &[String] {
        &self.0
    }
}

impl SettingValue for HeaderList {
    fn read(value: &Value) -> Result<Self, String> {
        let items = strings(value)?;
        match items.iter().find(|item| !is_header(item)) {
            None => Ok(Self(items)),
            Some(bad) => Err(format!("must hold names of headers, and {bad:?} is none")),
        }
    }

    fn from_text(text: &str) -> Value {
        list_of_text(text)
    }

    fn show(&self) -> Value {
        Value::from(self.0.clone())
    }
}

/// Origin to origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Redirects(BTreeMap<String, String>);

impl Redirects {
    /// Origin to origin.
    pub(crate) fn get(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl SettingValue for Redirects {
    fn read(value: &Value) -> Result<Self, String> {
        let wanted = "must map origins to origins, such as \
                      \"https://api.example.com\" = \"http://127.0.0.1:9000\"";
        let table = value.as_table().ok_or(wanted)?;
        let mut redirects = BTreeMap::new();
        for (from, to) in table {
            let to = to.as_str().ok_or(wanted)?;
            for origin in [from.as_str(), to] {
                is_origin(origin)
                    .then_some(())
                    .ok_or_else(|| format!("{wanted}, and {origin:?} is no origin"))?;
            }
            redirects.insert(from.clone(), to.to_owned());
        }
        Ok(Self(redirects))
    }

    /// Pairs between commas: `https://a.example=http://127.0.0.1:9000,…`.
    fn from_text(text: &str) -> Value {
        let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        let table = pairs.map(|pair| {
            let (from, to) = pair.split_once('=').unwrap_or((pair, ""));
            (from.trim().to_owned(), Value::String(to.trim().to_owned()))
        });
        Value::Table(table.collect())
    }

    fn show(&self) -> Value {
        let entry = |(from, to): (&String, &String)| (from.clone(), Value::String(to.clone()));
        Value::Table(self.0.iter().map(entry).collect())
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident {$(
        $(#[$variant_doc:meta])*
        $variant:ident = $word:literal,
    )+}) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl SettingValue for $name {
            fn read(value: &Value) -> Result<Self, String> {
                match value.as_str() {
                    $(Some($word) => Ok(Self::$variant),)+
                    _ => Err(format!("must be one of {}", quoted(&[$($word),+]))),
                }
            }

            fn show(&self) -> Value {
                Value::String(match self { $(Self::$variant => $word,)+ }.to_owned())
            }
        }
    };
}

words! {
    /// What becomes of endpoints that ask for application authentication.
    ApplicationAuthentication {
        /// They answer 401.
        Required = "required",
        /// They run as the system user.
        System = "system",
    }
}

words! {
    /// For whom log lines are written.
    LogFormat {
        /// People.
        Human = "human",
        /// Machines.
        Json = "json",
    }
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    words.join(", ")
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        is_http(&url) && url.origin().ascii_serialization() == text.to_ascii_lowercase()
    })
}

fn is_header(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

fn has_space(text: &str) -> bool {
    text.chars().any(char::is_whitespace)
}

fn is_network(text: &str) -> bool {
    text.parse::<Network>().is_ok()
}
