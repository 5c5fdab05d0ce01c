// AES in the modes GCM, CBC and CTR.
//
// The host works on whole messages: `update` keeps what it gets and `final` gives everything, so
// that `update() + final()` reads as in Node.js. CTR needs no end and answers piece by piece.

import {
  Boolean, Error, Number, RangeError, String, TypeError, Uint8Array, bufferOf, holds, host, join,
  joinBytes, part, replaceMatches, stringEndsWith, stringSlice, stringToLowerCase, typedArrayLength,
} from "hookstead:internals";
import { Pieces, bytesOf, copyOf, inEncoding } from "./bytes.js";

export const CIPHERS = [
  "aes-128-cbc", "aes-192-cbc", "aes-256-cbc",
  "aes-128-ctr", "aes-192-ctr", "aes-256-ctr",
  "aes-128-gcm", "aes-192-gcm", "aes-256-gcm",
];
const TAG_BYTES = 16;

function cipherName(name) {
  const known = replaceMatches(stringToLowerCase(String(name)), /^aes(?=\d)/g, () => "aes-");
  if (!holds(CIPHERS, known)) {
    throw new Error(`Unknown cipher: ${name} (use one of ${join(CIPHERS, ", ")})`);
  }
  return known;
}

class Cipher {
  #name;
  #key;
  #iv;
  #decrypts;
  #pieces = new Pieces();
  #given = 0;
  #aad = new Pieces();
  #tag;
  #pads = true;

  constructor(name, key, iv, decrypts) {
    this.#name = cipherName(name);
    this.#key = copyOf(key, undefined, "key");
    this.#iv = copyOf(iv, undefined, "iv");
    this.#decrypts = decrypts;
    if (typedArrayLength(this.#key) * 8 !== keyBits(this.#name)) {
      throw new RangeError("Invalid key length");
    }
    if (typedArrayLength(this.#iv) !== (this.#isGcm() ? 12 : 16)) {
      throw new RangeError("Invalid IV length");
    }
  }

  update(data, inputEncoding, outputEncoding) {
    this.#pieces.add(bytesOf(data, inputEncoding));
    const ready = stringEndsWith(this.#name, "ctr") ? this.#rest() : new Uint8Array(0);
    return inEncoding(ready, outputEncoding);
  }

  final(outputEncoding) {
    return inEncoding(this.#rest(), outputEncoding);
  }

  setAAD(data) {
    this.#aad.add(bytesOf(data));
    return this;
  }

  setAutoPadding(pads = true) {
    this.#pads = Boolean(pads);
    return this;
  }

  setAuthTag(tag) {
    const bytes = copyOf(tag);
    const length = typedArrayLength(bytes);
    if (length !== TAG_BYTES) {
      throw new TypeError(`Invalid authentication tag length: ${length}`);
    }
    this.#tag = bytes;
    return this;
  }

  getAuthTag() {
    if (!this.#isGcm() || this.#decrypts || this.#tag === undefined) {
      throw new Error("Invalid state for operation getAuthTag");
    }
    return bufferOf(this.#tag);
  }

  #isGcm() {
    return stringEndsWith(this.#name, "gcm");
  }

  // What the input so far makes, without what was given out before.
  #rest() {
    const all = this.#decrypts ? this.#opened() : this.#sealed();
    const length = typedArrayLength(all);
    const rest = part(all, this.#given, length);
    this.#given = length;
    return rest;
  }

  #sealed() {
    const all = this.#convert(host.cipher_encrypt, this.#pieces.joined());
    if (!this.#isGcm()) {
      return all;
    }
    const end = typedArrayLength(all) - TAG_BYTES;
    this.#tag = part(all, end, end + TAG_BYTES);
    return part(all, 0, end);
  }

  #opened() {
    const data = this.#pieces.joined();
    if (!this.#isGcm()) {
      return this.#convert(host.cipher_decrypt, data);
    }
    if (this.#tag === undefined) {
      throw new Error("Unsupported state or unable to authenticate data");
    }
    return this.#convert(host.cipher_decrypt, joinBytes([data, this.#tag]));
  }

  #convert(way, data) {
    const aad = this.#aad.joined();
    return new Uint8Array(way(this.#name, this.#key, this.#iv, data, aad, this.#pads));
  }
}

export const createCipheriv = (name, key, iv) => new Cipher(name, key, iv, false);
export const createDecipheriv = (name, key, iv) => new Cipher(name, key, iv, true);

// The old way: key and IV from a password, as OpenSSL's EVP_BytesToKey makes them.
export const createCipher = (name, password) => fromPassword(name, password, false);
export const createDecipher = (name, password) => fromPassword(name, password, true);

function fromPassword(name, password, decrypts) {
  const keyBytes = keyBits(cipherName(name)) / 8;
  const ivBytes = stringEndsWith(cipherName(name), "gcm") ? 12 : 16;
  const secret = bytesOf(password, undefined, "password");
  let made = new Uint8Array(0);
  let last = made;
  while (typedArrayLength(made) < keyBytes + ivBytes) {
    last = new Uint8Array(host.hash("md5", joinBytes([last, secret])));
    made = joinBytes([made, last]);
  }
  const iv = part(made, keyBytes, keyBytes + ivBytes);
  return new Cipher(name, part(made, 0, keyBytes), iv, decrypts);
}

function keyBits(name) {
  return Number(stringSlice(name, 4, 7));
}
