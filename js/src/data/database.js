// A database of a data source (docs/behaviour/databases.md#handles).

import { AggregationCursor } from "./aggregation-cursor.js";
import { Collection } from "./collection.js";
import { requireName } from "./input.js";
import { ask } from "./send.js";

export class Database {
  #source;

  constructor(source, name) {
    this.#source = source;
    this.name = name;
  }

  collection(name) {
    return new Collection(this.#source, this.name, requireName(name, "the name of a collection"));
  }

  getCollectionNames() {
    return ask({ source: this.#source, method: "collectionNames", database: this.name });
  }

  aggregate(pipeline, options) {
    const target = { source: this.#source, database: this.name, collection: "" };
    return new AggregationCursor(target, pipeline, options);
  }
}
