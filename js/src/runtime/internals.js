// What the modules that functions require get of the runtime, under the name `hookstead:internals`.
// Functions cannot ask for it.

export { bufferFrom, bufferOf, bufferToString, loadBuffer } from "../buffer.js";
export { bytesFrom, joinBytes, part, viewBytes } from "../bytes.js";
export { utf8Decode } from "../encodings.js";
export { host } from "../host.js";
export { append, holds, isMatch, join, replaceMatches, replaceText, split } from "../lists.js";
export {
  Boolean, Error, Number, RangeError, String, TypeError, Uint8Array, arrayBufferIsView,
  arrayIsArray, decodeURIComponent, encodeURIComponent, mathMin, numberIsFinite, numberIsInteger,
  numberIsSafeInteger, objectCreate, objectKeys, parseInt, stringEndsWith, stringIncludes,
  stringIndexOf, stringSlice, stringToLowerCase, stringToWellFormed, symbolInspect,
  typedArrayLength, typedArraySet,
} from "../primordials.js";
export { setImmediate } from "./timers.js";
