// utils.crypto: AES-GCM, RSA signatures, HMAC and hashes.

import { typedArrayLength } from "../primordials.js";
import { host } from "../host.js";
import { FunctionError } from "../errors.js";
import { Binary } from "../bson/binary.js";
import { bytesOf, oneOf, textOf } from "./input.js";

const nonceAndTagLength = 12 + 16;

export const crypto = {
  // The result is nonce, ciphertext and tag in one piece.
  encrypt(encryptionType, message, key) {
    oneOf(encryptionType, ["aes"], "encryption type");
    const secret = aesKey(key);
    return new Binary(host.aes_gcm_encrypt(secret, bytesOf(message, "message")));
  },

  decrypt(encryptionType, encryptedMessage, key) {
    oneOf(encryptionType, ["aes"], "encryption type");
    const secret = aesKey(key);
    const sealed = bytesOf(encryptedMessage, "encryptedMessage");
    if (typedArrayLength(sealed) < nonceAndTagLength) {
      throw new FunctionError("cannot decrypt: the message is too short to be an encrypted one");
    }
    const opened = guarded("cannot decrypt: the key or the message is wrong", () =>
      host.aes_gcm_decrypt(secret, sealed));
    return new Binary(opened);
  },

  sign(encryptionType, message, privateKey, signatureScheme = "pss") {
    oneOf(encryptionType, ["rsa"], "encryption type");
    const scheme = rsaScheme(signatureScheme);
    const bytes = bytesOf(message, "message");
    const pem = textOf(privateKey, "privateKey");
    return new Binary(guarded("cannot sign", () => host.rsa_sign(scheme, pem, bytes)));
  },

  verify(encryptionType, message, publicKey, signature, signatureScheme = "pss") {
    oneOf(encryptionType, ["rsa"], "encryption type");
    const scheme = rsaScheme(signatureScheme);
    const bytes = bytesOf(message, "message");
    const pem = textOf(publicKey, "publicKey");
    const signed = bytesOf(signature, "signature");
    return guarded("cannot verify", () => host.rsa_verify(scheme, pem, bytes, signed));
  },

  hmac(input, secret, hashFunction, outputFormat) {
    oneOf(hashFunction, ["sha1", "sha256", "sha512"], "hash function");
    oneOf(outputFormat, ["hex", "base64"], "output format");
    const key = bytesOf(secret, "secret");
    const digest = host.hmac(hashFunction, key, bytesOf(input, "input"));
    return outputFormat === "hex" ? host.hex_encode(digest) : host.base64_encode(digest);
  },

  hash(hashFunction, input) {
    oneOf(hashFunction, ["sha1", "sha256", "md5"], "hash function");
    return new Binary(host.hash(hashFunction, bytesOf(input, "input")));
  },
};

function aesKey(key) {
  const bytes = bytesOf(key, "key");
  const length = typedArrayLength(bytes);
  if (length !== 16 && length !== 24 && length !== 32) {
    throw new FunctionError(`an AES key must be 16, 24 or 32 bytes long, not ${length}`);
  }
  return bytes;
}

function rsaScheme(scheme) {
  return oneOf(scheme ?? "pss", ["pss", "pkcs1v15"], "signature scheme");
}

// Errors of the host reach a function as errors of this module, with a word on what was tried.
function guarded(what, call) {
  try {
    return call();
  } catch (error) {
    const detail = typeof error?.message === "string" && error.message !== "" ? error.message : "";
    throw new FunctionError(detail === "" ? what : `${what}: ${detail}`);
  }
}
