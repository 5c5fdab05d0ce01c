//! RSA signatures of `utils.crypto`: SHA-256 with either padding.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{self, RsaEncoding, UnparsedPublicKey, VerificationAlgorithm},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hookstead_isolate::{Thrown, Value};

use super::arguments::{Outcome, bytes, function_error, text};

pub(super) fn sign(arguments: &[Value]) -> Outcome {
    let padding: &'static dyn RsaEncoding = match text(arguments, 0)? {
        "pss" => &signature::RSA_PSS_SHA256,
        "pkcs1v15" => &signature::RSA_PKCS1_SHA256,
        other => return Err(unknown_scheme(other)),
    };
    sign_with(padding, text(arguments, 1)?, bytes(arguments, 2)?)
}

pub(super) fn verify(arguments: &[Value]) -> Outcome {
    let algorithm: &'static dyn VerificationAlgorithm = match text(arguments, 0)? {
        "pss" => &signature::RSA_PSS_2048_8192_SHA256,
        "pkcs1v15" => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        other => return Err(unknown_scheme(other)),
    };
    let key = pem(text(arguments, 1)?)?;
    let (data, signed) = (bytes(arguments, 2)?, bytes(arguments, 3)?);
    Ok(UnparsedPublicKey::new(algorithm, key.der).verify(data, signed).is_ok().into())
}

/// Signs with a private key in PEM, PKCS#8 or PKCS#1.
pub(super) fn sign_with(padding: &'static dyn RsaEncoding, key: &str, data: &[u8]) -> Outcome {
    let pem = pem(key)?;
    let key = if pem.label == "RSA PRIVATE KEY" {
        KeyPair::from_der(&pem.der)
    } else {
        KeyPair::from_pkcs8(&pem.der)
    };
    let key = key.map_err(|error| function_error(format!("the RSA key is refused: {error}")))?;
    let mut signed = vec![0; key.public_modulus_len()];
    key.sign(padding, &SystemRandom::new(), data, &mut signed)
        .map_err(|_| function_error("signing with the RSA key failed"))?;
    Ok(signed.into())
}

/// A key out of its PEM armour.
pub(super) struct Pem {
    pub(super) label: String,
    pub(super) der: Vec<u8>,
}

/// Takes the first block of a PEM text.
pub(super) fn pem(text: &str) -> Result<Pem, Thrown> {
    let refuse = || function_error("the key is not in PEM format");
    let (_, rest) = text.split_once("-----BEGIN ").ok_or_else(refuse)?;
    let (label, rest) = rest.split_once("-----").ok_or_else(refuse)?;
    let (body, _) = rest.split_once("-----END ").ok_or_else(refuse)?;
    let body: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(body).map_err(|_| refuse())?;
    Ok(Pem { label: label.to_owned(), der })
}

fn unknown_scheme(scheme: &str) -> Thrown {
    function_error(format!("unknown RSA scheme '{scheme}': use 'pss' or 'pkcs1v15'"))
}
