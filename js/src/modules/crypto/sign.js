// Signatures with RSA keys in PEM format.

import {
  Error, arrayBufferIsView, host, isMatch, stringIncludes, utf8Decode,
} from "hookstead:internals";
import { Pieces, bytesOf, inEncoding } from "./bytes.js";
import { hashName } from "./hash.js";
import { KeyObject } from "./key-object.js";

export const PADDINGS = { RSA_PKCS1_PADDING: 1, RSA_PKCS1_PSS_PADDING: 6 };
const METHODS = {
  [PADDINGS.RSA_PKCS1_PADDING]: { sha256: "RS256", sha384: "RS384", sha512: "RS512" },
  [PADDINGS.RSA_PKCS1_PSS_PADDING]: { sha256: "PS256", sha384: "PS384", sha512: "PS512" },
};

class Signer {
  #hash;
  #pieces = new Pieces();

  constructor(algorithm) {
    this.#hash = hashName(algorithm);
  }

  update(data, encoding) {
    this.#pieces.add(bytesOf(data, encoding));
    return this;
  }

  sign(key, encoding) {
    const { pem, method } = this.#keyOf(key, "sign");
    return inEncoding(host.jwt_sign(method, pem, this.#pieces.joined()), encoding);
  }

  verify(key, signature, encoding) {
    const { pem, method } = this.#keyOf(key, "verify");
    const signed = bytesOf(signature, encoding, "signature");
    return host.jwt_verify(method, pem, this.#pieces.joined(), signed);
  }

  #keyOf(given, what) {
    const isPlain = typeof given === "string" || arrayBufferIsView(given)
      || KeyObject.bytesOf(given) !== undefined;
    const { key, padding = PADDINGS.RSA_PKCS1_PADDING, passphrase } = isPlain
      ? { key: given }
      : given ?? {};
    const pem = utf8Decode(bytesOf(key, undefined, "key"));
    if (passphrase !== undefined || stringIncludes(pem, "ENCRYPTED")) {
      throw new Error(`crypto.${what}: encrypted keys are not supported by Hookstead`);
    }
    if (isMatch(/-----BEGIN (EC|DSA|OPENSSH|CERTIFICATE)/, pem)) {
      throw new Error(`crypto.${what}: only RSA keys are supported by Hookstead`);
    }
    const method = METHODS[padding]?.[this.#hash];
    if (method === undefined) {
      throw new Error(`crypto.${what}: ${this.#hash} with padding ${padding} is not supported`);
    }
    return { pem, method };
  }
}

export const createSign = (algorithm) => new Signer(algorithm);
export const createVerify = (algorithm) => new Signer(algorithm);
