//! What of a request a scheme looks at, so that whoever received it looks up no more than that.

use crate::{
    Place, Proof, Scheme, Source, TimestampSource, Token, UrlForms, Way,
    form::{BODY_HASH, CONTENT_TYPE},
};

impl Scheme {
    /// The headers that hold proofs.
    pub fn proof_headers(&self) -> impl Iterator<Item = &'static str> {
        self.ways.iter().filter_map(|way| match way.place {
            Place::Header { name, .. } | Place::ListPart { name, .. } => Some(name),
            Place::Query { .. } | Place::Field { .. } => None,
        })
    }

    /// Further headers, such as the time of signing.
    pub fn other_headers(&self) -> impl Iterator<Item = &'static str> {
        self.ways.iter().flat_map(|way| {
            let time = way.timestamp.and_then(|timestamp| match timestamp.source {
                TimestampSource::Header(name) => Some(name),
                TimestampSource::ListPart(_) | TimestampSource::Field(_) => None,
            });
            let when = way.when.map(|when| when.source);
            let url = match way.proof {
                Proof::Certificate { url, .. } => Some(url),
                _ => None,
            };
            let named = [when, url].into_iter().flatten().filter_map(|source| match source {
                Source::Header(name) => Some(name),
                Source::Field(_) => None,
            });
            let signed = way.signed().iter().filter_map(|token| match token {
                Token::Header(name) => Some(*name),
                Token::Form => Some(CONTENT_TYPE),
                _ => None,
            });
            time.into_iter().chain(named).chain(signed)
        })
    }

    /// The headers that are signed and that hold whatever identifies a request, of the first way.
    pub fn signed_ids(&self) -> impl Iterator<Item = &'static str> {
        let signed = self.ways.first().map_or(&[][..], Way::signed);
        signed.iter().filter_map(|token| match token {
            Token::Header(name) => Some(*name),
            _ => None,
        })
    }

    /// The parameters of the query that count.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.ways.iter().filter_map(|way| match way.place {
            Place::Query { name } => Some(name),
            _ => way.signed().iter().find(|one| matches!(one, Token::Form)).map(|_| BODY_HASH),
        })
    }

    /// Whether the secret comes in the query.
    pub fn has_secret_in_query(&self) -> bool {
        self.ways.iter().any(|way| matches!(way.place, Place::Query { .. }))
    }

    /// Whether the proof is in the body.
    pub fn has_proof_in_body(&self) -> bool {
        self.ways.iter().any(|way| matches!(way.place, Place::Field { .. }))
    }

    /// Whether the proof covers the public URL.
    pub fn covers_url(&self) -> bool {
        self.urls != UrlForms::Verbatim || self.has_token(|token| matches!(token, Token::Url))
    }

    /// Whether the proof covers all of the body.
    pub fn covers_body(&self) -> bool {
        self.has_token(|token| matches!(token, Token::Body | Token::Crc32 | Token::Form))
            || self.needs_certificate()
    }

    /// How far from now the time of signing may be, in seconds; `None` where the scheme has no
    /// time.
    pub fn tolerance_s(&self) -> Option<u64> {
        self.ways.iter().filter_map(|way| way.timestamp).map(|time| time.tolerance_s).max()
    }

    /// Whether whoever has the secret can sign: otherwise it is the public key of the provider,
    /// or only names the receiver.
    pub fn can_sign(&self) -> bool {
        !self
            .ways
            .iter()
            .any(|way| matches!(way.proof, Proof::PublicKey { .. } | Proof::Certificate { .. }))
    }

    fn has_token(&self, is: impl Fn(&Token) -> bool) -> bool {
        self.ways.iter().any(|way| way.signed().iter().any(&is))
    }
}

impl Way {
    /// What is signed.
    fn signed(&self) -> &'static [Token] {
        match self.proof {
            Proof::Hmac { signed, .. }
            | Proof::SecretHash { signed, .. }
            | Proof::PublicKey { signed, .. }
            | Proof::Certificate { signed, .. } => signed,
            Proof::Secret | Proof::EncodedSecret => &[],
        }
    }
}
