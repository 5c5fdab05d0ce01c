// What a bulk operation does with the documents that match.

import { isolate } from "../isolated.js";
import { Access } from "./access.js";

export class BulkFind {
  #add;
  #upsert = false;

  constructor(access, add) {
    Access.require(access);
    this.#add = add;
  }

  upsert() {
    this.#upsert = true;
    return this;
  }

  update(update) {
    return this.#change("updateMany", { update });
  }

  updateOne(update) {
    return this.#change("updateOne", { update });
  }

  replaceOne(replacement) {
    return this.#change("replaceOne", { replacement });
  }

  delete() {
    return this.#add((filter) => ({ deleteMany: { filter } }));
  }

  remove() {
    return this.delete();
  }

  deleteOne() {
    return this.#add((filter) => ({ deleteOne: { filter } }));
  }

  removeOne() {
    return this.deleteOne();
  }

  #change(kind, change) {
    const upsert = this.#upsert;
    return this.#add((filter) => ({ [kind]: { filter, ...change, upsert } }));
  }
}

isolate(BulkFind);
