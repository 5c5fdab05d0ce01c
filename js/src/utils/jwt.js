// utils.jwt: JSON Web Tokens that are signed, and are read only when the signature is right.
//
// The dangerous part of a token is its `alg`, since its sender chooses it. A public key is known to
// everybody: were it taken as the secret of an HMAC because a token says HS256, anybody could sign.
// So a key that is PEM text only ever verifies asymmetric signatures, unless the caller has asked
// for HMAC and nothing else; and "none" is not an algorithm here.

import { append, every, filter, holds, isMatch, split } from "../lists.js";
import {
  String, Uint8Array, arrayIsArray, dateNow, jsonParse, jsonStringify, objectHasOwn, stringIncludes,
  stringSlice,
} from "../primordials.js";
import { base64UrlEncode, utf8Encode } from "../encodings.js";
import { host } from "../host.js";
import { FunctionError } from "../errors.js";
import { oneOf, textOf } from "./input.js";

const hmacMethods = ["HS256", "HS384", "HS512"];
const keyPairMethods = [
  "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
];
const methods = append(append([], hmacMethods), keyPairMethods);

export const jwt = {
  // The payload keeps its order and gains no claim of ours.
  encode(signingMethod, payload, secret, customHeaderFields) {
    oneOf(signingMethod, methods, "signing method");
    if (typeof payload !== "object" || payload === null || arrayIsArray(payload)) {
      throw new FunctionError("the payload of a token must be an object");
    }
    const key = keyText(secret, "secret");
    const header = { alg: signingMethod, typ: "JWT", ...customHeaderFields };
    header.alg = signingMethod;
    const input = `${encodePart(header)}.${encodePart(payload)}`;
    const signature = attempt(() => host.jwt_sign(signingMethod, key, input));
    return `${input}.${base64UrlEncode(new Uint8Array(signature))}`;
  },

  decode(jwtString, key, returnHeader = false, acceptedSigningMethods = undefined) {
    const parts = typeof jwtString === "string" ? split(jwtString, ".") : [];
    if (parts.length !== 3) {
      throw new FunctionError("token contains an invalid number of segments");
    }
    const header = decodePart(parts[0], "header");
    const verifyKey = keyText(key, "key");
    if (!holds(acceptedMethods(verifyKey, acceptedSigningMethods), header.alg)) {
      const { alg } = header;
      const shown = typeof alg === "string" ? stringSlice(alg, 0, 16) : typeof alg;
      throw new FunctionError(`signing method ${shown} is invalid`);
    }
    const signature = decodeBytes(parts[2], "signature");
    const input = `${parts[0]}.${parts[1]}`;
    if (attempt(() => host.jwt_verify(header.alg, verifyKey, input, signature)) !== true) {
      throw new FunctionError("signature is invalid");
    }
    const payload = decodePart(parts[1], "payload");
    checkTimes(payload, dateNow() / 1000);
    return returnHeader ? { header, payload } : payload;
  },
};

// An empty secret is a missing one: everybody can sign with it.
function keyText(key, argument) {
  const text = textOf(key, argument);
  if (text === "") {
    throw new FunctionError(`"${argument}" must not be empty`);
  }
  return text;
}

// The methods that a token may name for this key.
function acceptedMethods(key, accepted) {
  const family = stringIncludes(key, "-----BEGIN") ? keyPairMethods : hmacMethods;
  if (accepted === undefined || accepted === null) {
    return family;
  }
  const list = arrayIsArray(accepted) ? accepted : [accepted];
  const isHmacOnly = every(list, (method) => holds(hmacMethods, method));
  const allowed = isHmacOnly ? hmacMethods : family;
  return filter(allowed, (method) => holds(list, method));
}

function checkTimes(payload, now) {
  const expires = timeClaim(payload, "exp");
  if (expires !== undefined && now >= expires) {
    throw new FunctionError("token is expired");
  }
  const notBefore = timeClaim(payload, "nbf");
  if (notBefore !== undefined && now < notBefore) {
    throw new FunctionError("token is not valid yet");
  }
}

// A time that cannot be read is not a time that has been checked.
function timeClaim(payload, name) {
  if (!objectHasOwn(payload, name) || payload[name] === null) {
    return undefined;
  }
  if (typeof payload[name] !== "number") {
    throw new FunctionError(`token has an invalid claim "${name}": it must be a number`);
  }
  return payload[name];
}

function encodePart(value) {
  return base64UrlEncode(utf8Encode(jsonStringify(value)));
}

function decodePart(text, part) {
  const bytes = decodeBytes(text, part);
  let value;
  try {
    value = jsonParse(host.utf8_decode(bytes, true));
  } catch {
    throw new FunctionError(`token is malformed: the ${part} is not JSON`);
  }
  if (typeof value !== "object" || value === null || arrayIsArray(value)) {
    throw new FunctionError(`token is malformed: the ${part} is not an object`);
  }
  return value;
}

function decodeBytes(text, part) {
  try {
    if (isMatch(/^[A-Za-z0-9_-]*$/, text)) {
      return new Uint8Array(host.base64_decode(text));
    }
  } catch {
    // Reported below, together with text of a foreign alphabet.
  }
  throw new FunctionError(`token is malformed: the ${part} is not base64url`);
}

function attempt(call) {
  try {
    return call();
  } catch (error) {
    throw new FunctionError(String(error?.message ?? error));
  }
}
