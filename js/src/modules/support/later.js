// The callback form of a function: its answer comes in a later turn, as in Node.js, and what it
// throws comes as the callback's first argument.

import { setImmediate } from "hookstead:internals";

export function later(compute, callback) {
  setImmediate(() => {
    let result;
    try {
      result = compute();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, result);
  });
}
