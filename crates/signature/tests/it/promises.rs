//! Promises that no single case can show.

use hookstead_signature::{Key, Refusal, RequestParts, Scheme, presets, sign, verify};

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

/// What readers of JSON would read other than what is proven.
#[test]
fn a_body_that_can_be_read_in_two_ways_is_refused() {
    let scheme = presets::by_name("adyen").unwrap();
    let key = scheme.key("00ff").unwrap();
    let item = |reference: &str, success: &str| {
        format!(
            r#"{{"NotificationRequestItem":{{"pspReference":"p","merchantAccountCode":"m",
            "eventCode":"e","merchantReference":"{reference}","amount":{{"value":1,
            "currency":"EUR"}},"success":"{success}","additionalData":{{}}}}}}"#
        )
    };
    let of = |body: String| signed_in_body(scheme, &key, &body);
    let right = of(format!(r#"{{"notificationItems":[{}]}}"#, item("r", "true"))).unwrap();
    assert_eq!(verified(scheme, &key, &right), Ok(()));
    // As JSON without its last bracket.
    let open = right.strip_suffix('}').unwrap();
    let malformed = Err(Refusal::Malformed { name: "the body" });
    for more in [r#","notificationItems":[]}"#, r#","notificationItems":null}"#] {
        assert_eq!(verified(scheme, &key, &format!("{open}{more}")), malformed, "{more}");
    }
    let open = right.strip_suffix("]}").unwrap();
    for more in [",{}]}", ",null]}"] {
        assert_eq!(verified(scheme, &key, &format!("{open}{more}")), malformed, "{more}");
    }
    let shifted = of(format!(r#"{{"notificationItems":[{}]}}"#, item("r", "true:1")));
    assert_eq!(shifted, Err(Refusal::Malformed { name: "success" }));
}

#[test]
fn a_request_without_a_proof_is_told_so_whatever_its_body_is() {
    for scheme in presets::ALL.iter().filter(|scheme| !scheme.has_proof_in_body()) {
        let request = request(b"no JSON");
        let outcome = verify(scheme, &[key_of_any(scheme)], &request, 0);
        assert!(matches!(outcome, Err(Refusal::Missing { .. })), "{}: {outcome:?}", scheme.name);
    }
}

fn key_of_any(scheme: &Scheme) -> Key {
    let p256 = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP\
                40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";
    let texts = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "00ff", ED25519_HEX, p256];
    texts.iter().find_map(|text| scheme.key(text).ok()).unwrap()
}

/// The public key of the first test of RFC 8032.
const ED25519_HEX: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

fn request(body: &[u8]) -> RequestParts<'_> {
    RequestParts { method: "POST", url: "", headers: &[], query: &[], body, certificate: None }
}

fn signed_in_body(scheme: &Scheme, key: &Key, body: &str) -> Result<String, Refusal> {
    let signed = sign(scheme, key, &request(body.as_bytes()), 0)?;
    Ok(String::from_utf8(signed.body.unwrap()).unwrap())
}

fn verified(scheme: &Scheme, key: &Key, body: &str) -> Result<(), Refusal> {
    verify(scheme, std::slice::from_ref(key), &request(body.as_bytes()), 0)
}

#[test]
fn a_request_that_is_refused_anyway_names_no_certificate_to_fetch() {
    let scheme = presets::by_name("aws-sns").unwrap();
    let keys = [scheme.key("arn:own").unwrap()];
    let url = "https://sns.us-west-2.amazonaws.com/a.pem";
    let cases = [
        ("arn:own", "1970-01-01T00:00:00Z", "AAAA", url, Ok(Some(url.to_owned()))),
        ("arn:other", "1970-01-01T00:00:00Z", "AAAA", url, Err("signature-mismatch")),
        ("arn:own", "1971-01-01T00:00:00Z", "AAAA", url, Err("signature-stale")),
        ("arn:own", "1970-01-01T00:00:00Z", "%", url, Err("signature-malformed")),
        ("arn:own", "1970-01-01T00:00:00Z", "AAAA", "https://evil/a", Err("certificate-foreign")),
    ];
    for (topic, time, signature, url, expected) in cases {
        let body = format!(
            r#"{{"TopicArn":"{topic}","Timestamp":"{time}","Signature":"{signature}",
            "SignatureVersion":"2","SigningCertURL":"{url}"}}"#
        );
        let found = scheme.certificate_url(&keys, &request(body.as_bytes()), 0);
        assert_eq!(found.map_err(|refusal| refusal.code()), expected, "{body}");
    }
}
