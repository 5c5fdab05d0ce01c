//! The names of schemes as the values of `validation_method`, such as `STRIPE` or `HUBSPOT_V3`.

use crate::{Scheme, presets};

/// The scheme that a validation method names: exactly, in upper case.
pub fn of_method(method: &str) -> Option<&'static Scheme> {
    presets::ALL.iter().copied().find(|scheme| is_name(method, scheme.name))
}

/// The validation method that names a scheme.
pub fn method_name(scheme: &Scheme) -> String {
    scheme.name.replace('-', "_").to_ascii_uppercase()
}

fn is_name(method: &str, scheme: &str) -> bool {
    let spelling = |byte: u8| if byte == b'-' { b'_' } else { byte.to_ascii_uppercase() };
    method.len() == scheme.len() && method.bytes().eq(scheme.bytes().map(spelling))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_has_a_method() {
        for scheme in presets::ALL {
            let found = of_method(&method_name(scheme)).map(|found| found.name);
            assert_eq!(found, Some(scheme.name));
        }
        for other in ["stripe", "Stripe", "HUBSPOT-V3", "hubspot-v3", ""] {
            assert!(of_method(other).is_none(), "{other}");
        }
    }
}
