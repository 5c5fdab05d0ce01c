// Commands on their way to a data source. A command is one document; the host reads it, and knows
// a session and a cursor by their numbers. Whose rights it has is no part of it.

import { isMatch } from "../lists.js";
import { Number } from "../primordials.js";
import { host } from "../host.js";
import { answered, promiseFor } from "../runtime/pending.js";
import { Access } from "./access.js";

// The kind of commands that belong to no session.
const ALONE = "data";

// A promise for what comes of a command.
export function send(access, command) {
  const kind = command.session === undefined ? ALONE : undefined;
  return promiseFor(Access.start(access, command), kind);
}

// Resolves when everything has been done that was sent before, and belongs to no session.
export function settled() {
  return answered(ALONE);
}

// What comes of a command, now: JavaScript stands still meanwhile.
export function ask(access, command) {
  try {
    return host.wait(Access.start(access, command));
  } catch (error) {
    throw withNumber(error);
  }
}

// An error of the host's, with MongoDB's number for it as its code.
export function withNumber(error) {
  if (isMatch(/^\d+$/, error?.code)) {
    error.code = Number(error.code);
  }
  return error;
}
