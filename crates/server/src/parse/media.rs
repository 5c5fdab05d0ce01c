//! `Content-Type` and `Accept`.

use hookstead_functions::ResultFormat;

/// Whether a `Content-Type` is that of an HTML form, whose fields join the query.
pub fn is_form(content_type: &str) -> bool {
    essence(content_type).eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The format that an `Accept` header asks for: its first entry that names one of ours exactly.
///
/// Weights and wildcards do not count (docs/behaviour/results.md#json-or-extended-json).
pub fn accepted_format(accept: &str) -> Option<ResultFormat> {
    accept.split(',').find_map(|entry| match essence(entry) {
        json if json.eq_ignore_ascii_case("application/json") => Some(ResultFormat::Json),
        ejson if ejson.eq_ignore_ascii_case("application/ejson") => Some(ResultFormat::Ejson),
        _ => None,
    })
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_known_by_their_type() {
        let form = "application/x-www-form-urlencoded";
        assert!(is_form(form));
        assert!(is_form("Application/X-WWW-Form-URLEncoded ; charset=utf-8"));
        for other in ["", "application/json", "multipart/form-data", &format!("{form}x")] {
            assert!(!is_form(other), "{other}");
        }
    }

    #[test]
    fn the_first_exact_match_decides() {
        let (json, ejson) = (Some(ResultFormat::Json), Some(ResultFormat::Ejson));
        let cases = [
            ("application/json", json),
            ("application/ejson", ejson),
            ("text/html, application/json;q=0.1, application/ejson", json),
            ("APPLICATION/EJSON", ejson),
            ("*/*", None),
            ("application/*", None),
            ("application/jsonp", None),
            ("", None),
            (",;,", None),
        ];
        for (accept, expected) in cases {
            assert_eq!(accepted_format(accept), expected, "{accept}");
        }
    }
}
