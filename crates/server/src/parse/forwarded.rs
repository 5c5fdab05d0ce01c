//! Who the caller is when proxies stand between.

use std::{net::IpAddr, str::FromStr};

use thiserror::Error;

/// An address or a network, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// The part before `/` is no address.
    #[error("`{0}` is neither an address nor a network such as 10.0.0.0/8")]
    Address(String),
    /// The part behind `/` is no number of bits that such an address has.
    #[error("`{0}` has no valid number of bits behind the slash")]
    Prefix(String),
}

impl Network {
    /// Whether an address belongs to this network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(32 - self.prefix_bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(128 - self.prefix_bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr =
            address.trim().parse().map_err(|_| NetworkError::Address(text.to_owned()))?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix.map(|prefix| prefix.trim().parse()) {
            None => bits,
            Some(Ok(prefix)) if prefix <= bits => prefix,
            Some(_) => return Err(NetworkError::Prefix(text.to_owned())),
        };
        Ok(Self { address, prefix_bits })
    }
}

/// The address of the caller.
///
/// Nobody but a trusted proxy is believed. A trusted one names the address that it was called
/// from last in `X-Forwarded-For`; where that is another trusted proxy, the one before it counts,
/// and so on. What stands further left could have been written by the caller.
/// `X-Cluster-Client-Ip` counts where a trusted proxy sends no `X-Forwarded-For`.
pub fn client_address<'a>(
    peer: IpAddr,
    trusted: &[Network],
    forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    cluster_client_ip: Option<&str>,
) -> IpAddr {
    let is_trusted = |address| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    let (mut client, mut forwarded) = (None, false);
    for hop in forwarded_for.rev().flat_map(|header| header.rsplit(',')) {
        forwarded = true;
        // Behind something unreadable nothing can be believed.
        let Some(address) = host(hop) else { break };
        client = Some(address);
        if !is_trusted(address) {
            break;
        }
    }
    let cluster = cluster_client_ip.filter(|_| !forwarded);
    client.or_else(|| host(cluster?)).unwrap_or(peer)
}

/// The address in `1.2.3.4`, `1.2.3.4:5`, `::1` or `[::1]:5`.
fn host(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = || match text.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').map(|(address, _)| address),
        None => text.split_once(':').map(|(address, _)| address),
    };
    let address: IpAddr = text.parse().ok().or_else(|| bare()?.parse().ok())?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn networks_hold_their_addresses() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "203.0.113.7", true),
            ("0.0.0.0/0", "::1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::/0", "::1", true),
            ("::1/128", "::1", true),
        ];
        for (network, address, expected) in cases {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "x", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "10.0.0.0/-1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_caller() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        let cases: [(&str, &[&str], Option<&str>, &str); 15] = [
            // Nobody asked a stranger.
            ("203.0.113.7", &["198.51.100.1"], Some("198.51.100.2"), "203.0.113.7"),
            ("::ffff:203.0.113.7", &[], None, "203.0.113.7"),
            ("10.0.0.1", &[], None, "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], None, "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], None, "198.51.100.1"),
            ("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"], None, "198.51.100.1"),
            ("10.0.0.1", &["6.6.6.6", "198.51.100.1", "10.0.0.2,10.0.0.3"], None, "198.51.100.1"),
            ("10.0.0.1", &["10.0.0.3,10.0.0.2"], None, "10.0.0.3"),
            ("10.0.0.1", &["6.6.6.6, unknown, 10.0.0.2"], None, "10.0.0.2"),
            ("10.0.0.1", &["unknown"], None, "10.0.0.1"),
            ("10.0.0.1", &["unknown"], Some("6.6.6.6"), "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1:4711"], None, "198.51.100.1"),
            ("10.0.0.1", &["[2001:db8::1]:4711"], None, "2001:db8::1"),
            ("10.0.0.1", &["2001:db8::1"], Some("6.6.6.6"), "2001:db8::1"),
            ("10.0.0.1", &[], Some("198.51.100.9"), "198.51.100.9"),
        ];
        for (peer, forwarded_for, cluster, expected) in cases {
            let (peer, headers) = (peer.parse().unwrap(), forwarded_for.iter().copied());
            let client = client_address(peer, &networks(&trusted), headers, cluster);
            assert_eq!(client.to_string(), expected, "{peer} {forwarded_for:?}");
        }
    }
}
