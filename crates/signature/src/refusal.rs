//! Why a request is not let in.

use thiserror::Error;

/// Why a request is not let in, told without any of its secrets or signatures.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The signature, or something signed with it, is absent or empty.
    #[error("{name} is missing")]
    Missing {
        /// The header or parameter.
        name: &'static str,
    },
    /// It is there twice, so that two readers of the request could see two different ones.
    #[error("{name} is given more than once")]
    Duplicate {
        /// The header or parameter.
        name: &'static str,
    },
    /// It is of another kind than this scheme's, perhaps a weaker one.
    #[error("{name} holds no signature of the expected kind")]
    UnknownPrefix {
        /// The header.
        name: &'static str,
    },
    /// It cannot be read.
    #[error("{name} is malformed")]
    Malformed {
        /// The header or parameter.
        name: &'static str,
    },
    /// It is not what the secret gives for this request.
    #[error("the signature or the secret does not match")]
    Mismatch,
    /// It is right, and was made too long ago or too far in the future.
    #[error("the signature is outside its time window")]
    Stale,
    /// The request names a certificate that is not at a host of the provider.
    #[error("the certificate is not at a host of the provider")]
    ForeignCertificate,
    /// The certificate may not be used yet, or no longer.
    #[error("the certificate is outside its time of validity")]
    OldCertificate,
    /// The certificate that the request names could not be had: a trouble of ours or the
    /// provider's, not of the request.
    #[error("the certificate of the provider is not there")]
    NoCertificate,
    /// There is no secret to check with: a mistake in the configuration, not in the request.
    #[error("the secret is empty")]
    EmptySecret,
    /// The provider signs with a private key.
    #[error("only the provider has the key that signs")]
    PrivateKey,
    /// The secret is not spelt as the scheme spells its secrets.
    #[error("the secret is not in the form that the scheme asks for")]
    MalformedSecret,
}

impl Refusal {
    /// A stable, kebab-case name for logs and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "signature-missing",
            Self::Duplicate { .. } => "signature-duplicate",
            Self::UnknownPrefix { .. } => "signature-unknown-prefix",
            Self::Malformed { .. } => "signature-malformed",
            Self::Mismatch => "signature-mismatch",
            Self::Stale => "signature-stale",
            Self::ForeignCertificate => "certificate-foreign",
            Self::OldCertificate => "certificate-old",
            Self::NoCertificate => "certificate-absent",
            Self::EmptySecret => "secret-empty",
            Self::PrivateKey => "key-private",
            Self::MalformedSecret => "secret-malformed",
        }
    }
}
