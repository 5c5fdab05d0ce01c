// The console: formatted here, kept by the host.

import { reflectApply } from "../primordials.js";
import { host } from "../host.js";
import { format } from "../inspect.js";
import { caught } from "./traces.js";

// Whether the host keeps no more lines of this run: then nothing is formatted for it either.
let isFull = false;

function write(level, values) {
  if (!isFull) {
    for (let index = 0; index < values.length; index += 1) {
      caught(values[index]);
    }
    isFull = !host.log(level, reflectApply(format, undefined, values));
  }
}

const writer = (level) => (...values) => write(level, values);

export const console = {
  log: writer("log"),
  info: writer("info"),
  debug: writer("debug"),
  warn: writer("warn"),
  error: writer("error"),
  dir: (value) => write("log", [value]),
  trace: writer("error"),
};
