// `require("crypto")` on the host's cryptography. What is missing says so when it is called.

import { host } from "hookstead:internals";
import { bytesOf } from "./crypto/bytes.js";
import {
  CIPHERS, createCipher, createCipheriv, createDecipher, createDecipheriv,
} from "./crypto/cipher.js";
import { HASHES, createHash, createHmac, pbkdf2Sync } from "./crypto/hash.js";
import { PADDINGS, createSign, createVerify } from "./crypto/sign.js";
import { later } from "./support/later.js";
import { refusals } from "./support/refusals.js";

const REFUSED = [
  "createDiffieHellman", "createECDH", "createPrivateKey", "createPublicKey", "createSecretKey",
  "diffieHellman", "generateKeyPair", "generateKeyPairSync", "getDiffieHellman", "hkdf",
  "hkdfSync", "privateDecrypt", "privateEncrypt", "publicDecrypt", "publicEncrypt", "scrypt",
  "scryptSync", "sign", "verify",
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
  if (!Number.isInteger(size) || size < 0) {
    throw new RangeError(`The value of "size" is out of range: ${size}`);
  }
  return answer(callback, () => {
    const pieces = [];
    for (let left = size; left > 0; left -= PIECE_BYTES) {
      pieces.push(Buffer.from(host.random_bytes(Math.min(left, PIECE_BYTES))));
    }
    return Buffer.concat(pieces);
  });
}

function randomFillSync(buffer, offset = 0, size = buffer.length - offset) {
  bytesOf(buffer).set(randomBytes(size), offset);
  return buffer;
}

// Node's later addition: a whole number from `low` up to, not including, `high`.
function randomInt(first, second, third) {
  const isRange = typeof second === "number";
  const [low, high] = isRange ? [first, second] : [0, first];
  const range = high - low;
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || range <= 0 || range > 2 ** 48) {
    throw new RangeError("randomInt: expected two whole numbers, the first being the smaller");
  }
  return answer(isRange ? third : second, () => {
    // Numbers beyond the last whole range would favour the small ones.
    const fair = 2 ** 48 - (2 ** 48 % range);
    for (;;) {
      const number = randomBytes(6).readUIntBE(0, 6);
      if (number < fair) {
        return low + (number % range);
      }
    }
  });
}

function timingSafeEqual(left, right) {
  const [a, b] = [bytesOf(left), bytesOf(right)];
  if (a.length !== b.length) {
    throw new RangeError("Input buffers must have the same byte length");
  }
  return a.reduce((difference, byte, index) => difference | (byte ^ b[index]), 0) === 0;
}

export default {
  ...refusals("crypto", REFUSED),
  constants: PADDINGS,
  createCipher,
  createCipheriv,
  createDecipher,
  createDecipheriv,
  createHash,
  createHmac,
  createSign,
  createVerify,
  getCiphers: () => [...CIPHERS],
  getHashes: () => [...HASHES],
  pbkdf2: (password, salt, iterations, length, digest, callback) =>
    answer(callback, () => pbkdf2Sync(password, salt, iterations, length, digest)),
  pbkdf2Sync,
  pseudoRandomBytes: randomBytes,
  randomBytes,
  randomFillSync,
  randomInt,
  randomUUID: () => host.random_uuid(),
  timingSafeEqual,
};
