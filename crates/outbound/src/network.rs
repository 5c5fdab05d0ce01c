//! Networks, and which of them are nobody's business but the host's.
//!
//! An address is public or it is not; in doubt it is not. IPv6 is therefore refused outside the
//! block that is handed out at all, and an IPv4 address inside an IPv6 one counts as itself.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// An address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

/// Not a network.
#[derive(Debug)]
pub(crate) struct NotANetwork;

/// What every address of a network is.
struct Reserved {
    network: Network,
    why: &'static str,
}

const RESERVED: &[Reserved] = &[
    v4([0, 0, 0, 0], 8, "an unspecified address"),
    v4([10, 0, 0, 0], 8, "a private address"),
    v4([100, 64, 0, 0], 10, "a carrier's private address"),
    v4([127, 0, 0, 0], 8, "a loopback address"),
    // Azure's machines reach their platform's interior here.
    v4([168, 63, 129, 16], 32, "a cloud platform's address"),
    v4([169, 254, 0, 0], 16, "a link-local address"),
    v4([172, 16, 0, 0], 12, "a private address"),
    v4([192, 0, 0, 0], 24, "an address reserved for protocols"),
    v4([192, 0, 2, 0], 24, "a documentation address"),
    v4([192, 88, 99, 0], 24, "a relay's address"),
    v4([192, 168, 0, 0], 16, "a private address"),
    v4([198, 18, 0, 0], 15, "a benchmark address"),
    v4([198, 51, 100, 0], 24, "a documentation address"),
    v4([203, 0, 113, 0], 24, "a documentation address"),
    v4([224, 0, 0, 0], 4, "a multicast address"),
    v4([255, 255, 255, 255], 32, "the broadcast address"),
    v4([240, 0, 0, 0], 4, "a reserved address"),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "an unspecified address"),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "a loopback address"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "an address reserved for protocols"),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "a documentation address"),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "a documentation address"),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "a private address"),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "a link-local address"),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "a multicast address"),
];

/// All that was ever handed out of IPv6.
const GLOBAL_V6: Network = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, "").network;
/// How a network without IPv4 reaches IPv4 (RFC 6052).
const NAT64: Network = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "").network;
/// IPv6 that travels inside IPv4 (RFC 3056).
const SIX_TO_FOUR: Network = v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "").network;

const fn v4(octets: [u8; 4], prefix_bits: u8, why: &'static str) -> Reserved {
    let [a, b, c, d] = octets;
    let address = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    Reserved { network: Network { address, prefix_bits }, why }
}

const fn v6(segments: [u16; 8], prefix_bits: u8, why: &'static str) -> Reserved {
    let [a, b, c, d, e, f, g, h] = segments;
    let address = IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h));
    Reserved { network: Network { address, prefix_bits }, why }
}

/// Why an address may not be called, `None` for a public one.
pub(crate) fn restriction(address: IpAddr) -> Option<&'static str> {
    let address = match address {
        IpAddr::V6(v6) => embedded_v4(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    if let Some(reserved) = RESERVED.iter().find(|reserved| reserved.network.contains(address)) {
        return Some(reserved.why);
    }
    (address.is_ipv6() && !GLOBAL_V6.contains(address)).then_some("a reserved address")
}

/// The IPv4 address that a packet to this IPv6 address ends at.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let at = |start: usize| {
        Ipv4Addr::new(octets[start], octets[start + 1], octets[start + 2], octets[start + 3])
    };
    if NAT64.contains(address.into()) {
        return Some(at(12));
    }
    if SIX_TO_FOUR.contains(address.into()) {
        return Some(at(2));
    }
    address.to_ipv4_mapped()
}

impl Network {
    /// Whether an address is of this network. An IPv4-mapped address counts as IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = u32::from(own) ^ u32::from(other);
                differing.leading_zeros() >= u32::from(self.prefix_bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                differing.leading_zeros() >= u32::from(self.prefix_bits)
            }
            _ => false,
        }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix_bits: bits(address) }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.split_once('/').ok_or(NotANetwork)?;
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotANetwork);
        }
        let prefix_bits = prefix.parse().map_err(|_| NotANetwork)?;
        if prefix_bits > bits(address) {
            return Err(NotANetwork);
        }
        Ok(Self { address, prefix_bits })
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: Option<&str>, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(restriction(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn public_addresses_are_free() {
        check(
            None,
            &[
                "1.1.1.1",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "169.253.255.255",
                "172.15.255.255",
                "172.32.0.0",
                "192.0.1.0",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "223.255.255.255",
                "2001:200::1",
                "2606:4700:4700::1111",
                "2a00:1450:4001::1",
                "::ffff:1.1.1.1",
                "64:ff9b::1.1.1.1",
                "2002:101:101::1",
            ],
        );
    }

    #[test]
    fn loopback_is_found_in_every_dress() {
        check(
            Some("a loopback address"),
            &[
                "127.0.0.1",
                "127.255.255.255",
                "::1",
                "::ffff:127.0.0.1",
                "64:ff9b::127.0.0.1",
                "2002:7f00:1::",
            ],
        );
    }

    #[test]
    fn private_addresses_are_found() {
        check(
            Some("a private address"),
            &[
                "10.0.0.0",
                "10.255.255.255",
                "172.16.0.0",
                "172.31.255.255",
                "192.168.0.1",
                "fc00::1",
                "fd00:ec2::254",
                "::ffff:10.1.2.3",
                "64:ff9b::192.168.1.1",
                "2002:c0a8:101::5",
            ],
        );
        check(Some("a carrier's private address"), &["100.64.0.0", "100.127.255.255"]);
        check(
            Some("a link-local address"),
            &["169.254.169.254", "fe80::1", "febf::1", "::ffff:169.254.169.254"],
        );
    }

    #[test]
    fn special_addresses_are_found() {
        check(Some("an unspecified address"), &["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"]);
        check(Some("a multicast address"), &["224.0.0.1", "239.255.255.255", "ff02::1"]);
        check(Some("the broadcast address"), &["255.255.255.255"]);
        check(Some("a benchmark address"), &["198.18.0.1", "198.19.255.255"]);
        check(
            Some("a documentation address"),
            &["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
        );
        check(Some("an address reserved for protocols"), &["192.0.0.192", "2001::1", "2001:20::1"]);
        check(Some("a cloud platform's address"), &["168.63.129.16"]);
        // Compatible, translated, local NAT64, discard, site-local, segment routing.
        check(
            Some("a reserved address"),
            &[
                "240.0.0.1",
                "::7f00:1",
                "::1.1.1.1",
                "::ffff:0:127.0.0.1",
                "64:ff9b:1::1",
                "100::1",
                "fec0::1",
                "5f00::1",
            ],
        );
    }

    #[test]
    fn networks_are_read() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        assert!(network.contains("10.1.255.255".parse().unwrap()));
        assert!(network.contains("::ffff:10.1.0.1".parse().unwrap()));
        assert!(!network.contains("10.2.0.0".parse().unwrap()));
        let everything: Network = "::/0".parse().unwrap();
        assert!(everything.contains("fe80::1".parse().unwrap()));
        assert!(!everything.contains("10.0.0.1".parse().unwrap()));
        for text in ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "a/8", "/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
