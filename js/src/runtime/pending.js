// What the run waits for. The host gives every piece of work a number and answers with number and
// value; who waits for it is kept here, so that nothing of the host's lives in JavaScript.

import { FunctionError } from "../errors.js";

const waiting = new Map();

// Registers what happens when the host answers for `id`. The kind is for `answered`.
export function expect(id, onValue, onError, kind = undefined) {
  waiting.set(id, { onValue, onError, kind });
}

// A promise for the host's answer for `id`.
export function promiseFor(id, kind = undefined) {
  return new Promise((resolve, reject) => expect(id, resolve, reject, kind));
}

// Resolves when the host has answered everything of a kind that it has been asked before.
export async function answered(kind) {
  const answers = [];
  for (const waiter of waiting.values()) {
    if (waiter.kind === kind) {
      answers.push(new Promise((resolve) => alsoTell(waiter, resolve)));
    }
  }
  await Promise.all(answers);
}

function alsoTell(waiter, resolve) {
  const { onValue, onError } = waiter;
  waiter.onValue = (value) => {
    onValue(value);
    resolve();
  };
  waiter.onError = (error) => {
    onError(error);
    resolve();
  };
}

// Forgets `id`: its answer will not be heard.
export function forget(id) {
  waiting.delete(id);
}

// The host's answer, between two turns. A failure comes as name, message and code.
export function complete(id, succeeded, value) {
  const waiter = waiting.get(id);
  if (waiter === undefined) {
    return;
  }
  waiting.delete(id);
  if (succeeded) {
    waiter.onValue(value);
  } else {
    waiter.onError(failure(value));
  }
}

function failure([name, message, code]) {
  const error = new FunctionError(message, code);
  if (name !== error.name) {
    Object.defineProperty(error, "name", { value: name, writable: true, configurable: true });
  }
  return error;
}
