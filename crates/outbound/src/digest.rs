//! Digest authentication (RFC 7616, and RFC 2617 where a server is older).
//!
//! The crates that do this bring a second set of hash functions and random numbers along; what is
//! needed of it is a page.

use aws_lc_rs::digest;
use http::{HeaderValue, Method};
use md5::{Digest as _, Md5};

use crate::{
    challenge::{self, Challenge},
    credentials::{Credentials, secret_header},
    error::CallError,
    form::random_hex,
};

const CLIENT_NONCE_BYTES: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512Of256,
}

/// What is to be proved, and for what.
pub(crate) struct Proof<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) method: &'a Method,
    /// Path and query, as they are sent.
    pub(crate) target: &'a str,
    pub(crate) body: &'a [u8],
}

/// What a challenge asks for.
struct Terms<'a> {
    realm: &'a str,
    nonce: &'a str,
    opaque: Option<&'a str>,
    /// As the server spelled it, to be repeated.
    algorithm_name: Option<&'a str>,
    algorithm: Algorithm,
    /// Whether the key is made anew for the session.
    is_session: bool,
    qop: Option<&'static str>,
    hides_username: bool,
}

/// The answer to the first challenge that can be answered, `None` if there is none.
pub(crate) fn answer<'a>(
    headers: impl Iterator<Item = &'a HeaderValue>,
    proof: &Proof<'_>,
) -> Result<Option<HeaderValue>, CallError> {
    let client_nonce = random_hex::<CLIENT_NONCE_BYTES>()?;
    headers
        .filter_map(|header| std::str::from_utf8(header.as_bytes()).ok())
        .flat_map(challenge::parse)
        .find_map(|challenge| proof.answer(&challenge, &client_nonce))
        .map(|answer| secret_header(&answer))
        .transpose()
}

impl Proof<'_> {
    fn answer(&self, challenge: &Challenge, client_nonce: &str) -> Option<String> {
        let terms = Terms::read(challenge)?;
        let response = self.response(&terms, client_nonce);
        Some(self.header(&terms, &response, client_nonce))
    }

    /// The proof proper: a hash over the secret and the request.
    fn response(&self, terms: &Terms<'_>, client_nonce: &str) -> String {
        let Terms { algorithm, realm, nonce, .. } = terms;
        let Credentials { username, password } = self.credentials;
        let mut secret = algorithm.hash(format!("{username}:{realm}:{password}"));
        if terms.is_session {
            secret = algorithm.hash(format!("{secret}:{nonce}:{client_nonce}"));
        }
        let mut request = format!("{}:{}", self.method, self.target);
        if terms.qop == Some("auth-int") {
            request = format!("{request}:{}", algorithm.hash(self.body));
        }
        let request = algorithm.hash(request);
        algorithm.hash(match terms.qop {
            Some(qop) => format!("{secret}:{nonce}:00000001:{client_nonce}:{qop}:{request}"),
            None => format!("{secret}:{nonce}:{request}"),
        })
    }

    fn header(&self, terms: &Terms<'_>, response: &str, client_nonce: &str) -> String {
        let username = &self.credentials.username;
        let hidden = terms
            .hides_username
            .then(|| terms.algorithm.hash(format!("{username}:{}", terms.realm)));
        let mut header = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quote(hidden.as_ref().unwrap_or(username)),
            quote(terms.realm),
            quote(terms.nonce),
            quote(self.target),
        );
        if let Some(name) = terms.algorithm_name {
            header += &format!(", algorithm={name}");
        }
        if let Some(opaque) = terms.opaque {
            header += &format!(", opaque={}", quote(opaque));
        }
        if let Some(qop) = terms.qop {
            header += &format!(", qop={qop}, nc=00000001");
        }
        if terms.qop.is_some() || terms.is_session {
            header += &format!(", cnonce=\"{client_nonce}\"");
        }
        if terms.hides_username {
            header += ", userhash=true";
        }
        header
    }
}

impl<'a> Terms<'a> {
    /// `None` if the challenge is of another scheme, or of a kind that nobody knows.
    fn read(challenge: &'a Challenge) -> Option<Self> {
        if !challenge.scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let userhash = challenge.parameter("userhash");
        let algorithm_name = challenge.parameter("algorithm");
        let (algorithm, is_session) = Algorithm::parse(algorithm_name.unwrap_or("MD5"))?;
        Some(Self {
            realm: challenge.parameter("realm")?,
            nonce: challenge.parameter("nonce")?,
            opaque: challenge.parameter("opaque"),
            algorithm_name,
            algorithm,
            is_session,
            qop: choose_qop(challenge.parameter("qop"))?,
            hides_username: userhash.is_some_and(|value| value.eq_ignore_ascii_case("true")),
        })
    }
}

impl Algorithm {
    /// The algorithm, and whether its key is made anew for the session.
    fn parse(name: &str) -> Option<(Self, bool)> {
        let upper = name.to_ascii_uppercase();
        let (base, is_session) =
            upper.strip_suffix("-SESS").map_or((upper.as_str(), false), |base| (base, true));
        let algorithm = match base {
            "MD5" => Self::Md5,
            "SHA-256" => Self::Sha256,
            "SHA-512-256" => Self::Sha512Of256,
            _ => return None,
        };
        Some((algorithm, is_session))
    }

    fn hash(self, data: impl AsRef<[u8]>) -> String {
        let data = data.as_ref();
        match self {
            Self::Md5 => hex::encode(Md5::digest(data)),
            Self::Sha256 => hex::encode(digest::digest(&digest::SHA256, data)),
            Self::Sha512Of256 => hex::encode(digest::digest(&digest::SHA512_256, data)),
        }
    }
}

/// What the answer vouches for: `Some(None)` is RFC 2069, `None` is nothing we know.
fn choose_qop(offered: Option<&str>) -> Option<Option<&'static str>> {
    let Some(offered) = offered else {
        return Some(None);
    };
    let offers = |name: &str| offered.split(',').any(|item| item.trim().eq_ignore_ascii_case(name));
    ["auth", "auth-int"].into_iter().find(|name| offers(name)).map(Some)
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(challenge: &str, password: &str, client_nonce: &str) -> Option<String> {
        let credentials = Credentials::new("Mufasa".into(), password.into());
        let (method, target) = (&Method::GET, "/dir/index.html");
        let proof = Proof { credentials: &credentials, method, target, body: b"" };
        let challenge = challenge::parse(challenge).into_iter().next()?;
        proof.answer(&challenge, client_nonce)
    }

    /// RFC 7616 §3.9.1.
    #[test]
    fn the_current_rfc_s_example() {
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let header = response(&challenge, "Circle of Life", client_nonce).unwrap();
            assert_eq!(
                header,
                format!(
                    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                     nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                     uri=\"/dir/index.html\", response=\"{expected}\", algorithm={algorithm}, \
                     opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, \
                     nc=00000001, cnonce=\"{client_nonce}\""
                )
            );
        }
    }

    /// RFC 2617 §3.5, and the same without `qop`, as RFC 2069 has it.
    #[test]
    fn older_servers_are_answered() {
        let challenge = "Digest realm=\"testrealm@host.com\", \
                         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let with_qop = format!("{challenge}, qop=\"auth,auth-int\"");
        let header = response(&with_qop, "Circle Of Life", "0a4f113b").unwrap();
        assert!(header.contains("response=\"6629fae49393a05397450978507c4ef1\""), "{header}");
        assert!(!header.contains("algorithm"), "{header}");
        let header = response(challenge, "Circle Of Life", "0a4f113b").unwrap();
        assert!(header.contains("response=\"670fd8c2df070c60b045671b8b24ff02\""), "{header}");
        assert!(!header.contains("cnonce"), "{header}");
    }

    #[test]
    fn what_cannot_be_answered_is_left() {
        for challenge in [
            "Basic realm=\"x\"",
            "Digest realm=\"x\", nonce=\"n\", algorithm=TOKEN",
            "Digest realm=\"x\", nonce=\"n\", qop=\"other\"",
            "Digest realm=\"x\"",
        ] {
            assert_eq!(response(challenge, "p", "c"), None, "{challenge}");
        }
    }

    #[test]
    fn a_name_can_be_hidden_and_a_body_vouched_for() {
        let challenge = "Digest realm=\"r\\\"1\", nonce=\"n\", qop=auth-int, userhash=true, \
                         algorithm=SHA-512-256-sess";
        let header = response(challenge, "p", "c").unwrap();
        let username = Algorithm::Sha512Of256.hash("Mufasa:r\"1");
        assert!(header.starts_with(&format!("Digest username=\"{username}\", ")), "{header}");
        assert!(header.contains("realm=\"r\\\"1\""), "{header}");
        assert!(header.contains("qop=auth-int"), "{header}");
    }
}
