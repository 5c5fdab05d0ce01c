// utils.jwt: JSON Web Tokens that are signed, and are read only when the signature is right.
//
// The dangerous part of a token is its `alg`, since its sender chooses it. A public key is known to
// everybody: were it taken as the secret of an HMAC because a token says HS256, anybody could sign.
// So a key that is PEM text only ever verifies asymmetric signatures, unless the caller has asked
// for HMAC and nothing else; and "none" is not an algorithm here.

import { host } from "../host.js";
import { FunctionError } from "../errors.js";
import { base64UrlEncode, utf8Encode } from "../bytes.js";
import { oneOf, textOf } from "./input.js";

const hmacMethods = ["HS256", "HS384", "HS512"];
const keyPairMethods = [
  "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
];

export const jwt = {
  // The payload keeps its order and gains no claim of ours.
  encode(signingMethod, payload, secret, customHeaderFields) {
    oneOf(signingMethod, [...hmacMethods, ...keyPairMethods], "signing method");
    if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
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
    const parts = typeof jwtString === "string" ? jwtString.split(".") : [];
    if (parts.length !== 3) {
      throw new FunctionError("token contains an invalid number of segments");
    }
    const header = decodePart(parts[0], "header");
    const verifyKey = keyText(key, "key");
    if (!acceptedMethods(verifyKey, acceptedSigningMethods).includes(header.alg)) {
      const shown = typeof header.alg === "string" ? header.alg.slice(0, 16) : typeof header.alg;
      throw new FunctionError(`signing method ${shown} is invalid`);
    }
    const signature = decodeBytes(parts[2], "signature");
    const input = `${parts[0]}.${parts[1]}`;
    if (attempt(() => host.jwt_verify(header.alg, verifyKey, input, signature)) !== true) {
      throw new FunctionError("signature is invalid");
    }
    const payload = decodePart(parts[1], "payload");
    checkTimes(payload, Date.now() / 1000);
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
  const family = key.includes("-----BEGIN") ? keyPairMethods : hmacMethods;
  if (accepted === undefined || accepted === null) {
    return family;
  }
  const list = Array.isArray(accepted) ? accepted : [accepted];
  const isHmacOnly = list.every((method) => hmacMethods.includes(method));
  const allowed = isHmacOnly ? hmacMethods : family;
  return allowed.filter((method) => list.includes(method));
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
  if (!Object.hasOwn(payload, name) || payload[name] === null) {
    return undefined;
  }
  if (typeof payload[name] !== "number") {
    throw new FunctionError(`token has an invalid claim "${name}": it must be a number`);
  }
  return payload[name];
}

function encodePart(value) {
  return base64UrlEncode(utf8Encode(JSON.stringify(value)));
}

function decodePart(text, part) {
  const bytes = decodeBytes(text, part);
  let value;
  try {
    value = JSON.parse(host.utf8_decode(bytes, true));
  } catch {
    throw new FunctionError(`token is malformed: the ${part} is not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FunctionError(`token is malformed: the ${part} is not an object`);
  }
  return value;
}

function decodeBytes(text, part) {
  try {
    if (/^[A-Za-z0-9_-]*$/.test(text)) {
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
