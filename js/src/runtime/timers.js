// Timers. The host keeps the time and calls back; a timer object stands for the number as in
// Node.js, so that `unref()` and `clearTimeout(timer)` work alike.

import { Number, TypeError, mathMax, mathMin, reflectApply } from "../primordials.js";
import { host } from "../host.js";
import { format } from "../inspect.js";
import { expect, forget } from "./pending.js";

class Timeout {
  #callback;
  #delay;
  #arguments;
  #repeats;
  #id;

  constructor(callback, delay, callArguments, repeats) {
    if (typeof callback !== "function") {
      throw new TypeError('The "callback" argument must be of type function.');
    }
    this.#callback = callback;
    this.#delay = mathMax(1, mathMin(Number(delay) || 1, 2 ** 31 - 1));
    this.#arguments = callArguments;
    this.#repeats = repeats;
    this.#start();
  }

  #start() {
    this.#id = host.timer_start(this.#delay, this.#repeats);
    expect(this.#id, () => this.#fire());
  }

  #fire() {
    if (this.#repeats) this.#start();
    else this.#id = undefined;
    // Nobody can catch what a timer throws. It fails its run no more than a promise that is
    // rejected with nobody listening; it is a bug all the same, so the log has it.
    try {
      reflectApply(this.#callback, this, this.#arguments);
    } catch (thrown) {
      host.log("error", format("Uncaught in a timer:", thrown));
    }
  }

  close() {
    if (this.#id === undefined) return this;
    forget(this.#id);
    host.timer_cancel(this.#id);
    this.#id = undefined;
    return this;
  }

  refresh() {
    if (this.#id !== undefined) {
      this.close();
      this.#start();
    }
    return this;
  }

  hasRef() {
    return true;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }
}

export function setTimeout(callback, delay, ...callArguments) {
  return new Timeout(callback, delay, callArguments, false);
}

export function setInterval(callback, delay, ...callArguments) {
  return new Timeout(callback, delay, callArguments, true);
}

export function setImmediate(callback, ...callArguments) {
  return new Timeout(callback, 0, callArguments, false);
}

export function clearTimer(timer) {
  if (timer instanceof Timeout) timer.close();
}
