//! Certificates of providers: what of X.509 a signature check needs.
//!
//! Nobody vouches for a certificate here. It is one because it came from a host of the provider.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::rfc3339;

/// How long a file with certificates may be. The first one counts.
pub const CERTIFICATE_FILE_BYTES_MAX: usize = 64 << 10;

/// The key of a certificate, and when it may be used.
#[derive(Clone)]
pub struct Certificate {
    public_key: Vec<u8>,
    not_before_s: i64,
    not_after_s: i64,
}

impl Certificate {
    /// Reads the first certificate of a PEM file; `None` where there is none that can be read.
    pub fn from_pem(file: &[u8]) -> Option<Self> {
        if file.len() > CERTIFICATE_FILE_BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(file).ok()?;
        let (_, text) = text.split_once("-----BEGIN CERTIFICATE-----")?;
        let (text, _) = text.split_once("-----END CERTIFICATE-----")?;
        let base64: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
        Self::from_der(&STANDARD.decode(base64).ok()?)
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let (certificate, []) = element(der, SEQUENCE)? else { return None };
        let (mut rest, _) = element(certificate, SEQUENCE)?;
        if let Some((_, after)) = element(rest, VERSION) {
            rest = after;
        }
        // Serial number, algorithm, issuer.
        for tag in [INTEGER, SEQUENCE, SEQUENCE] {
            (_, rest) = element(rest, tag)?;
        }
        let (validity, rest) = element(rest, SEQUENCE)?;
        let (not_before_s, validity) = time(validity)?;
        let (not_after_s, []) = time(validity)? else { return None };
        let (_, rest) = element(rest, SEQUENCE)?;
        let (_, after) = element(rest, SEQUENCE)?;
        let public_key = rest.get(..rest.len() - after.len())?.to_vec();
        Some(Self { public_key, not_before_s, not_after_s })
    }

    /// The key as SubjectPublicKeyInfo.
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// Whether it may be used now.
    pub fn is_valid_at(&self, now_unix: i64) -> bool {
        (self.not_before_s..=self.not_after_s).contains(&now_unix)
    }
}

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
/// The version of a certificate.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The content of the element at the front, which must have this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [first, len, rest @ ..] = der else { return None };
    if *first != tag {
        return None;
    }
    let (len, rest) = match usize::from(*len) {
        len @ 0..=0x7f => (len, rest),
        // Two bytes hold the length of every certificate that fits the limit.
        count @ (0x81 | 0x82) => {
            let (bytes, rest) = rest.split_at_checked(count - 0x80)?;
            let len = bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
            (len, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(len)
}

fn time(der: &[u8]) -> Option<(i64, &[u8])> {
    let (text, rest, is_short) = match element(der, UTC_TIME) {
        Some((text, rest)) => (text, rest, true),
        None => {
            let (text, rest) = element(der, GENERALIZED_TIME)?;
            (text, rest, false)
        }
    };
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let text = match is_short {
        true if text.as_bytes().first()? < &b'5' => format!("20{text}"),
        true => format!("19{text}"),
        false => text.to_owned(),
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let date = format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let time = format!("{}:{}:{}", part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let zone = part(14, text.len())?;
    Some((rfc3339::read(&format!("{date}T{time}{zone}"))?, rest))
}
