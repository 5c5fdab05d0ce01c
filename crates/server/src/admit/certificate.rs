//! The certificate of a provider that a signature is checked with.

use hookstead_signature::{CERTIFICATE_FILE_BYTES_MAX, Certificate};
use hookstead_site::{Signed, Site};

use super::verify::{Asked, clock, refuse_as, with_parts};
use crate::refusal::Refusal;

/// The certificate that a request names, from a host of the provider; `None` where the scheme needs
/// none.
pub(super) async fn of(
    signed: &Signed,
    asked: &Asked<'_>,
    body: &[u8],
    site: &Site,
) -> Result<Option<Certificate>, Refusal> {
    if !signed.scheme.needs_certificate() {
        return Ok(None);
    }
    let url = with_parts(signed, asked, body, |parts| {
        signed.scheme.certificate_url(&signed.secrets, parts, clock(signed, asked))
    });
    let Some(url) = url.map_err(|refusal| refuse_as(signed, asked, &refusal))? else {
        return Ok(None);
    };
    let absent = |why: &str| Refusal::internal(format!("the certificate at {url}: {why}"));
    let documents = site.documents().ok_or_else(|| absent("nothing can be fetched here"))?;
    let file = documents.get(&url, CERTIFICATE_FILE_BYTES_MAX).await;
    let file = file.map_err(|error| absent(&error.to_string()))?;
    let certificate = Certificate::from_pem(&file);
    certificate.map(Some).ok_or_else(|| absent("it cannot be read"))
}
