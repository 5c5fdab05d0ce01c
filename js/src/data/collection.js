// The methods of a collection (reference: mongodb.md §5.2).
//
// There is no `createIndex` and no `countDocuments`: on the hosted service they were no functions
// either, and code that tells the two apart must go on working.

import { BulkOperation } from "./bulk.js";
import { AggregationCursor, FindCursor } from "./cursor.js";
import { document, requireDocument, requireDocuments, requireName } from "./input.js";
import { send, sessionOf } from "./send.js";

export class Collection {
  #target;

  constructor(source, database, name) {
    this.#target = { source, database, collection: name };
    this.name = name;
  }

  find(query, projection, options) {
    return new FindCursor(this.#target, query, projection, options);
  }

  aggregate(pipeline, options) {
    return new AggregationCursor(this.#target, pipeline, options);
  }

  async findOne(query, projection, options) {
    return this.#send("findOne", options, {
      filter: document(query, "findOne", "query"),
      projection: document(projection, "findOne", "projection"),
    });
  }

  async count(query, options) {
    // Client SDKs take the limit in the place of the options.
    const { limit, skip } = typeof options === "number" ? { limit: options } : options ?? {};
    return this.#send("count", options, {
      filter: document(query, "count", "query"), limit, skip,
    });
  }

  async distinct(field, query, options) {
    return this.#send("distinct", options, {
      field: requireName(field, "field"),
      filter: document(query, "distinct", "query"),
    });
  }

  async insertOne(value, options) {
    return this.#send("insertOne", options, {
      document: requireDocument(value, "insertOne", "document"),
    });
  }

  async insertMany(documents, options) {
    return this.#send("insertMany", options, {
      documents: requireDocuments(documents, "insertMany", "documents"),
      ordered: options?.ordered !== false,
    });
  }

  async updateOne(query, update, options) {
    return this.#update("updateOne", query, update, options);
  }

  async updateMany(query, update, options) {
    return this.#update("updateMany", query, update, options);
  }

  async replaceOne(query, replacement, options) {
    return this.#send("replaceOne", options, {
      filter: document(query, "replaceOne", "query"),
      replacement: requireDocument(replacement, "replaceOne", "replacement"),
      upsert: options?.upsert === true,
    });
  }

  async deleteOne(query, options) {
    return this.#send("deleteOne", options, { filter: document(query, "deleteOne", "query") });
  }

  async deleteMany(query, options) {
    return this.#send("deleteMany", options, { filter: document(query, "deleteMany", "query") });
  }

  async findOneAndUpdate(query, update, options) {
    return this.#findAndModify("findOneAndUpdate", query, options, {
      update: modification(update, "findOneAndUpdate"),
    });
  }

  async findOneAndReplace(query, replacement, options) {
    return this.#findAndModify("findOneAndReplace", query, options, {
      replacement: requireDocument(replacement, "findOneAndReplace", "replacement"),
    });
  }

  async findOneAndDelete(query, options) {
    return this.#findAndModify("findOneAndDelete", query, options, {});
  }

  async bulkWrite(operations, options) {
    return this.#send("bulkWrite", options, {
      operations: requireDocuments(operations, "bulkWrite", "operations"),
      ordered: options?.ordered !== false,
    });
  }

  initializeOrderedBulkOp() {
    return new BulkOperation(this, true);
  }

  initializeUnorderedBulkOp() {
    return new BulkOperation(this, false);
  }

  #send(method, options, command) {
    return send({ ...this.#target, session: sessionOf(options), method, ...command });
  }

  #update(method, query, update, options) {
    return this.#send(method, options, {
      filter: document(query, method, "query"),
      update: modification(update, method),
      upsert: options?.upsert === true,
      arrayFilters: options?.arrayFilters ?? undefined,
    });
  }

  #findAndModify(method, query, options, command) {
    return this.#send(method, options, {
      filter: document(query, method, "query"),
      ...command,
      sort: options?.sort ?? undefined,
      projection: options?.projection ?? undefined,
      upsert: options?.upsert === true,
      arrayFilters: options?.arrayFilters ?? undefined,
      // The spelling of the documentation, and those that drivers have had.
      returnNew: options?.returnNewDocument === true || options?.returnDocument === "after" ||
        options?.returnOriginal === false,
    });
  }
}

// Operators, or the stages of a pipeline.
function modification(update, method) {
  return Array.isArray(update)
    ? requireDocuments(update, method, "update")
    : requireDocument(update, method, "update");
}
