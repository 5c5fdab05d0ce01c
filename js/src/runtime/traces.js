// Errors in the terms of the author's source: the engine's own messages say what was called or
// read, and stacks have the author's lines and columns. Both are worked out when they are read.

import { isMatch, join, replaceMatches } from "../lists.js";
import {
  RegExp, TypeError, errorPrototype, objectDefineProperty, propertyOf, reflectApply, stringIncludes,
  stringSlice,
} from "../primordials.js";
import { host } from "../host.js";

// What the engine says where it knows more than it says.
const BRIEF = new RegExp(join([
  "^not a (function|constructor)$",
  "^value is not iterable$",
  "^cannot (read|set) property '",
  "^Cannot convert undefined or null to object$",
  "^class constructors must be invoked with 'new'$",
  "^must be called with new$",
], "|"));
// Messages beyond this are not the engine's.
const MESSAGE_LENGTH_MAX = 300;

// Frames of the runtime itself, which has no file, and the one of the native that makes errors.
const RUNTIME_FRAMES = new RegExp(
  "(?:^\\s*at construct \\(native\\)\\n)?^\\s*at [^\\n]*\\(<null>(?::-?\\d+)*\\)\\n?",
  "gm",
);

// What `crates/functions/src/source/edits.rs` puts into sources.
const EDITS = new RegExp(join([
  "\\$caught\\$e\\)\\{\\$caught\\$\\(\\$caught\\$e\\);let ",
  "=\\$caught\\$e;/\\*\\$caught\\$",
  "\\$caught\\$\\*/",
  "\\$caught\\$\\([^()]*\\);",
  "true/\\*\\$call\\$\\*/\\?",
  ":new 0/\\*\\$call\\$\\*/",
  "/\\*\\$call\\$\\*/",
], "|"), "g");

const nativeStack = /** @type {any} */ (propertyOf(errorPrototype, "stack"));

/** Puts what was called, read or iterated into the message of an error that the engine made. */
export function caught(error) {
  try {
    if (!(error instanceof TypeError)) {
      return;
    }
    const property = propertyOf(error, "message");
    const message = property?.value;
    const isText = typeof message === "string" && message.length <= MESSAGE_LENGTH_MAX;
    // The engine's message is never enumerable.
    if (!isText || property?.enumerable || !isMatch(BRIEF, message)) {
      return;
    }
    const stack = reflectApply(nativeStack.get, error, []);
    const told = typeof stack === "string" ? host.error_told(message, stack, false) : undefined;
    if (told !== undefined) {
      objectDefineProperty(error, "message", { __proto__: null, ...property, value: told });
    }
  } catch {
    // It stays as it is.
  }
}

function told(error, stack) {
  if (typeof stack !== "string") {
    return stack;
  }
  const own = replaceMatches(stack, RUNTIME_FRAMES, () => "");
  try {
    const message = propertyOf(error, "message")?.value;
    const text = typeof message === "string" ? stringSlice(message, 0, MESSAGE_LENGTH_MAX) : "";
    return host.error_told(text, own, true);
  } catch {
    return own;
  }
}

function showStack(target) {
  const property = propertyOf(target, "stack");
  const raw = property?.value;
  if (typeof raw !== "string" || !property?.configurable) {
    return;
  }
  objectDefineProperty(target, "stack", {
    __proto__: null,
    get: () => told(target, raw),
    set: (value) => {
      objectDefineProperty(target, "stack", {
        __proto__: null, value, writable: true, configurable: true,
      });
    },
    configurable: true,
    enumerable: false,
  });
}

// A handler of a rejection, called with an error that says what was called or read.
function explained(onRejected) {
  if (typeof onRejected !== "function") {
    return onRejected;
  }
  return (error) => {
    caught(error);
    return onRejected(error);
  };
}

// A handler that is passed by name cannot be changed where it is written, as `catch` blocks are.
function explainRejections(NativePromise) {
  const { then } = NativePromise.prototype;
  const { allSettled } = NativePromise;
  const methods = {
    // The native `catch` calls it as well.
    then(onFulfilled, onRejected) {
      return reflectApply(then, this, [onFulfilled, explained(onRejected)]);
    },
    allSettled(promises) {
      return reflectApply(then, reflectApply(allSettled, this, [promises]), [(outcomes) => {
        for (let at = 0; at < outcomes.length; at += 1) {
          caught(outcomes[at].reason);
        }
        return outcomes;
      }]);
    },
  };
  const define = (target, name) => {
    const property = { value: methods[name], writable: true, configurable: true };
    objectDefineProperty(target, name, property);
  };
  define(NativePromise.prototype, "then");
  define(NativePromise, "allSettled");
}

export function installTraces(globals) {
  if (nativeStack === undefined) {
    // Another engine, in tests of the bundle.
    return;
  }
  const { Error: NativeError, Function: NativeFunction } = globals;
  objectDefineProperty(NativeError.prototype, "stack", {
    get() {
      return told(this, reflectApply(nativeStack.get, this, []));
    },
    set: nativeStack.set,
    configurable: true,
    enumerable: false,
  });
  const { captureStackTrace } = NativeError;
  objectDefineProperty(NativeError, "captureStackTrace", {
    value: (target, above) => {
      reflectApply(captureStackTrace, NativeError, [target, above]);
      showStack(target);
    },
    writable: true,
    configurable: true,
  });
  explainRejections(globals.Promise);
  const { toString } = NativeFunction.prototype;
  objectDefineProperty(NativeFunction.prototype, "toString", {
    value: {
      toString() {
        const text = reflectApply(toString, this, []);
        return stringIncludes(text, "$ca") ? replaceMatches(text, EDITS, () => "") : text;
      },
    }.toString,
    writable: true,
    configurable: true,
  });
}
