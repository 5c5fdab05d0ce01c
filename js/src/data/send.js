// Commands on their way to a data source. A command is one document; the host reads it, and knows
// a session and a cursor by their numbers.

import { host } from "../host.js";
import { promiseFor } from "../runtime/pending.js";

// A promise for what comes of a command.
export function send(command) {
  return promiseFor(host.data_start(command));
}

// What comes of a command, now: JavaScript stands still meanwhile.
export function ask(command) {
  return host.wait(host.data_start(command));
}

// The number of the session in some options; without any, the command is on its own.
export function sessionOf(options) {
  const session = options?.session;
  return typeof session?.id === "number" ? session.id : undefined;
}
