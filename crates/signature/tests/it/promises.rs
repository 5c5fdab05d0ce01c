//! Promises that no single case can show.

use hookstead_signature::{Refusal, RequestParts, presets, verify};

/// Every prefix and every single-character change of a right header, tried without a panic.
#[test]
fn nothing_but_the_right_header_is_accepted() {
    let right = "sha256=828ee180512eaf8a6229eda7eea72323f68e9c0f0093b11a578b0544c5777862";
    for end in 0..right.len() {
        assert!(check(&right.as_bytes()[..end]).is_err(), "{}", &right[..end]);
    }
    for index in 0..right.len() {
        for byte in [b'=', b'g', b' ', b',', 0, 0x80, 0xff] {
            let mut changed = right.as_bytes().to_vec();
            if std::mem::replace(&mut changed[index], byte) != byte {
                assert!(check(&changed).is_err(), "{changed:?}");
            }
        }
    }
    assert_eq!(check(right.as_bytes()), Ok(()));
}

#[test]
fn a_refusal_tells_neither_secret_nor_signature() {
    let digest = "ab".repeat(32);
    let refusal = check(format!("sha256={digest}").as_bytes()).unwrap_err();
    let told = format!("{refusal} {refusal:?}");
    assert!(!told.contains(&digest) && !told.contains("12345"), "{told}");
}

#[test]
fn scheme_names_are_unique() {
    for scheme in presets::ALL {
        assert_eq!(presets::ALL.iter().filter(|other| other.name == scheme.name).count(), 1);
    }
}

fn check(header: &[u8]) -> Result<(), Refusal> {
    let scheme = &presets::APP_SERVICES_ENDPOINT;
    let key = scheme.key("12345").unwrap();
    let request = RequestParts {
        method: "POST",
        url: "",
        headers: &[("Endpoint-Signature", header)],
        query: &[],
        body: br#"{"message":"MESSAGE"}"#,
        certificate: None,
    };
    verify(scheme, &[key], &request, 0)
}
