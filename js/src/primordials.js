// The built-ins that our own code uses, taken before any code of an app runs.
//
// A function may assign to `JSON.stringify` or to `Array.prototype.map`; code that looks these up
// when it runs would then do what the function says. So our code uses what this file exports, and
// nothing that it would have to look up on the global object or on a prototype of the language
// (`eslint.config.js` holds it to that). No `for…of`, no spread of lists, no patterns of lists: all
// of them ask `Symbol.iterator` of the list.
//
// A method is called as a function whose first argument is the receiver: `stringSlice(text, 1)`.
// Each of these costs two calls within the engine, so lists are walked by index.

// A method as a function of its receiver. What is bound needs no property of the method.
const uncurry = Function.prototype.bind.bind(Function.prototype.call);

const getterOf = (prototype, name) =>
  uncurry(/** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(prototype, name)).get);

export const {
  Array, ArrayBuffer, BigInt, Boolean, DataView, Date, Error, Map, Math, Number, Object, Promise,
  Proxy, RangeError, RegExp, Set, String, Symbol, SyntaxError, TypeError, Uint8Array, WeakMap,
  WeakSet,
  decodeURIComponent, encodeURIComponent, parseFloat, parseInt, queueMicrotask,
} = globalThis;

/** @type {any} */
export const arrayPrototype = Array.prototype;
export const arrayIsArray = Array.isArray;
export const arraySort = uncurry(Array.prototype.sort);
export const arrayBufferIsView = ArrayBuffer.isView;
export const bigIntAsIntN = BigInt.asIntN;
export const bigIntAsUintN = BigInt.asUintN;
export const bigIntToString = uncurry(BigInt.prototype.toString);
export const datePrototype = Date.prototype;
export const dateGetTime = uncurry(Date.prototype.getTime);
export const dateNow = Date.now;
export const dateParse = Date.parse;
export const dateToISOString = uncurry(Date.prototype.toISOString);
export const errorPrototype = Error.prototype;
export const errorToString = uncurry(Error.prototype.toString);
export const functionToString = uncurry(Function.prototype.toString);
export const jsonParse = JSON.parse;
export const jsonStringify = JSON.stringify;
export const mapForEach = uncurry(Map.prototype.forEach);
export const mapSize = getterOf(Map.prototype, "size");
export const { abs: mathAbs, floor: mathFloor, max: mathMax, min: mathMin, trunc: mathTrunc } =
  Math;
export const numberIsFinite = Number.isFinite;
export const numberIsInteger = Number.isInteger;
export const numberIsNaN = Number.isNaN;
export const numberIsSafeInteger = Number.isSafeInteger;
export const numberToString = uncurry(Number.prototype.toString);
export const objectCreate = Object.create;
/**
 * @type {<T>(
 *   target: T, name: PropertyKey, property: PropertyDescriptor & { __proto__?: null },
 * ) => T}
 */
export const objectDefineProperty = Object.defineProperty;
export const objectEntries = Object.entries;
export const objectFreeze = Object.freeze;
export const objectGetPrototypeOf = Object.getPrototypeOf;
export const objectHasOwn = Object.hasOwn;
export const objectIs = Object.is;
export const objectKeys = Object.keys;
/** @type {any} */
export const objectPrototype = Object.prototype;
export const objectSetPrototypeOf = Object.setPrototypeOf;
export const objectToString = uncurry(Object.prototype.toString);
export const objectValues = Object.values;
export const promiseResolve = Promise.resolve.bind(Promise);
export const promiseThen = uncurry(Promise.prototype.then);
export const propertyOf = Object.getOwnPropertyDescriptor;
export const {
  apply: reflectApply, construct: reflectConstruct, ownKeys: reflectOwnKeys,
} = Reflect;
export const regExpExec = uncurry(RegExp.prototype.exec);
export const regExpFlags = getterOf(RegExp.prototype, "flags");
export const regExpSource = getterOf(RegExp.prototype, "source");
export const setForEach = uncurry(Set.prototype.forEach);
export const setSize = getterOf(Set.prototype, "size");
export const stringCharCodeAt = uncurry(String.prototype.charCodeAt);
export const stringEndsWith = uncurry(String.prototype.endsWith);
export const stringFromCharCode = String.fromCharCode;
export const stringIncludes = uncurry(String.prototype.includes);
export const stringIndexOf = uncurry(String.prototype.indexOf);
export const stringIsWellFormed = uncurry(String.prototype.isWellFormed);
export const stringPadStart = uncurry(String.prototype.padStart);
export const stringRepeat = uncurry(String.prototype.repeat);
export const stringLastIndexOf = uncurry(String.prototype.lastIndexOf);
export const stringSlice = uncurry(String.prototype.slice);
export const stringStartsWith = uncurry(String.prototype.startsWith);
export const stringToLowerCase = uncurry(String.prototype.toLowerCase);
export const stringToUpperCase = uncurry(String.prototype.toUpperCase);
export const stringToWellFormed = uncurry(String.prototype.toWellFormed);
export const stringTrim = uncurry(String.prototype.trim);
export const stringTrimEnd = uncurry(String.prototype.trimEnd);
export const symbolAsyncIterator = Symbol.asyncIterator;
/** @type {unique symbol} */
export const symbolInspect = /** @type {any} */ (Symbol.for("nodejs.util.inspect.custom"));
export const symbolIterator = Symbol.iterator;
export const symbolToStringTag = Symbol.toStringTag;

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
export const typedArrayBuffer = getterOf(typedArrayPrototype, "buffer");
export const typedArrayByteOffset = getterOf(typedArrayPrototype, "byteOffset");
export const typedArrayByteLength = getterOf(typedArrayPrototype, "byteLength");
export const typedArrayLength = getterOf(typedArrayPrototype, "length");
export const typedArraySubarray = uncurry(typedArrayPrototype.subarray);
export const typedArraySet = uncurry(typedArrayPrototype.set);
export const arrayBufferByteLength = getterOf(ArrayBuffer.prototype, "byteLength");
export const dataViewBuffer = getterOf(DataView.prototype, "buffer");
export const dataViewByteOffset = getterOf(DataView.prototype, "byteOffset");
export const dataViewByteLength = getterOf(DataView.prototype, "byteLength");
export const booleanValueOf = uncurry(Boolean.prototype.valueOf);
export const numberValueOf = uncurry(Number.prototype.valueOf);
export const stringValueOf = uncurry(String.prototype.valueOf);

// A class like `Class`, whose methods nobody but our own code can reach: they are copied to a
// prototype that inherits from nothing. What it makes must not be handed to functions.
function privateCopy(Class) {
  class Copy extends Class {}
  for (const name of Reflect.ownKeys(Class.prototype)) {
    if (name !== "constructor") {
      const property = Object.getOwnPropertyDescriptor(Class.prototype, name);
      Object.defineProperty(Copy.prototype, name, /** @type {PropertyDescriptor} */ (property));
    }
  }
  Object.setPrototypeOf(Copy.prototype, null);
  return Copy;
}

export const PrivateMap = privateCopy(Map);
export const PrivateSet = privateCopy(Set);

// `instanceof` asks the class first whether it decides that itself. Classes of the language that
// our code asks about have that fixed to what they inherit.
export function fixInstanceOf() {
  const value = Function.prototype[Symbol.hasInstance];
  const classes = [
    ArrayBuffer, Boolean, DataView, Date, Error, Map, Number, Promise, RegExp, Set, String,
    TypeError, Uint8Array, WeakMap, WeakSet,
  ];
  for (const Class of classes) {
    Object.defineProperty(Class, Symbol.hasInstance, { value });
  }
}
