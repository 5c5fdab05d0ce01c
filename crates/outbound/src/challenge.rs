//! What a server demands, read from `WWW-Authenticate`.
//!
//! The header is a list of challenges, each a scheme and a list of parameters, with the same comma
//! between both (RFC 9110 §11.6.1): a word with `=` behind it is a parameter, one without is the
//! next challenge.

/// A scheme and its parameters.
#[derive(Debug)]
pub(crate) struct Challenge {
    pub(crate) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter by its name, given in lower case.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        parameters.find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// The challenges of one header, up to the first that makes no sense.
pub(crate) fn parse(header: &str) -> Vec<Challenge> {
    let mut rest = header;
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let word = take_token(&mut rest);
        if word.is_empty() {
            return challenges;
        }
        let after_spaces = rest.trim_start_matches([' ', '\t']);
        let Some(value) = after_spaces.strip_prefix('=') else {
            challenges.push(Challenge { scheme: word.to_owned(), parameters: Vec::new() });
            continue;
        };
        rest = value.trim_start_matches([' ', '\t']);
        let value = take_value(&mut rest);
        match challenges.last_mut() {
            Some(challenge) => challenge.parameters.push((word.to_ascii_lowercase(), value)),
            None => return challenges,
        }
    }
}

fn take_value(rest: &mut &str) -> String {
    let Some(quoted) = rest.strip_prefix('"') else {
        return take_token(rest).to_owned();
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => value.extend(characters.next()),
            _ => value.push(character),
        }
    }
    *rest = characters.as_str();
    value
}

fn take_token<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find([' ', '\t', ',', '=', '"']).unwrap_or(rest.len());
    let (token, after) = rest.split_at(end);
    *rest = after;
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_told_apart() {
        let header = "Basic realm=\"a, Digest b\", , DIGEST Realm = \"x \\\"y\\\"\",nonce=abc , \
                      qop=\"auth\",Negotiate";
        let challenges = parse(header);
        let schemes: Vec<_> = challenges.iter().map(|one| one.scheme.as_str()).collect();
        assert_eq!(schemes, ["Basic", "DIGEST", "Negotiate"]);
        assert_eq!(challenges[0].parameter("realm"), Some("a, Digest b"));
        assert_eq!(challenges[1].parameter("realm"), Some("x \"y\""));
        assert_eq!(challenges[1].parameter("nonce"), Some("abc"));
        assert_eq!(challenges[1].parameter("qop"), Some("auth"));
        assert_eq!(challenges[2].parameter("qop"), None);
    }

    #[test]
    fn nonsense_ends_it() {
        for header in ["", ",", "=", "a=b", "\"x\"", "Digest \"", "Digest a=\"unclosed", "é\"="] {
            let parameters: usize = parse(header).iter().map(|one| one.parameters.len()).sum();
            assert!(parameters <= 1, "{header}");
        }
    }
}
