// Errors in the terms of the author's source: the engine's own messages say what was called or
// read, and stacks have the author's lines and columns. Both are worked out when they are read.

import { host } from "../host.js";

const { apply } = Reflect;
const { getOwnPropertyDescriptor, defineProperty } = Object;

// What the engine says where it knows more than it says.
const BRIEF = new RegExp([
  "^(.* )?not a (function|constructor)$",
  "^value is not iterable$",
  "^cannot (read|set) property '",
  "^Cannot convert undefined or null to object$",
].join("|"));
// Messages beyond this are not the engine's.
const MESSAGE_LENGTH_MAX = 300;

// Frames of the runtime itself, which has no file, and the one of the native that makes errors.
const RUNTIME_FRAMES = new RegExp(
  "(?:^\\s*at construct \\(native\\)\\n)?^\\s*at [^\\n]*\\(<null>(?::-?\\d+)*\\)\\n?",
  "gm",
);

// What `crates/functions/src/source/edits.rs` puts into sources.
const EDITS = new RegExp([
  "\\(?\\$caught\\$\\([^()]*\\)[,;]",
  "/\\*\\$caught\\$\\*/\\)",
  "true/\\*\\$call\\$\\*/\\?",
  ":new 0/\\*\\$call\\$\\*/",
].join("|"), "g");

const nativeStack = getOwnPropertyDescriptor(Error.prototype, "stack");
const NativeTypeError = TypeError;

/** Puts what was called, read or iterated into the message of an error that the engine made. */
export function caught(error) {
  try {
    if (!(error instanceof NativeTypeError)) {
      return;
    }
    const property = getOwnPropertyDescriptor(error, "message");
    const message = property?.value;
    const isText = typeof message === "string" && message.length <= MESSAGE_LENGTH_MAX;
    if (!isText || !BRIEF.test(message)) {
      return;
    }
    const stack = apply(nativeStack.get, error, []);
    const told = typeof stack === "string" ? host.error_told(message, stack, false) : undefined;
    if (told !== undefined) {
      defineProperty(error, "message", { ...property, value: told });
    }
  } catch {
    // It stays as it is.
  }
}

function told(error, stack) {
  if (typeof stack !== "string") {
    return stack;
  }
  const own = stack.replace(RUNTIME_FRAMES, "");
  try {
    const message = getOwnPropertyDescriptor(error, "message")?.value;
    const text = typeof message === "string" ? message.slice(0, MESSAGE_LENGTH_MAX) : "";
    return host.error_told(text, own, true);
  } catch {
    return own;
  }
}

function showStack(target) {
  const property = getOwnPropertyDescriptor(target, "stack");
  const raw = property?.value;
  if (typeof raw !== "string" || !property.configurable) {
    return;
  }
  defineProperty(target, "stack", {
    get: () => told(target, raw),
    set: (value) => {
      defineProperty(target, "stack", { value, writable: true, configurable: true });
    },
    configurable: true,
    enumerable: false,
  });
}

// A handler that is passed by name cannot be changed where it is written, as `catch` blocks are.
function explainRejections(NativePromise) {
  const { then, catch: nativeCatch } = NativePromise.prototype;
  const { allSettled } = NativePromise;
  const methods = {
    catch(onRejected) {
      const explained = typeof onRejected === "function"
        ? (error) => {
          caught(error);
          return onRejected(error);
        }
        : onRejected;
      return apply(nativeCatch, this, [explained]);
    },
    allSettled(promises) {
      return apply(then, apply(allSettled, this, [promises]), [(outcomes) => {
        for (let at = 0; at < outcomes.length; at += 1) {
          caught(outcomes[at].reason);
        }
        return outcomes;
      }]);
    },
  };
  const define = (target, name) => {
    defineProperty(target, name, { value: methods[name], writable: true, configurable: true });
  };
  define(NativePromise.prototype, "catch");
  define(NativePromise, "allSettled");
}

export function installTraces(globals) {
  if (nativeStack === undefined) {
    // Another engine, in tests of the bundle.
    return;
  }
  const { Error: NativeError, Function: NativeFunction } = globals;
  defineProperty(NativeError.prototype, "stack", {
    get() {
      return told(this, apply(nativeStack.get, this, []));
    },
    set: nativeStack.set,
    configurable: true,
    enumerable: false,
  });
  const { captureStackTrace } = NativeError;
  defineProperty(NativeError, "captureStackTrace", {
    value: (target, above) => {
      apply(captureStackTrace, NativeError, [target, above]);
      showStack(target);
    },
    writable: true,
    configurable: true,
  });
  explainRejections(globals.Promise);
  const { toString } = NativeFunction.prototype;
  defineProperty(NativeFunction.prototype, "toString", {
    value: {
      toString() {
        const text = apply(toString, this, []);
        return text.includes("$ca") ? text.replace(EDITS, "") : text;
      },
    }.toString,
    writable: true,
    configurable: true,
  });
}
