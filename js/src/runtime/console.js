// The console: formatted here, kept by the host.

import { host } from "../host.js";
import { format } from "../inspect.js";

const writer = (level) => (...values) => host.log(level, format(...values));

export const console = {
  log: writer("log"),
  info: writer("info"),
  debug: writer("debug"),
  warn: writer("warn"),
  error: writer("error"),
  dir: (value) => host.log("log", format(value)),
  trace: writer("error"),
};
