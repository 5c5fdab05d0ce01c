//! Hosts and ports of requests: what is accepted is a host that other readers read in the same way.

#![no_main]

use hookstead_server::parse::Authority;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(authority) = Authority::parse(data) else { return };
    let Authority { host, port } = authority;
    assert!(!host.is_empty() && host.is_ascii());
    let ends = |byte: u8| b"/?#@\\ \t\r\n\0".contains(&byte);
    assert!(!data.iter().copied().any(ends), "{data:?}");
    let written = port.map_or(host.to_owned(), |port| format!("{host}:{port}"));
    let again = Authority::parse(written.as_bytes()).expect("what was read is read again");
    assert_eq!((again.host, again.port), (host, port));
    assert!(again.is_same(&authority, None) && authority.is_same(&again, Some("http")));
});
