// The error that built-in services and utilities throw.
//
// App Services used this class name for failures of its own modules, and functions compare it
// (docs/behaviour/errors.md#thrown-values).

import { Error, objectDefineProperty } from "./primordials.js";

export class FunctionError extends Error {
  constructor(message, code) {
    super(message);
    if (code !== undefined) {
      this.code = code;
    }
  }
}

objectDefineProperty(FunctionError.prototype, "name", {
  value: "FunctionError",
  writable: true,
  configurable: true,
});
