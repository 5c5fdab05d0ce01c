// AES in the modes GCM, CBC and CTR.
//
// The host works on whole messages: `update` keeps what it gets and `final` gives everything, so
// that `update() + final()` reads as in Node.js. CTR needs no end and answers piece by piece.

import { host } from "hookstead:internals";
import { Pieces, bytesOf, inEncoding } from "./bytes.js";

export const CIPHERS = ["cbc", "ctr", "gcm"].flatMap((mode) =>
  [128, 192, 256].map((bits) => `aes-${bits}-${mode}`));
const TAG_BYTES = 16;

function cipherName(name) {
  const known = String(name).toLowerCase().replace(/^aes(\d)/, "aes-$1");
  if (!CIPHERS.includes(known)) {
    throw new Error(`Unknown cipher: ${name} (use one of ${CIPHERS.join(", ")})`);
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
    this.#key = Buffer.from(bytesOf(key, undefined, "key"));
    this.#iv = Buffer.from(bytesOf(iv, undefined, "iv"));
    this.#decrypts = decrypts;
    if (this.#key.length * 8 !== Number(this.#name.slice(4, 7))) {
      throw new RangeError("Invalid key length");
    }
    if (this.#iv.length !== (this.#isGcm() ? 12 : 16)) {
      throw new RangeError("Invalid IV length");
    }
  }

  update(data, inputEncoding, outputEncoding) {
    this.#pieces.add(bytesOf(data, inputEncoding));
    const ready = this.#name.endsWith("ctr") ? this.#rest() : new Uint8Array(0);
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
    const bytes = Buffer.from(bytesOf(tag));
    if (bytes.length !== TAG_BYTES) {
      throw new TypeError(`Invalid authentication tag length: ${bytes.length}`);
    }
    this.#tag = bytes;
    return this;
  }

  getAuthTag() {
    if (!this.#isGcm() || this.#decrypts || this.#tag === undefined) {
      throw new Error("Invalid state for operation getAuthTag");
    }
    return this.#tag;
  }

  #isGcm() {
    return this.#name.endsWith("gcm");
  }

  // What the input so far makes, without what was given out before.
  #rest() {
    const all = this.#decrypts ? this.#opened() : this.#sealed();
    const rest = all.subarray(this.#given);
    this.#given = all.length;
    return rest;
  }

  #sealed() {
    const all = this.#convert(host.cipher_encrypt, this.#pieces.joined());
    if (!this.#isGcm()) {
      return all;
    }
    this.#tag = all.subarray(-TAG_BYTES);
    return all.subarray(0, -TAG_BYTES);
  }

  #opened() {
    const data = this.#pieces.joined();
    if (!this.#isGcm()) {
      return this.#convert(host.cipher_decrypt, data);
    }
    if (this.#tag === undefined) {
      throw new Error("Unsupported state or unable to authenticate data");
    }
    return this.#convert(host.cipher_decrypt, Buffer.concat([data, this.#tag]));
  }

  #convert(way, data) {
    const aad = this.#aad.joined();
    return Buffer.from(way(this.#name, this.#key, this.#iv, data, aad, this.#pads));
  }
}

export const createCipheriv = (name, key, iv) => new Cipher(name, key, iv, false);
export const createDecipheriv = (name, key, iv) => new Cipher(name, key, iv, true);

// The old way: key and IV from a password, as OpenSSL's EVP_BytesToKey makes them.
export const createCipher = (name, password) => fromPassword(name, password, false);
export const createDecipher = (name, password) => fromPassword(name, password, true);

function fromPassword(name, password, decrypts) {
  const keyBytes = Number(cipherName(name).slice(4, 7)) / 8;
  const ivBytes = cipherName(name).endsWith("gcm") ? 12 : 16;
  const secret = bytesOf(password, undefined, "password");
  let made = Buffer.alloc(0);
  let last = made;
  while (made.length < keyBytes + ivBytes) {
    last = Buffer.from(host.hash("md5", Buffer.concat([last, secret])));
    made = Buffer.concat([made, last]);
  }
  return new Cipher(name, made.subarray(0, keyBytes),
    made.subarray(keyBytes, keyBytes + ivBytes), decrypts);
}
