// The hosted engine kept an object given as an error's message as it was, and functions read
// `err.message.errorCode` from it. The standard turns it into "[object Object]".

// The classes that inherit from Error.
const KIN = [
  "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError",
  "URIError",
];

export function keepObjectMessages(globals) {
  const NativeError = globals.Error;

  function Error(message, options = undefined) {
    const isObject = typeof message === "object" && message !== null;
    const target = new.target ?? Error;
    const error = Reflect.construct(NativeError, [isObject ? "" : message, options], target);
    if (message === undefined || isObject) {
      delete error.message;
    }
    if (isObject) {
      const value = message;
      Object.defineProperty(error, "message", { value, writable: true, configurable: true });
    }
    // Without the frames of this wrapper, which are taken out of stacks as they are read.
    if (NativeError.prepareStackTrace !== undefined) {
      NativeError.captureStackTrace(error, Error);
    }
    return error;
  }

  Object.setPrototypeOf(Error, NativeError);
  for (const name of KIN) {
    Object.setPrototypeOf(globals[name], Error);
  }
  // The bundler renames what shadows a global.
  Object.defineProperty(Error, "name", { value: "Error", configurable: true });
  Object.defineProperty(Error, "prototype", { value: NativeError.prototype, writable: false });
  Object.defineProperty(NativeError.prototype, "constructor", {
    value: Error,
    writable: true,
    configurable: true,
  });
  Object.defineProperty(globals, "Error", { value: Error, writable: true, configurable: true });
}
