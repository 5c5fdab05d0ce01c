//! Where the certificate of a provider may come from.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::{
    CertificateHosts, Clock, Key, Proof, Refusal, RequestParts, Scheme, Token, reading::Reading,
    verify::is_signature,
};

/// How long the URL of a certificate may be.
const URL_BYTES_MAX: usize = 512;

impl Scheme {
    /// The URL of the certificate that a request names; `None` where the scheme needs none.
    ///
    /// What can be checked without the certificate is checked: nobody makes us fetch one with a
    /// request that would be refused anyway.
    ///
    /// # Errors
    /// The request names none, or one that is not the provider's; or it is refused whatever the
    /// certificate is.
    pub fn certificate_url(
        &self,
        secrets: &[Key],
        parts: &RequestParts<'_>,
        clock: impl Into<Clock>,
    ) -> Result<Option<String>, Refusal> {
        if !self.needs_certificate() {
            return Ok(None);
        }
        if let Some(name) = self.unproven(parts) {
            return Err(Refusal::Missing { name });
        }
        let reading = Reading::new(self, parts)?;
        let way = self.way_of(&reading)?;
        let Proof::Certificate { url, hosts, signed, .. } = way.proof else {
            return Ok(None);
        };
        let url = reading.text(url)?;
        if !hosts.has(url) {
            return Err(Refusal::ForeignCertificate);
        }
        let candidates = way.place.candidates(&reading)?;
        if !candidates.iter().any(|candidate| is_signature(candidate)) {
            return Err(Refusal::Malformed { name: way.place.name() });
        }
        check_receiver(signed, secrets, &reading)?;
        if let Some(timestamp) = &way.timestamp {
            let Clock { now_unix, tolerance_s } = clock.into();
            timestamp.check(&timestamp.read(&way.place, &reading)?, now_unix, tolerance_s)?;
        }
        Ok(Some(url.to_owned()))
    }

    /// Whether signatures are checked with a certificate of the provider.
    pub fn needs_certificate(&self) -> bool {
        self.ways.iter().any(|way| matches!(way.proof, Proof::Certificate { .. }))
    }
}

/// Refuses what names another receiver in a field.
fn check_receiver(signed: &[Token], secrets: &[Key], reading: &Reading<'_>) -> Result<(), Refusal> {
    for token in signed {
        if let Token::SecretLine(path) = *token {
            let named = reading.field(path)?.as_bytes();
            let is_own = |key: &Key| verify_slices_are_equal(named, key.bytes()).is_ok();
            if !secrets.iter().any(is_own) {
                return Err(Refusal::Mismatch);
            }
        }
    }
    Ok(())
}

impl CertificateHosts {
    /// Whether a URL is one of the provider's. Anything that two readers of URLs could take for
    /// different hosts is not.
    fn has(&self, url: &str) -> bool {
        let Some((host, path)) = url.strip_prefix("https://").and_then(|url| url.split_once('/'))
        else {
            return false;
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
        let in_middle = |byte: u8| {
            byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || byte == b'-'
                || self.dots && byte == b'.'
        };
        let middle = host
            .strip_prefix(self.prefix)
            .and_then(|rest| self.suffixes.iter().find_map(|suffix| rest.strip_suffix(suffix)));
        url.len() <= URL_BYTES_MAX
            && middle.is_some_and(|middle| {
                middle.len() >= 3
                    && middle.bytes().all(in_middle)
                    && middle.split('.').all(|label| !label.is_empty())
            })
            && path.bytes().all(is_plain)
            && !path.contains("..")
            && path.starts_with(self.path_start)
            && path.ends_with(self.path_end)
    }
}
