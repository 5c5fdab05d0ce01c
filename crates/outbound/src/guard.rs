//! Who may be called.
//!
//! The guard judges addresses, not names: it sees what a name resolved to, and the connection is
//! made to an address that it has passed, so that a name which resolves differently the next
//! moment gains nothing. Its verdict depends on the settings, the host and the port alone, which
//! is what makes it safe to reuse a connection for the same host and port.

use std::net::{IpAddr, SocketAddr};

use url::Host;

use crate::network::{Network, restriction};

/// What the operator permits beyond public addresses, or instead of them.
pub(crate) struct Guard {
    rules: Vec<Rule>,
    listed_only: bool,
}

/// What a host is that no rule names, where only those may be called that some rule names.
const UNLISTED: &str = "not on the list of what functions may call";

/// One entry of `[outbound] allow`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    target: Target,
    port: Option<u16>,
}

#[derive(Debug, PartialEq, Eq)]
enum Target {
    Name(String),
    Network(Network),
}

/// A host that may not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host}:{port} may not be called; the log of the server tells the operator why")]
pub struct Refusal {
    host: String,
    port: u16,
    /// `None` where the name was not resolved.
    address: Option<IpAddr>,
    why: &'static str,
}

impl Refusal {
    /// For the operator: callers learn neither addresses nor settings.
    pub fn detail(&self) -> String {
        let Self { host, port, address, why } = self;
        let what = address.map_or_else(|| host.clone(), |address| address.to_string());
        format!(
            "{host}:{port} may not be called, because {what} is {why}: only if functions must \
             call it, add \"{host}:{port}\" to [outbound] allow"
        )
    }
}

impl Guard {
    pub(crate) fn new(rules: Vec<Rule>, listed_only: bool) -> Self {
        Self { rules, listed_only }
    }

    /// Refuses a name that no rule can permit, whatever it resolves to: looking it up would tell
    /// others of the call.
    pub(crate) fn vet_name(&self, host: &str, port: u16) -> Result<(), Refusal> {
        let may_permit = |rule: &Rule| match &rule.target {
            Target::Name(name) => name == without_root(host),
            Target::Network(_) => true,
        };
        if !self.listed_only || self.rules.iter().any(may_permit) {
            return Ok(());
        }
        Err(Refusal { host: host.to_owned(), port, address: None, why: UNLISTED })
    }

    /// The addresses of a host that may be connected to. A host is refused when none may.
    pub(crate) fn vet(
        &self,
        host: &str,
        addresses: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Refusal> {
        let mut vetted = Vec::new();
        let mut refusal = None;
        for address in addresses {
            let unlisted = || self.listed_only.then_some(UNLISTED);
            match restriction(address.ip()).or_else(unlisted) {
                Some(why) if !self.permits(host, address) => {
                    refusal.get_or_insert_with(|| Refusal {
                        host: host.to_owned(),
                        port: address.port(),
                        address: Some(address.ip()),
                        why,
                    });
                }
                _ => vetted.push(address),
            }
        }
        match refusal {
            Some(refusal) if vetted.is_empty() => Err(refusal),
            _ => Ok(vetted),
        }
    }

    fn permits(&self, host: &str, address: SocketAddr) -> bool {
        self.rules.iter().any(|rule| {
            let is_target = match &rule.target {
                Target::Name(name) => name == without_root(host),
                Target::Network(network) => network.contains(address.ip()),
            };
            is_target && rule.port.is_none_or(|port| port == address.port())
        })
    }
}

impl Rule {
    /// The rule that permits one host and port.
    pub(crate) fn of_host(host: &Host<String>, port: u16) -> Self {
        Self { target: Target::from(host), port: Some(port) }
    }

    /// A name, an address or a network; a name or an address may have a port.
    pub(crate) fn parse(entry: &str) -> Option<Self> {
        if let Ok(network) = entry.parse() {
            return Some(Self { target: Target::Network(network), port: None });
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            return Some(Self { target: Target::Network(address.into()), port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(parse_port(port)?)),
            _ => (entry, None),
        };
        // A `*` would pass for a part of a name, and never match.
        if host.contains('*') {
            return None;
        }
        let host = Host::parse(host).ok()?;
        Some(Self { target: Target::from(&host), port })
    }
}

impl From<&Host<String>> for Target {
    fn from(host: &Host<String>) -> Self {
        match host {
            Host::Domain(name) => Self::Name(without_root(name).to_owned()),
            Host::Ipv4(address) => Self::Network(IpAddr::from(*address).into()),
            Host::Ipv6(address) => Self::Network(IpAddr::from(*address).into()),
        }
    }
}

/// `localhost.` is `localhost`.
fn without_root(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn parse_port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vet(allow: &[&str], host: &str, addresses: &[&str]) -> Result<Vec<String>, String> {
        vet_by(false, allow, host, addresses)
    }

    fn vet_by(
        listed_only: bool,
        allow: &[&str],
        host: &str,
        addresses: &[&str],
    ) -> Result<Vec<String>, String> {
        let rules = allow.iter().map(|entry| Rule::parse(entry).unwrap()).collect();
        let guard = Guard::new(rules, listed_only);
        guard.vet_name(host, 443).map_err(|refusal| refusal.detail())?;
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        guard
            .vet(host, addresses)
            .map(|vetted| vetted.iter().map(ToString::to_string).collect())
            .map_err(|refusal| refusal.detail())
    }

    #[test]
    fn a_refusal_names_the_host_and_the_remedy() {
        assert_eq!(
            vet(&[], "intranet.example", &["10.0.0.1:8080"]).unwrap_err(),
            "intranet.example:8080 may not be called, because 10.0.0.1 is a private address: only \
             if functions must call it, add \"intranet.example:8080\" to [outbound] allow"
        );
        // What the message proposes is what helps.
        assert!(vet(&["intranet.example:8080"], "intranet.example", &["10.0.0.1:8080"]).is_ok());
        assert!(vet(&["[::1]:80"], "[::1]", &["[::1]:80"]).is_ok());
    }

    #[test]
    fn only_public_addresses_of_a_mixed_host_are_used() {
        let addresses = ["10.0.0.1:80", "1.1.1.1:80"];
        assert_eq!(vet(&[], "mixed.example", &addresses).unwrap(), ["1.1.1.1:80"]);
    }

    #[test]
    fn rules_permit_what_they_name() {
        let cases = [
            ("localhost", "localhost", "127.0.0.1:80", true),
            ("LocalHost", "localhost.", "127.0.0.1:80", true),
            ("localhost", "127.0.0.1", "127.0.0.1:80", false),
            ("localhost:81", "localhost", "127.0.0.1:80", false),
            ("127.0.0.1", "localhost", "127.0.0.1:80", true),
            ("127.0.0.1:80", "localhost", "127.0.0.1:80", true),
            ("127.0.0.1:80", "localhost", "127.0.0.1:81", false),
            ("127.0.0.1", "x.example", "[::ffff:127.0.0.1]:80", true),
            ("10.0.0.0/8", "x.example", "10.9.9.9:80", true),
            ("10.0.0.0/8", "x.example", "11.0.0.1:80", true),
            ("10.0.0.0/8", "x.example", "172.16.0.1:80", false),
            ("::1", "[::1]", "[::1]:80", true),
            ("[::1]", "[::1]", "[::1]:80", true),
            ("[::1]:8080", "[::1]", "[::1]:80", false),
            ("fd00::/8", "x.example", "[fd00::1]:80", true),
            ("example", "x.example", "10.0.0.1:80", false),
        ];
        for (entry, host, address, permitted) in cases {
            assert_eq!(vet(&[entry], host, &[address]).is_ok(), permitted, "{entry} {address}");
        }
    }

    #[test]
    fn where_only_listed_hosts_may_be_called_public_ones_are_refused_unless_they_are_listed() {
        let public = ["1.1.1.1:443"];
        let cases = [
            (&[][..], "api.example", false),
            (&["api.example"], "api.example", true),
            (&["api.example"], "API.example.", true),
            (&["api.example:80"], "api.example", false),
            (&["other.example"], "api.example", false),
            (&["1.1.1.0/24"], "api.example", true),
            (&["10.0.0.0/8"], "api.example", false),
        ];
        for (allow, host, permitted) in cases {
            let host = host.to_ascii_lowercase();
            let outcome = vet_by(true, allow, &host, &public);
            assert_eq!(outcome.is_ok(), permitted, "{allow:?} {host}: {outcome:?}");
            assert!(vet(allow, &host, &public).is_ok());
        }
        assert_eq!(
            vet_by(true, &[], "api.example", &public).unwrap_err(),
            "api.example:443 may not be called, because api.example is not on the list of what \
             functions may call: only if functions must call it, add \"api.example:443\" to \
             [outbound] allow"
        );
    }

    #[test]
    fn nonsense_is_no_rule() {
        let entries = [
            "",
            "http://localhost",
            "localhost:",
            "localhost:x",
            "localhost:0",
            "localhost:+80",
            "localhost:99999",
            "*.internal",
            "10.0.0.0/40",
            "10.0.0.0/8:80",
            "a b",
            "user@host",
            "[::1",
        ];
        for entry in entries {
            assert_eq!(Rule::parse(entry), None, "{entry}");
        }
    }
}
