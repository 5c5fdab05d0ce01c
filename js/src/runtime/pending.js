// What the run waits for. The host gives every piece of work a number and answers with number and
// value; who waits for it is kept here, so that nothing of the host's lives in JavaScript.

import { PrivateMap, Promise, objectDefineProperty } from "../primordials.js";
import { FunctionError } from "../errors.js";

const waiting = new PrivateMap();

/**
 * Registers what happens when the host answers for `id`. The kind is for `answered`.
 *
 * @param {number} id
 * @param {(value: any) => void} onValue
 * @param {(error: FunctionError) => void} [onError]
 * @param {string} [kind]
 */
export function expect(id, onValue, onError, kind) {
  waiting.set(id, { onValue, onError, kind });
}

/**
 * A promise for the host's answer for `id`.
 *
 * @param {number} id
 * @param {string} [kind]
 */
export function promiseFor(id, kind) {
  return new Promise((resolve, reject) => expect(id, resolve, reject, kind));
}

/**
 * Resolves when the host has answered everything of a kind that it has been asked before.
 *
 * @param {string} kind
 * @returns {Promise<void>}
 */
export function answered(kind) {
  return new Promise((resolve) => {
    // One more than there are, so that it is not over before all of them are known.
    let left = 1;
    const oneLess = () => {
      left -= 1;
      if (left === 0) {
        resolve();
      }
    };
    waiting.forEach((waiter) => {
      if (waiter.kind === kind) {
        left += 1;
        alsoTell(waiter, oneLess);
      }
    });
    oneLess();
  });
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

function failure(parts) {
  const name = parts[0];
  const error = new FunctionError(parts[1], parts[2]);
  if (name !== error.name) {
    objectDefineProperty(error, "name", {
      __proto__: null, value: name, writable: true, configurable: true,
    });
  }
  return error;
}
