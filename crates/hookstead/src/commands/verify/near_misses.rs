//! What a signature that does not match would match: the usual ways in which requests change on
//! their way, and secrets on theirs.

use hookstead_app::Secret;
use hookstead_signature::{Clock, RequestParts, Scheme, verify};

/// What would make the signature right, as a sentence.
pub(super) fn near_miss(
    scheme: &Scheme,
    secret: &Secret,
    request: &RequestParts<'_>,
    clock: Clock,
) -> Option<String> {
    let is_right = |secret: &str, request: &RequestParts<'_>| {
        let key = scheme.key(secret);
        key.is_ok_and(|key| verify(scheme, &[key], request, clock).is_ok())
    };
    for (what, body) in bodies(request.body) {
        if is_right(secret.expose(), &RequestParts { body: &body, ..*request }) {
            return Some(format!(
                "it is right for the body {what}: the body was changed on its way"
            ));
        }
    }
    for (what, url) in urls(request.url) {
        if scheme.covers_url() && is_right(secret.expose(), &RequestParts { url: &url, ..*request })
        {
            return Some(format!("it is right for the URL {what}: correct `public_base_url`"));
        }
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        if is_right(secret.expose(), &RequestParts { method, ..*request }) {
            return Some(format!("it is right for the method {method}"));
        }
    }
    for (what, secret) in secrets(secret.expose()) {
        if is_right(&secret, request) {
            return Some(format!("it is right for the secret {what}: set the secret anew"));
        }
    }
    None
}

fn bodies(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let trimmed = body.trim_ascii_end().to_vec();
    let with = |end: &str| [trimmed.as_slice(), end.as_bytes()].concat();
    let mut bodies = vec![
        ("with a line break (CR LF) at its end", with("\r\n")),
        ("with a line break at its end", with("\n")),
        ("without what is blank at its end", trimmed.clone()),
        ("with no content", Vec::new()),
    ];
    if let Ok(document) = serde_json::from_slice::<serde_json::Value>(body) {
        let written = [
            ("as JSON without blanks", serde_json::to_vec(&document)),
            ("as JSON with line breaks", serde_json::to_vec_pretty(&document)),
        ];
        bodies.extend(written.into_iter().filter_map(|(what, body)| Some((what, body.ok()?))));
    }
    bodies
}

fn urls(url: &str) -> Vec<(&'static str, String)> {
    let without_query = url.split('?').next().unwrap_or_default();
    vec![
        ("with https", url.replacen("http://", "https://", 1)),
        ("with http", url.replacen("https://", "http://", 1)),
        ("without its query", without_query.to_owned()),
        ("with a slash at its end", format!("{}/", without_query.trim_end_matches('/'))),
        ("without a slash at its end", without_query.trim_end_matches('/').to_owned()),
    ]
}

fn secrets(secret: &str) -> Vec<(&'static str, String)> {
    let (_, bare) = secret.trim().split_once('_').unwrap_or_default();
    vec![
        ("without what is blank around it", secret.trim().to_owned()),
        ("with a line break at its end", format!("{secret}\n")),
        ("with whsec_ before it", format!("whsec_{secret}")),
        ("without its prefix", bare.to_owned()),
    ]
}
