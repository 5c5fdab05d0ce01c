//! Queries: nothing panics, pairs have a meaning, and no secret is left in what functions see.

#![no_main]

use hookstead_server::parse::{first_values, pairs, without_secrets};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(query) = std::str::from_utf8(data) else { return };
    let count = pairs(data).count();
    assert!(first_values(pairs(data)).len() <= count);
    let clean = without_secrets(query);
    assert!(clean.len() <= query.len());
    assert!(pairs(clean.as_bytes()).all(|(name, _)| name != "secret"), "{query:?} -> {clean:?}");
});
