//! Certificates of providers, as PEM and as what is in it; and the URLs of certificates.
#![no_main]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hookstead_signature::{Certificate, RequestParts, presets};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Certificate::from_pem(data);
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
        STANDARD.encode(data)
    );
    let _ = Certificate::from_pem(pem.as_bytes()).map(|one| one.is_valid_at(0));
    let Ok(text) = std::str::from_utf8(data) else { return };
    let url = format!("https://{text}");
    let topic = "arn:aws:sns:eu-west-1:1:t";
    let body = serde_json::json!({
        "Signature": "AAAA", "SignatureVersion": "2", "SigningCertURL": url, "TopicArn": topic,
        "Timestamp": "1970-01-01T00:00:00Z",
    });
    let body = body.to_string();
    let request = RequestParts {
        method: "POST",
        url: "",
        headers: &[],
        query: &[],
        body: body.as_bytes(),
        certificate: None,
    };
    let scheme = presets::by_name("aws-sns").unwrap();
    let keys = [scheme.key(topic).unwrap()];
    if let Ok(Some(url)) = scheme.certificate_url(&keys, &request, 0) {
        let host = url.strip_prefix("https://sns.").and_then(|rest| rest.split('/').next());
        let host = host.unwrap_or_default();
        assert!(host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"), "{url}");
    }
});
