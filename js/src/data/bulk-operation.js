// Bulk operations that are put together call by call, as with drivers.

import { FunctionError } from "../errors.js";
import { isolate } from "../isolated.js";
import { Access } from "./access.js";
import { BulkFind } from "./bulk-find.js";
import { requireDocument } from "./input.js";

export class BulkOperation {
  #access;
  #collection;
  #ordered;
  #operations = [];

  constructor(access, collection, ordered) {
    this.#access = Access.require(access);
    this.#collection = collection;
    this.#ordered = ordered;
  }

  insert(document) {
    return this.#add({ insertOne: { document } });
  }

  find(query) {
    const filter = requireDocument(query, "find", "query");
    return new BulkFind(this.#access, (operation) => this.#add(operation(filter)));
  }

  async execute(options) {
    if (this.#operations.length === 0) {
      throw new FunctionError("execute: the bulk operation holds no operations");
    }
    const operations = this.#operations;
    this.#operations = [];
    return this.#collection.bulkWrite(operations, { ...options, ordered: this.#ordered });
  }

  #add(operation) {
    this.#operations[this.#operations.length] = operation;
    return this;
  }
}

isolate(BulkOperation);
