//! Where the server listens, in the forms in which people write it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use toml::Value;

use super::value::SettingValue;

const WANTED: &str = "must be an address and a port, such as \"127.0.0.1:7080\", a port alone, \
                      such as \"8080\", or \"localhost:8080\"";

/// The name of this machine for itself.
const LOCALHOST: &str = "localhost";

/// An address and a port to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListenAddress {
    /// This one.
    Address(SocketAddr),
    /// A loopback address of this machine.
    Localhost(u16),
}

impl ListenAddress {
    /// The addresses that it may mean; the first that this machine has counts.
    pub(crate) fn addresses(self) -> Vec<SocketAddr> {
        match self {
            Self::Address(address) => vec![address],
            Self::Localhost(port) => {
                let ips = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
                ips.map(|ip| SocketAddr::new(ip, port)).to_vec()
            }
        }
    }

    /// The address that counts where this machine has all of them.
    pub(crate) fn first(self) -> SocketAddr {
        match self {
            Self::Address(address) => address,
            Self::Localhost(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        if text.parse::<IpAddr>().is_ok() {
            return Err("must have a port behind the address, such as \"127.0.0.1:7080\" or \
                        \"[::1]:7080\""
                .to_owned());
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        match host {
            // A port alone says nothing of who may reach it: this machine alone, as without it.
            "" => Ok(Self::Address((Ipv4Addr::LOCALHOST, parse_port(port)?).into())),
            host if host.eq_ignore_ascii_case(LOCALHOST) => Ok(Self::Localhost(parse_port(port)?)),
            _ => Err(WANTED.to_owned()),
        }
    }
}

impl Default for ListenAddress {
    fn default() -> Self {
        Self::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, 7080)))
    }
}

impl SettingValue for ListenAddress {
    fn read(value: &Value) -> Result<Self, String> {
        Self::parse(value.as_str().ok_or(WANTED)?.trim())
    }

    fn show(&self) -> Value {
        Value::String(match self {
            Self::Address(address) => address.to_string(),
            Self::Localhost(port) => format!("{LOCALHOST}:{port}"),
        })
    }
}

fn parse_port(text: &str) -> Result<u16, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if is_number => Ok(port),
        _ if is_number => Err("must have a port from 0 to 65535".to_owned()),
        _ => Err(WANTED.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let cases = [
            ("127.0.0.1:7080", &["127.0.0.1:7080"][..]),
            ("0.0.0.0:80", &["0.0.0.0:80"]),
            ("[::]:80", &["[::]:80"]),
            (":8080", &["127.0.0.1:8080"]),
            ("8080", &["127.0.0.1:8080"]),
            ("0", &["127.0.0.1:0"]),
            (" 8080 ", &["127.0.0.1:8080"]),
            ("localhost:7080", &["127.0.0.1:7080", "[::1]:7080"]),
            ("LocalHost:0", &["127.0.0.1:0", "[::1]:0"]),
        ];
        for (text, expected) in cases {
            let read = ListenAddress::parse(text.trim()).unwrap();
            let addresses: Vec<_> = read.addresses().iter().map(ToString::to_string).collect();
            assert_eq!(addresses, expected, "{text}");
            assert_eq!(read.first().to_string(), expected[0]);
            assert_eq!(ListenAddress::read(&read.show()), Ok(read));
        }
    }

    #[test]
    fn what_is_no_address_is_told_with_what_to_write() {
        let cases = [
            ("here", "must be an address and a port"),
            ("", "must be an address and a port"),
            (":", "must be an address and a port"),
            ("+8080", "must be an address and a port"),
            ("example.com:80", "must be an address and a port"),
            ("*:80", "must be an address and a port"),
            ("http://127.0.0.1:80", "must be an address and a port"),
            ("localhost", "must be an address and a port"),
            ("localhost:", "must be an address and a port"),
            ("65536", "must have a port from 0 to 65535"),
            ("localhost:99999", "must have a port from 0 to 65535"),
            ("127.0.0.1", "must have a port behind the address"),
            ("::1", "must have a port behind the address"),
        ];
        for (text, expected) in cases {
            let told = ListenAddress::parse(text).unwrap_err();
            assert!(told.starts_with(expected), "{text}: {told}");
        }
    }
}
