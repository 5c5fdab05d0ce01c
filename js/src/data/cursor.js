// Cursors: documents that come in batches, as they are asked for
// (docs/behaviour/databases.md#cursors).
//
// A cursor that a function returns, or puts into what it returns, becomes the array of its
// documents, and so it does in `JSON.stringify`: `toJSON` reads it to its end then and there.

import { ask, send } from "./send.js";
import { FunctionError } from "../errors.js";
import { append } from "../lists.js";
import { symbolAsyncIterator } from "../primordials.js";

export class Cursor {
  #target;
  #session;
  #documents = [];
  #index = 0;
  // The host's number for what is still to come; `undefined` before the begin, 0 at the end.
  #id;
  // A promise for the batch that is on its way.
  #coming;

  constructor(target, session) {
    this.#target = target;
    this.#session = session;
  }

  async next() {
    while (this.#index >= this.#documents.length) {
      if (this.#id === 0) {
        return undefined;
      }
      await this.#more();
    }
    return this.#documents[this.#index++];
  }

  async tryNext() {
    return (await this.next()) ?? null;
  }

  async hasNext() {
    while (this.#index >= this.#documents.length && this.#id !== 0) {
      await this.#more();
    }
    return this.#index < this.#documents.length;
  }

  async toArray() {
    const documents = this.#rest();
    while (this.#id !== 0) {
      await this.#more();
      append(documents, this.#rest());
    }
    return documents;
  }

  async forEach(visit) {
    await this.#visit(visit);
  }

  async map(change) {
    const changed = [];
    await this.#visit((document) => {
      changed[changed.length] = change(document);
    });
    return changed;
  }

  async close() {
    // A batch that is on its way would open it again.
    await this.#arrived();
    this.#documents = [];
    this.#index = 0;
    const id = this.#id;
    this.#id = 0;
    if (id) {
      await send(this.#about("closeCursor", id));
    }
  }

  async *[symbolAsyncIterator]() {
    try {
      for (let next = await this.next(); next !== undefined; next = await this.next()) {
        yield next;
      }
    } finally {
      await this.close();
    }
  }

  // Shows it one document after the other. As with drivers, `false` ends it.
  async #visit(visit) {
    try {
      for (let next = await this.next(); next !== undefined; next = await this.next()) {
        if (visit(next) === false) {
          return;
        }
      }
    } finally {
      await this.close();
    }
  }

  // It leaves the documents where they are: a function may log a cursor and go on with it.
  toJSON() {
    const documents = this.#rest();
    while (this.#id !== 0) {
      this.#take(ask(this.#request()));
      append(documents, this.#rest());
    }
    this.#documents = documents;
    return documents;
  }

  // What to ask for; each kind of cursor has its own.
  command() {
    return {};
  }

  // Before the first document only.
  requireUntouched(method) {
    if (this.#id !== undefined) {
      throw new FunctionError(`${method}: the cursor has been read from already`);
    }
  }

  // The next batch. Several that wait for it at once wait for the same one.
  #more() {
    this.#coming ??= this.#fetch();
    return this.#coming;
  }

  async #fetch() {
    try {
      this.#take(await send(this.#request()));
    } finally {
      this.#coming = undefined;
    }
  }

  // Resolves when no batch is on its way, whatever came of it.
  async #arrived() {
    try {
      await this.#coming;
    } catch {
      // Whoever waits for the batch is told.
    }
  }

  #request() {
    if (this.#id === undefined) {
      return { ...this.#target, session: this.#session, ...this.command() };
    }
    return this.#about("nextBatch", this.#id);
  }

  #about(method, cursor) {
    const { source, asSystem } = this.#target;
    return { source, asSystem, method, cursor };
  }

  #take({ cursor, documents }) {
    this.#id = cursor;
    this.#documents = documents;
    this.#index = 0;
  }

  #rest() {
    const rest = this.#index === 0 ? this.#documents : append([], this.#documents, this.#index);
    this.#documents = [];
    this.#index = 0;
    return rest;
  }
}
