// What the runtime puts into the global scope beside the types: timers, the console, and the few
// pieces of Node.js's `process` that functions read.

import { host } from "../host.js";
import { hideCallees } from "./call-sites.js";
import { console } from "./console.js";
import { keepObjectMessages } from "./error-messages.js";
import { defineLazily } from "../properties.js";
import { makeProcess } from "./process.js";
import { HTTPResponse } from "./response.js";
import * as timers from "./timers.js";
import { installTraces } from "./traces.js";

export function installRuntime(globals) {
  hideCallees(globals);
  installTraces(globals);
  keepObjectMessages(globals);
  const additions = {
    console,
    clearImmediate: timers.clearTimer,
    clearInterval: timers.clearTimer,
    clearTimeout: timers.clearTimer,
    HTTPResponse,
    process: makeProcess(),
    setImmediate: timers.setImmediate,
    setInterval: timers.setInterval,
    setTimeout: timers.setTimeout,
  };
  for (const [name, value] of Object.entries(additions)) {
    Object.defineProperty(globals, name, { value, writable: true, configurable: true });
  }
  for (const name of ["fetch", "Headers", "Response"]) {
    defineLazily(globals, name, () => require("./fetch.js")[name], false);
  }
  // The engine's own would tell how old the image is, and repeat its random numbers.
  const performance = {
    now: () => host.monotonic_ms(),
    get timeOrigin() {
      return Date.now() - host.monotonic_ms();
    },
  };
  Object.defineProperty(globals, "performance", {
    value: performance, writable: true, configurable: true,
  });
  Object.defineProperty(Math, "random", {
    value: () => host.random(),
    writable: true,
    configurable: true,
  });
}
