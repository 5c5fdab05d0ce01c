// What a thrown value says to the caller (reference: endpoints.md §1.6.1): the message alone for a
// plain Error, class and message for its kin, the text of anything else.

export function describe(thrown) {
  try {
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
  return JSON.stringify(value) ?? String(value);
}

// Frames of the runtime itself, which has no file, tell nobody anything.
const RUNTIME_FRAME = /^\s*at .*\(<null>(:\d+)*\)\n?/gm;

function stackOf(thrown) {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") {
    return undefined;
  }
  return thrown.stack.replace(RUNTIME_FRAME, "") || undefined;
}
