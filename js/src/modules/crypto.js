// `require("crypto")` on the host's cryptography. What is missing says so when it is called.

import {
  RangeError, Uint8Array, append, bufferOf, host, joinBytes, mathMin, numberIsInteger,
  numberIsSafeInteger, typedArrayLength, typedArraySet,
} from "hookstead:internals";
import { bytesOf } from "./crypto/bytes.js";
import {
  CIPHERS, createCipher, createCipheriv, createDecipher, createDecipheriv,
} from "./crypto/cipher.js";
import { HASHES, createHash, createHmac, pbkdf2Sync } from "./crypto/hash.js";
import { KeyObject } from "./crypto/key-object.js";
import { createPrivateKey, createPublicKey, createSecretKey } from "./crypto/keys.js";
import { PADDINGS, createSign, createVerify } from "./crypto/sign.js";
import { later } from "./support/later.js";
import { refusals } from "./support/refusals.js";

const REFUSED = [
  "createDiffieHellman", "createECDH", "diffieHellman", "generateKeyPair", "generateKeyPairSync",
  "getDiffieHellman", "hkdf", "hkdfSync", "privateDecrypt", "privateEncrypt", "publicDecrypt",
  "publicEncrypt", "scrypt", "scryptSync", "sign", "verify",
];
const PIECE_BYTES = 1 << 20;

// With a callback as last argument the answer comes later, as in Node.js.
function answer(callback, compute) {
  if (typeof callback !== "function") {
    return compute();
  }
  return later(compute, callback);
}

function randomBytes(size, callback) {
  if (!numberIsInteger(size) || size < 0) {
    throw new RangeError(`The value of "size" is out of range: ${size}`);
  }
  return answer(callback, () => {
    const pieces = [];
    for (let left = size; left > 0; left -= PIECE_BYTES) {
      pieces[pieces.length] = new Uint8Array(host.random_bytes(mathMin(left, PIECE_BYTES)));
    }
    return bufferOf(joinBytes(pieces));
  });
}

function randomFillSync(buffer, offset = 0, size = itemsOf(buffer) - offset) {
  typedArraySet(bytesOf(buffer), randomBytes(size), offset);
  return buffer;
}

// Of the web's cryptography: what packages draw random ids with.
function getRandomValues(array) {
  const bytes = bytesOf(array);
  typedArraySet(bytes, randomBytes(typedArrayLength(bytes)), 0);
  return array;
}

const webcrypto = {
  getRandomValues,
  randomUUID: () => host.random_uuid(),
  subtle: refusals("crypto.webcrypto.subtle", [
    "decrypt", "deriveBits", "deriveKey", "digest", "encrypt", "exportKey", "generateKey",
    "importKey", "sign", "unwrapKey", "verify", "wrapKey",
  ]),
};

function itemsOf(buffer) {
  return buffer instanceof Uint8Array ? typedArrayLength(buffer) : buffer.length;
}

// Node's later addition: a whole number from `low` up to, not including, `high`.
function randomInt(first, second, third) {
  const isRange = typeof second === "number";
  const low = isRange ? first : 0;
  const high = isRange ? second : first;
  const range = high - low;
  if (!numberIsSafeInteger(low) || !numberIsSafeInteger(high) || range <= 0 || range > 2 ** 48) {
    throw new RangeError("randomInt: expected two whole numbers, the first being the smaller");
  }
  return answer(isRange ? third : second, () => {
    // Numbers beyond the last whole range would favour the small ones.
    const fair = 2 ** 48 - (2 ** 48 % range);
    for (;;) {
      const bytes = randomBytes(6);
      let number = 0;
      for (let index = 0; index < 6; index++) {
        number = number * 256 + bytes[index];
      }
      if (number < fair) {
        return low + (number % range);
      }
    }
  });
}

function timingSafeEqual(left, right) {
  const a = bytesOf(left);
  const b = bytesOf(right);
  const length = typedArrayLength(a);
  if (length !== typedArrayLength(b)) {
    throw new RangeError("Input buffers must have the same byte length");
  }
  let difference = 0;
  for (let index = 0; index < length; index++) {
    difference |= a[index] ^ b[index];
  }
  return difference === 0;
}

export default {
  ...refusals("crypto", REFUSED),
  KeyObject,
  constants: PADDINGS,
  createCipher,
  createCipheriv,
  createDecipher,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  createSign,
  createVerify,
  getCiphers: () => append([], CIPHERS),
  getHashes: () => append([], HASHES),
  getRandomValues,
  pbkdf2: (password, salt, iterations, length, digest, callback) =>
    answer(callback, () => pbkdf2Sync(password, salt, iterations, length, digest)),
  pbkdf2Sync,
  pseudoRandomBytes: randomBytes,
  randomBytes,
  randomFillSync,
  randomInt,
  randomUUID: () => host.random_uuid(),
  timingSafeEqual,
  webcrypto,
};
