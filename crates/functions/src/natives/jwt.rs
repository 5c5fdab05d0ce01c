//! The signatures of JSON Web Tokens (RFC 7518 §3.1). Tokens are put together in JavaScript.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{
        self, EcdsaKeyPair, EcdsaSigningAlgorithm, RsaEncoding, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use hookstead_isolate::{Thrown, Value};

use super::{
    arguments::{Outcome, bytes, function_error, text},
    rsa,
};

/// A key that signs and verifies alike.
enum Algorithm {
    Hmac(hmac::Algorithm),
    Rsa(&'static dyn RsaEncoding, &'static dyn VerificationAlgorithm),
    Ecdsa(&'static EcdsaSigningAlgorithm, &'static dyn VerificationAlgorithm),
}

/// The signature of a text or of bytes, by algorithm and key.
pub(super) fn sign(arguments: &[Value]) -> Outcome {
    let (key, data) = (text(arguments, 1)?, bytes(arguments, 2)?);
    match algorithm(text(arguments, 0)?)? {
        Algorithm::Hmac(algorithm) => {
            let key = hmac::Key::new(algorithm, key.as_bytes());
            Ok(hmac::sign(&key, data).as_ref().to_vec().into())
        }
        Algorithm::Rsa(padding, _) => rsa::sign_with(padding, key, data),
        Algorithm::Ecdsa(algorithm, _) => {
            let key = EcdsaKeyPair::from_pkcs8(algorithm, &rsa::pem(key)?.der)
                .map_err(|error| function_error(format!("the EC key is refused: {error}")))?;
            let signed = key
                .sign(&SystemRandom::new(), data)
                .map_err(|_| function_error("signing with the EC key failed"))?;
            Ok(signed.as_ref().to_vec().into())
        }
    }
}

/// Whether a signature is right, by algorithm and key.
pub(super) fn verify(arguments: &[Value]) -> Outcome {
    let (key, data) = (text(arguments, 1)?, bytes(arguments, 2)?);
    let signed = bytes(arguments, 3)?;
    let is_right = match algorithm(text(arguments, 0)?)? {
        Algorithm::Hmac(algorithm) => {
            hmac::verify(&hmac::Key::new(algorithm, key.as_bytes()), data, signed).is_ok()
        }
        Algorithm::Rsa(_, algorithm) | Algorithm::Ecdsa(_, algorithm) => {
            UnparsedPublicKey::new(algorithm, rsa::pem(key)?.der).verify(data, signed).is_ok()
        }
    };
    Ok(is_right.into())
}

fn algorithm(name: &str) -> Result<Algorithm, Thrown> {
    use signature as s;
    Ok(match name {
        "HS256" => Algorithm::Hmac(hmac::HMAC_SHA256),
        "HS384" => Algorithm::Hmac(hmac::HMAC_SHA384),
        "HS512" => Algorithm::Hmac(hmac::HMAC_SHA512),
        "RS256" => Algorithm::Rsa(&s::RSA_PKCS1_SHA256, &s::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Algorithm::Rsa(&s::RSA_PKCS1_SHA384, &s::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Algorithm::Rsa(&s::RSA_PKCS1_SHA512, &s::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Algorithm::Rsa(&s::RSA_PSS_SHA256, &s::RSA_PSS_2048_8192_SHA256),
        "PS384" => Algorithm::Rsa(&s::RSA_PSS_SHA384, &s::RSA_PSS_2048_8192_SHA384),
        "PS512" => Algorithm::Rsa(&s::RSA_PSS_SHA512, &s::RSA_PSS_2048_8192_SHA512),
        "ES256" => {
            Algorithm::Ecdsa(&s::ECDSA_P256_SHA256_FIXED_SIGNING, &s::ECDSA_P256_SHA256_FIXED)
        }
        "ES384" => {
            Algorithm::Ecdsa(&s::ECDSA_P384_SHA384_FIXED_SIGNING, &s::ECDSA_P384_SHA384_FIXED)
        }
        "ES512" => {
            Algorithm::Ecdsa(&s::ECDSA_P521_SHA512_FIXED_SIGNING, &s::ECDSA_P521_SHA512_FIXED)
        }
        other => return Err(function_error(format!("unknown signing method '{other}'"))),
    })
}
