// What the promises inside a result have come to.
//
// Functions return arrays and documents that hold promises, such as those of `map(async …)`. When
// the result is written nothing is pending any more: a promise has settled by then, or it never
// will. The language tells neither at once, but calls back within one tick where it has.

import { PrivateMap, PrivateSet, promiseThen } from "../primordials.js";

const PENDING = {};

export class Outcomes {
  #known = new PrivateMap();
  #asked = new PrivateSet();

  // `{ value }`, `{ thrown }`, or nothing: it has not settled, or nobody has learnt of it yet.
  of(promise) {
    const outcome = this.#known.get(promise);
    if (outcome === undefined) {
      this.#asked.add(promise);
    }
    return outcome ?? PENDING;
  }

  // Whether the outcome of every promise that was asked for is known.
  get areKnown() {
    return this.#asked.size === 0;
  }

  // Learns of those that were asked for.
  async learn() {
    this.#asked.forEach((promise) => {
      this.#known.set(promise, PENDING);
      promiseThen(
        promise,
        (value) => this.#known.set(promise, { value }),
        (thrown) => this.#known.set(promise, { thrown }),
      );
    });
    this.#asked.clear();
    await null;
  }
}
