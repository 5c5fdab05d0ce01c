//! The scheme `Bearer` of `Authorization`, as RFC 6750 has it.

/// What an `Authorization` header says.
#[derive(Debug, PartialEq, Eq)]
pub enum Bearer<'v> {
    /// Its scheme is another one.
    Other,
    /// Its scheme is `Bearer`, and what follows is not one space and a token.
    Malformed,
    /// A token.
    Token(&'v str),
}

/// Reads the value of an `Authorization` header.
pub fn bearer(value: &[u8]) -> Bearer<'_> {
    let end = value.iter().position(|byte| !is_of_name(*byte)).unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Bearer::Other;
    }
    match rest.split_first() {
        Some((b' ', token)) if !token.is_empty() && token.iter().all(|byte| is_of_token(*byte)) => {
            str::from_utf8(token).map_or(Bearer::Malformed, Bearer::Token)
        }
        _ => Bearer::Malformed,
    }
}

/// Whether names of schemes have such a character.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_space_and_a_token_follow_the_scheme() {
        let cases: [(&[u8], Bearer<'_>); 12] = [
            (b"Bearer a.b-c_d==", Bearer::Token("a.b-c_d==")),
            (b"bEARER x", Bearer::Token("x")),
            (b"Basic x", Bearer::Other),
            (b"Bearerx y", Bearer::Other),
            (b"", Bearer::Other),
            (b"Bearer", Bearer::Malformed),
            (b"Bearer\tx", Bearer::Malformed),
            (b"Bearer,x", Bearer::Malformed),
            (b"Bearer\xa0x", Bearer::Malformed),
            (b"Bearer  x", Bearer::Malformed),
            (b"Bearer \xc2\xa0x", Bearer::Malformed),
            (b"Bearer x y", Bearer::Malformed),
        ];
        for (value, expected) in cases {
            assert_eq!(bearer(value), expected, "{}", value.escape_ascii());
        }
    }
}
