// A database of a data source (docs/behaviour/databases.md#handles).

import { isolate } from "../isolated.js";
import { Access } from "./access.js";
import { AggregationCursor } from "./aggregation-cursor.js";
import { Collection } from "./collection.js";
import { requireName } from "./input.js";
import { ask } from "./send.js";

export class Database {
  #access;
  // A field, so that no setter of `Object.prototype` is called.
  name;

  constructor(access, name) {
    this.#access = Access.require(access);
    this.name = name;
  }

  collection(name) {
    return new Collection(this.#access, this.name, requireName(name, "the name of a collection"));
  }

  getCollectionNames() {
    return ask(this.#access, { method: "collectionNames", database: this.name });
  }

  aggregate(pipeline, options) {
    const target = { database: this.name, collection: "" };
    return new AggregationCursor(this.#access, target, pipeline, options);
  }
}

isolate(Database);
