//! Readers of what strangers send: pure functions that accept any bytes and never panic.
//!
//! They are public so that fuzz targets and tests reach them without a socket.

mod authority;
mod bearer;
mod forwarded;
mod header_name;
mod json_object;
mod media;
mod query;

pub use authority::Authority;
pub use bearer::{Bearer, bearer};
pub use forwarded::{Network, NetworkError, client_address};
pub use header_name::canonical_header_name;
pub use json_object::JsonObject;
pub use media::{accepted_format, is_form};
pub use query::{PAIRS_MAX, first_values, pairs, without_secrets};

#[cfg(test)]
mod tests {
    use hookstead_site::{
        Address,
        percent::{decode_component, decode_path},
    };

    use super::*;

    /// Bytes that look like nothing in particular, the same on every run.
    fn noise(seed: u64, bytes: usize) -> Vec<u8> {
        const ALPHABET: &[u8] = b"%%%&&==;++/secret,:[]012af\xc3\xb6\xff\x00 ";
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ALPHABET[(state >> 33) as usize % ALPHABET.len()]
        };
        (0..bytes).map(|_| next()).collect()
    }

    #[test]
    fn readers_survive_anything() {
        for seed in 0..5000 {
            let bytes = noise(seed, seed as usize % 60);
            let text = String::from_utf8_lossy(&bytes);
            let values = first_values(pairs(&bytes));
            assert!(values.len() <= bytes.len());
            let kept = without_secrets(&text);
            assert!(pairs(kept.as_bytes()).all(|(name, _)| name != "secret"), "{text:?}");
            let _ = (decode_path(&text), decode_component(&bytes), text.parse::<Network>());
            let _ = (accepted_format(&text), is_form(&text), canonical_header_name(&text));
            let _ = Authority::parse(&bytes);
            for prefix in ["", "/app/", "/app/x/endpoint", "/api/client/v2.0/app/x/service/"] {
                let _ = Address::of(&format!("{prefix}{text}"));
            }
            let everyone = ["0.0.0.0/0".parse().unwrap()];
            let peer = std::net::Ipv4Addr::LOCALHOST.into();
            let _ = client_address(peer, &everyone, [&*text].into_iter(), Some(&text));
        }
    }
}
