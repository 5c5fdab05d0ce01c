// A database of a data source (docs/behaviour/databases.md#handles).

import { AggregationCursor } from "./aggregation-cursor.js";
import { Collection } from "./collection.js";
import { requireName } from "./input.js";
import { ask } from "./send.js";

export class Database {
  #access;

  constructor(access, name) {
    this.#access = access;
    this.name = name;
  }

  collection(name) {
    return new Collection(this.#access, this.name, requireName(name, "the name of a collection"));
  }

  getCollectionNames() {
    return ask({ ...this.#access, method: "collectionNames", database: this.name });
  }

  aggregate(pipeline, options) {
    const target = { ...this.#access, database: this.name, collection: "" };
    return new AggregationCursor(target, pipeline, options);
  }
}
