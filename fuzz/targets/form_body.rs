//! Form bodies: any bytes at all become pairs, each name once, the first value of each.

#![no_main]

use std::collections::BTreeSet;

use hookstead_server::parse::{first_values, pairs};
use hookstead_site::percent::{decode_component, decode_path};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let all: Vec<_> = pairs(data).collect();
    let first = first_values(all.clone().into_iter());
    let names: BTreeSet<_> = first.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), first.len());
    for (name, value) in &first {
        let earliest = all.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        assert_eq!(earliest.map(|value| &**value), Some(&**value));
    }
    let _ = decode_component(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = decode_path(text);
    }
});
