//! Whom an address belongs to.

use std::net::{IpAddr, Ipv6Addr};

/// The address by which a customer is counted: those of a network of IPv6 belong to one.
pub(crate) fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::customer;

    #[test]
    fn addresses_of_one_customer_are_one() {
        let same = |a: &str, b: &str| customer(a.parse().unwrap()) == customer(b.parse().unwrap());
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(same("2001:db8:1:2::3", "2001:db8:1:2:4:5:6:7"));
        assert!(!same("2001:db8:1:2::3", "2001:db8:1:3::3"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
