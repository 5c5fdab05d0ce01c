//! Where the certificate of a provider may come from.

use crate::{CertificateHosts, Proof, Refusal, RequestParts, Scheme, reading::Reading};

/// How long the URL of a certificate may be.
const URL_BYTES_MAX: usize = 512;

impl Scheme {
    /// The URL of the certificate that a request names; `None` where the scheme needs none.
    ///
    /// # Errors
    /// The request names none, or one that is not the provider's.
    pub fn certificate_url(&self, parts: &RequestParts<'_>) -> Result<Option<String>, Refusal> {
        if !self.needs_certificate() {
            return Ok(None);
        }
        let reading = Reading::new(self, parts)?;
        let Proof::Certificate { url, hosts, .. } = self.way_of(&reading)?.proof else {
            return Ok(None);
        };
        let url = reading.text(url)?;
        if hosts.has(url) { Ok(Some(url.to_owned())) } else { Err(Refusal::ForeignCertificate) }
    }

    /// Whether signatures are checked with a certificate of the provider.
    pub fn needs_certificate(&self) -> bool {
        self.ways.iter().any(|way| matches!(way.proof, Proof::Certificate { .. }))
    }
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
