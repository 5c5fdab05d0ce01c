// Hashes, message authentication codes, and keys made from passwords.

import {
  Error, String, bufferOf, holds, host, join, replaceMatches, stringToLowerCase,
} from "hookstead:internals";
import { Pieces, bytesOf, copyOf, inEncoding } from "./bytes.js";

export const HASHES = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
const KEY_HASHES = ["sha1", "sha256", "sha384", "sha512"];

export function hashName(name) {
  const plain = replaceMatches(stringToLowerCase(String(name)), /^rsa-/g, () => "");
  const known = replaceMatches(plain, /^sha-/g, () => "sha");
  if (!holds(HASHES, known)) {
    throw new Error(`Digest method not supported: ${name} (use one of ${join(HASHES, ", ")})`);
  }
  return known;
}

class Digest {
  #compute;
  #pieces = new Pieces();
  #isDone = false;

  constructor(compute) {
    this.#compute = compute;
  }

  update(data, encoding) {
    this.#expectOpen();
    this.#pieces.add(bytesOf(data, encoding));
    return this;
  }

  digest(encoding) {
    this.#expectOpen();
    this.#isDone = true;
    return inEncoding(this.#compute(this.#pieces.joined()), encoding);
  }

  copy() {
    this.#expectOpen();
    const copy = new Digest(this.#compute);
    copy.update(this.#pieces.joined());
    return copy;
  }

  #expectOpen() {
    if (this.#isDone) {
      const error = new Error("Digest already called");
      error.code = "ERR_CRYPTO_HASH_FINALIZED";
      throw error;
    }
  }
}

export function createHash(name) {
  const hash = hashName(name);
  return new Digest((bytes) => host.hash(hash, bytes));
}

export function createHmac(name, key) {
  const hash = hashName(name);
  const secret = copyOf(key, undefined, "key");
  return new Digest((bytes) => host.hmac(hash, secret, bytes));
}

export function pbkdf2Sync(password, salt, iterations, length, digest) {
  const hash = hashName(digest);
  if (!holds(KEY_HASHES, hash)) {
    throw new Error(`pbkdf2: the digest ${digest} is not supported`);
  }
  const secret = bytesOf(password, undefined, "password");
  return bufferOf(host.pbkdf2(hash, secret, bytesOf(salt), iterations, length));
}
