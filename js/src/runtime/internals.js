// What the modules that functions require get of the runtime, under the name `hookstead:internals`.
// Functions cannot ask for it.

import { host as natives } from "../host.js";

export { bufferFrom, bufferOf, bufferToString, loadBuffer } from "../buffer.js";
export { bytesFrom, joinBytes, part, viewBytes } from "../bytes.js";
export { utf8Decode } from "../encodings.js";
export { append, holds, isMatch, join, replaceMatches, replaceText, split } from "../lists.js";
export {
  Boolean, Error, Number, RangeError, RegExp, String, TypeError, Uint8Array, arrayBufferIsView,
  arrayIsArray, decodeURIComponent, encodeURIComponent, mathMin, numberIsFinite, numberIsInteger,
  numberIsSafeInteger, objectCreate, objectKeys, parseInt, reflectApply, stringEndsWith,
  stringIncludes, stringIndexOf, stringSlice, stringStartsWith, stringToLowerCase,
  stringToWellFormed, symbolInspect, typedArrayLength, typedArraySet,
} from "../primordials.js";
export { setImmediate } from "./timers.js";

// The natives of cryptography alone: the others decide what a function may do.
export const host = {
  cipher_decrypt: natives.cipher_decrypt,
  cipher_encrypt: natives.cipher_encrypt,
  hash: natives.hash,
  hmac: natives.hmac,
  jwt_sign: natives.jwt_sign,
  jwt_verify: natives.jwt_verify,
  pbkdf2: natives.pbkdf2,
  random_bytes: natives.random_bytes,
  random_uuid: natives.random_uuid,
};
