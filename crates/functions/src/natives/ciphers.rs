//! AES, as `utils.crypto` lays it out (GCM: nonce, ciphertext, tag), and as the module `crypto`
//! asks for it.

use aws_lc_rs::{
    aead::{self, AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce},
    cipher::{
        self, AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptingKey,
        EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
    },
    error::Unspecified,
    iv::FixedLength,
};
use hookstead_isolate::{Thrown, Value};

use super::arguments::{Outcome, bytes, function_error, text, truth};

pub(super) fn aes_gcm_encrypt(arguments: &[Value]) -> Outcome {
    let key = key(bytes(arguments, 0)?)?;
    let mut nonce = [0; aead::NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce).map_err(|_| function_error("aes: no randomness"))?;
    let mut sealed = bytes(arguments, 1)?.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
        .map_err(|_| function_error("aes: encryption failed"))?;
    Ok([nonce.as_slice(), &sealed].concat().into())
}

pub(super) fn aes_gcm_decrypt(arguments: &[Value]) -> Outcome {
    let key = key(bytes(arguments, 0)?)?;
    let (nonce, sealed) = bytes(arguments, 1)?
        .split_first_chunk()
        .ok_or_else(|| function_error("aes: the message is too short"))?;
    let mut opened = sealed.to_vec();
    let length = key
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut opened)
        .map_err(|_| function_error("aes: message authentication failed"))?
        .len();
    opened.truncate(length);
    Ok(opened.into())
}

fn key(key: &[u8]) -> Result<LessSafeKey, Thrown> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        32 => &AES_256_GCM,
        other => {
            let message = format!("aes: the key must have 16, 24 or 32 bytes, not {other}");
            return Err(function_error(message));
        }
    };
    aead::UnboundKey::new(algorithm, key)
        .map(LessSafeKey::new)
        .map_err(|_| function_error("aes: the key is not usable"))
}

/// What a cipher of the module `crypto` is given: name, key, IV, data, additional data, padding.
struct Job<'a> {
    mode: &'a str,
    key: &'a [u8],
    iv: &'a [u8],
    data: Vec<u8>,
    additional: &'a [u8],
    pads: bool,
}

impl<'a> Job<'a> {
    fn new(arguments: &'a [Value]) -> Result<Self, Thrown> {
        let (_, mode) = text(arguments, 0)?.rsplit_once('-').unwrap_or_default();
        Ok(Self {
            mode,
            key: bytes(arguments, 1)?,
            iv: bytes(arguments, 2)?,
            data: bytes(arguments, 3)?.to_vec(),
            additional: bytes(arguments, 4)?,
            pads: truth(arguments, 5),
        })
    }

    fn aead(&self) -> Result<(LessSafeKey, Nonce, Aad<&'a [u8]>), Unspecified> {
        let key = key(self.key).map_err(|_| Unspecified)?;
        let nonce = Nonce::try_assume_unique_for_key(self.iv)?;
        Ok((key, nonce, Aad::from(self.additional)))
    }

    fn cipher(&self) -> Result<(UnboundCipherKey, FixedLength<16>), Unspecified> {
        let algorithm = match self.key.len() {
            16 => &AES_128,
            24 => &AES_192,
            _ => &AES_256,
        };
        let iv: [u8; cipher::AES_CBC_IV_LEN] = self.iv.try_into().map_err(|_| Unspecified)?;
        Ok((UnboundCipherKey::new(algorithm, self.key)?, iv.into()))
    }

    fn encrypt(mut self) -> Result<Vec<u8>, Unspecified> {
        if self.mode == "gcm" {
            let (key, nonce, additional) = self.aead()?;
            key.seal_in_place_append_tag(nonce, additional, &mut self.data)?;
            return Ok(self.data);
        }
        let (key, iv) = self.cipher()?;
        let context = EncryptionContext::Iv128(iv);
        if self.mode == "cbc" && self.pads {
            let key = PaddedBlockEncryptingKey::cbc_pkcs7(key)?;
            key.less_safe_encrypt(&mut self.data, context)?;
        } else {
            let is_cbc = self.mode == "cbc";
            let key = if is_cbc { EncryptingKey::cbc(key) } else { EncryptingKey::ctr(key) }?;
            key.less_safe_encrypt(&mut self.data, context)?;
        }
        Ok(self.data)
    }

    fn decrypt(mut self) -> Result<Vec<u8>, Unspecified> {
        if self.mode == "gcm" {
            let (key, nonce, additional) = self.aead()?;
            let length = key.open_in_place(nonce, additional, &mut self.data)?.len();
            self.data.truncate(length);
            return Ok(self.data);
        }
        let (key, iv) = self.cipher()?;
        let context = DecryptionContext::Iv128(iv);
        let length = if self.mode == "cbc" && self.pads {
            let key = PaddedBlockDecryptingKey::cbc_pkcs7(key)?;
            key.decrypt(&mut self.data, context)?.len()
        } else {
            let is_cbc = self.mode == "cbc";
            let key = if is_cbc { DecryptingKey::cbc(key) } else { DecryptingKey::ctr(key) }?;
            key.decrypt(&mut self.data, context)?.len()
        };
        self.data.truncate(length);
        Ok(self.data)
    }
}

/// The ciphertext; GCM has its tag at the end.
pub(super) fn encrypt(arguments: &[Value]) -> Outcome {
    let refuse = |_| Thrown::new("Error", "the data cannot be encrypted with this key and IV");
    Job::new(arguments)?.encrypt().map(Value::from).map_err(refuse)
}

/// What `encrypt` was given.
pub(super) fn decrypt(arguments: &[Value]) -> Outcome {
    let refuse = |_| Thrown::new("Error", "Unsupported state or unable to authenticate data");
    Job::new(arguments)?.decrypt().map(Value::from).map_err(refuse)
}
