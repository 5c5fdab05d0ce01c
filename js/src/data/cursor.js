// Cursors: documents that come in batches, as they are asked for
// (docs/behaviour/databases.md#cursors).
//
// A cursor that a function returns, or puts into what it returns, becomes the array of its
// documents, and so it does in `JSON.stringify`: `toJSON` reads it to its end then and there.

import { ask, send } from "./send.js";
import { FunctionError } from "../errors.js";
import { append } from "../lists.js";
import { symbolAsyncIterator } from "../primordials.js";
import { isolate } from "../isolated.js";
import { Access } from "./access.js";

export class Cursor {
  #access;
  // What to ask for at first.
  #command;
  #documents = [];
  #index = 0;
  // The host's number for what is still to come; `undefined` before the begin, 0 at the end.
  #id;
  // A promise for the batch that is on its way.
  #coming;

  // Each kind of cursor goes on with its command until it is read. Functions never get hold of it,
  // and there is no method to ask for it: they could replace that.
  constructor(access, command) {
    this.#access = Access.require(access);
    this.#command = command;
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
      await send(this.#access, { method: "closeCursor", cursor: id });
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
      this.#take(ask(this.#access, this.#request()));
      append(documents, this.#rest());
    }
    this.#documents = documents;
    return documents;
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
      this.#take(await send(this.#access, this.#request()));
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
    return this.#id === undefined ? this.#command : { method: "nextBatch", cursor: this.#id };
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

isolate(Cursor);
