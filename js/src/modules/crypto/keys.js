// Makes keys of texts and bytes. Of keys in pairs, only PEM is understood.

import { Error, bufferFrom, bufferToString, isMatch, replaceMatches, stringIncludes, utf8Decode }
  from "hookstead:internals";
import { bytesOf, copyOf } from "./bytes.js";
import { KeyObject } from "./key-object.js";

// The object identifiers of the kinds of keys, in hexadecimal digits.
const RSA = "2a864886f70d010101";
const EC = "2a8648ce3d0201";

export const createSecretKey = (key, encoding) =>
  new KeyObject("secret", copyOf(key, encoding, "key"));

export const createPrivateKey = (given) => keyOf(given, "private", /-----BEGIN ([A-Z]+ )?PRIVATE/);

export const createPublicKey = (given) => keyOf(given, "public", /-----BEGIN ([A-Z]+ )?PUBLIC/);

function keyOf(given, type, begin) {
  const isOptions = typeof given === "object" && given !== null && given.key !== undefined;
  const bytes = copyOf(isOptions ? given.key : given, undefined, "key");
  const pem = utf8Decode(bytes);
  if (!isMatch(begin, pem)) {
    const error = new Error(`crypto: only ${type} keys in PEM format are supported by Hookstead`);
    error.code = "ERR_OSSL_UNSUPPORTED";
    throw error;
  }
  return new KeyObject(type, bytes, kindOf(pem));
}

function kindOf(pem) {
  if (isMatch(/-----BEGIN (RSA|EC) /, pem)) {
    return isMatch(/-----BEGIN RSA /, pem) ? "rsa" : "ec";
  }
  const body = replaceMatches(pem, /-----[^-]*-----|\s/g, () => "");
  const hex = bufferToString(bytesOf(bufferFrom(body, "base64")), "hex");
  if (stringIncludes(hex, RSA)) {
    return "rsa";
  }
  return stringIncludes(hex, EC) ? "ec" : undefined;
}
