// What the runtime puts into the global scope beside the types: the console, timers, `fetch`,
// `process`, and the language's own where functions must not have it as it is.

import { Math, objectDefineProperty, objectKeys } from "../primordials.js";
import { host } from "../host.js";
import { hideCallees } from "./call-sites.js";
import { console } from "./console.js";
import { Headers } from "./headers.js";
import { Response } from "./fetch-response.js";
import { fetch } from "./fetch.js";
import { keepObjectMessages } from "./error-messages.js";
import { define } from "../properties.js";
import { performance } from "./performance.js";
import { makeProcess } from "./process.js";
import { HTTPResponse } from "./response.js";
import * as timers from "./timers.js";
import { installTraces } from "./traces.js";
import { installWebAssembly } from "./web-assembly.js";

export function installRuntime(globals) {
  hideCallees(globals);
  installTraces(globals);
  keepObjectMessages(globals);
  const additions = {
    console,
    clearImmediate: timers.clearTimer,
    clearInterval: timers.clearTimer,
    clearTimeout: timers.clearTimer,
    fetch,
    Headers,
    HTTPResponse,
    process: makeProcess(),
    Response,
    setImmediate: timers.setImmediate,
    setInterval: timers.setInterval,
    setTimeout: timers.setTimeout,
  };
  const names = objectKeys(additions);
  for (let index = 0; index < names.length; index++) {
    define(globals, names[index], additions[names[index]]);
  }
  installWebAssembly(globals);
  // The engine's own would tell how old the image is, and repeat its random numbers.
  objectDefineProperty(globals, "performance", {
    value: performance, writable: true, configurable: true,
  });
  objectDefineProperty(Math, "random", {
    value: () => host.random(), writable: true, configurable: true,
  });
}
