//! Why a mail could not be sent, in words for the journal.

use std::{error::Error as StdError, io, iter, time::Duration};

use lettre::transport::smtp::Error;

use crate::smtp_server::SmtpServer;

/// More of what a server says is not told.
const ANSWER_CHARS_MAX: usize = 300;

/// A server that repeats so much of a secret is not quoted: it may have wrapped the line.
const SECRET_BYTES: usize = 8;

/// Why an attempt failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Without anything secret.
    pub(crate) why: String,
    /// Whether another attempt would fail in the same way.
    pub(crate) is_final: bool,
}

impl Failure {
    /// What the library reports. `secrets` must not be told, whatever the server answered.
    pub(crate) fn of(error: &Error, server: &SmtpServer, secrets: &[&str]) -> Self {
        let source = causes(error).last().map(ToString::to_string).unwrap_or_default();
        let said = without_secrets(&source, secrets);
        let why = if let Some(code) = error.status() {
            format!("the mail server {server} answered {code}: {said}")
        } else if error.is_timeout() {
            format!("the mail server {server} did not answer in time")
        } else if error.is_tls() || is_of_handshake(error) {
            format!("there is no TLS with the mail server {server}: {said}")
        } else if error.is_client() && source.starts_with("STARTTLS") {
            format!("the mail server {server} offers no STARTTLS, so nothing is sent to it")
        } else if error.is_client() {
            format!("the mail server {server} cannot take it: {said}")
        } else {
            format!("the mail server {server} cannot be reached: {said}")
        };
        Self { why, is_final: error.is_permanent() || error.is_client() }
    }

    /// An attempt took too long.
    pub(crate) fn too_slow(server: &SmtpServer, time: Duration) -> Self {
        let seconds = time.as_secs_f32();
        let why = format!(
            "the mail server {server} did not take it within {seconds} s ([mail] send_time_s)"
        );
        Self { why, is_final: false }
    }
}

/// The causes of an error, the one that it names itself first.
fn causes(error: &Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    iter::successors(error.source(), |error| (*error).source())
}

/// Whether TLS could not be agreed on: what arrived makes no sense, or nobody vouches for it.
fn is_of_handshake(error: &Error) -> bool {
    causes(error).any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|error| error.kind() == io::ErrorKind::InvalidData)
    })
}

/// What a server said, unless it repeats a part of a secret.
fn without_secrets(said: &str, secrets: &[&str]) -> String {
    let repeats = |secret: &&str| {
        let bytes = secret.as_bytes();
        let size = SECRET_BYTES.min(bytes.len()).max(1);
        bytes.windows(size).any(|part| said.as_bytes().windows(size).any(|own| own == part))
    };
    if secrets.iter().any(repeats) {
        return "its words are not told, because they repeat a secret".to_owned();
    }
    said.chars().take(ANSWER_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_repeats_a_part_of_a_secret_is_not_quoted() {
        let secret = "0123456789abcdef0123456789abcdef";
        for (said, is_told) in [
            ("5.7.1 relaying denied", true),
            ("spam: https://a.example/?token=0123456789abcdef0123456789abcdef", false),
            ("spam: 6789ab=\r\ncdef0123", false),
            ("the code is 0123456", true),
            ("", true),
        ] {
            let told = without_secrets(said, &["", secret]);
            assert_eq!(told == said, is_told, "{said}: {told}");
        }
        assert_ne!(without_secrets("wrong password: pw", &["pw"]), "wrong password: pw");
        assert_eq!(without_secrets(&"x".repeat(1000), &[]).len(), ANSWER_CHARS_MAX);
    }
}
