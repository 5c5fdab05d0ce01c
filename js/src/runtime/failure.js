// What a thrown value says to the caller: the message alone for a plain Error, class and message
// for its kin, the text of anything else (docs/behaviour/errors.md#thrown-values).

import { Error, String, jsonStringify } from "../primordials.js";
import { caught } from "./traces.js";

export function describe(thrown) {
  try {
    caught(thrown);
    return { message: messageOf(thrown), stack: stackOf(thrown) };
  } catch {
    // A getter of the thrown value threw in turn.
    return { message: "a value that cannot be described was thrown", stack: undefined };
  }
}

function messageOf(thrown) {
  if (thrown instanceof Error) {
    const message = text(thrown.message);
    const name = text(thrown.name);
    if (name === "Error" || name === "") {
      return message;
    }
    return message === "" ? name : `${name}: ${message}`;
  }
  return text(thrown);
}

function text(value) {
  if (typeof value !== "object" || value === null) {
    return String(value);
  }
  return jsonStringify(value) ?? String(value);
}

function stackOf(thrown) {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") {
    return undefined;
  }
  return thrown.stack || undefined;
}
