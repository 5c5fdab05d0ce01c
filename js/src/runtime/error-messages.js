// The hosted engine kept an object given as an error's message as it was, and functions read
// `err.message.errorCode` from it (docs/behaviour/errors.md#thrown-values). The standard turns it
// into "[object Object]".

import { objectDefineProperty, objectSetPrototypeOf, reflectConstruct } from "../primordials.js";

// The classes that inherit from Error.
const KIN = [
  "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError",
  "URIError",
];

export function keepObjectMessages(globals) {
  const NativeError = globals.Error;
  const { captureStackTrace } = NativeError;

  function Error(message, options = undefined) {
    const isObject = typeof message === "object" && message !== null;
    const target = new.target ?? Error;
    const error = reflectConstruct(NativeError, [isObject ? "" : message, options], target);
    if (message === undefined || isObject) {
      delete error.message;
    }
    if (isObject) {
      const value = message;
      objectDefineProperty(error, "message", {
        __proto__: null, value, writable: true, configurable: true,
      });
    }
    // Without the frames of this wrapper, which are taken out of stacks as they are read.
    if (NativeError.prepareStackTrace !== undefined) {
      captureStackTrace(error, Error);
    }
    return error;
  }

  objectSetPrototypeOf(Error, NativeError);
  for (let index = 0; index < KIN.length; index++) {
    objectSetPrototypeOf(globals[KIN[index]], Error);
  }
  // The bundler renames what shadows a global.
  objectDefineProperty(Error, "name", { value: "Error", configurable: true });
  objectDefineProperty(Error, "prototype", { value: NativeError.prototype, writable: false });
  objectDefineProperty(NativeError.prototype, "constructor", {
    value: Error,
    writable: true,
    configurable: true,
  });
  objectDefineProperty(globals, "Error", { value: Error, writable: true, configurable: true });
}
