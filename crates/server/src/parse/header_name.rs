//! Header names as functions know them.

/// A header name in the canonical form of Go's `net/textproto`: the first letter and every letter
/// behind a `-` in upper case, the others in lower case. Functions index with exactly this form.
///
/// As in Go, a name that holds anything but HTTP's token characters is left alone.
pub fn canonical_header_name(name: &str) -> String {
    if !name.bytes().all(is_token) {
        return name.to_owned();
    }
    let mut upper = true;
    let canonical = |character: char| {
        let cased =
            if upper { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() };
        upper = character == '-';
        cased
    };
    name.chars().map(canonical).collect()
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_their_canonical_form() {
        let cases = [
            ("content-type", "Content-Type"),
            ("x-request-id", "X-Request-Id"),
            ("authorizationKey", "Authorizationkey"),
            ("API-KEY", "Api-Key"),
            ("x-hub-signature-256", "X-Hub-Signature-256"),
            ("a--b-", "A--B-"),
            ("-a", "-A"),
            ("x_y", "X_y"),
            ("bad name", "bad name"),
            ("größe", "größe"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(canonical_header_name(name), expected, "{name}");
        }
    }
}
