// The methods of a collection (docs/behaviour/databases.md#methods).
//
// There is no `createIndex` and no `countDocuments`: on the hosted service they were no functions
// either, and code that tells the two apart must go on working.

import { isolate } from "../isolated.js";
import { Access } from "./access.js";
import { BulkOperation } from "./bulk-operation.js";
import { AggregationCursor } from "./aggregation-cursor.js";
import { FindCursor } from "./find-cursor.js";
import {
  document, optionalCount, optionalDocument, optionalLimit, requireDocument,
  requireDocuments, requireName,
} from "./input.js";
import { projectionAndOptions, updateOf } from "./lenient.js";
import { arrayFiltersOf, operationsOf } from "./operations.js";
import { send } from "./send.js";
import { sessionOf } from "./session.js";

export class Collection {
  #access;
  #target;
  // A field, so that no setter of `Object.prototype` is called.
  name;

  constructor(access, database, name) {
    this.#access = Access.require(access);
    this.#target = { database, collection: name };
    this.name = name;
  }

  find(query, projection, options) {
    const given = projectionAndOptions(projection, options, "find");
    return new FindCursor(this.#access, this.#target, query, given);
  }

  aggregate(pipeline, options) {
    return new AggregationCursor(this.#access, this.#target, pipeline, options);
  }

  async findOne(query, projection, options) {
    const { projection: fields, options: given } =
      projectionAndOptions(projection, options, "findOne");
    // Options in the third place do not sort: with a cursor, a function can.
    const { sort, skip } = given === options ? {} : given;
    return await this.#send("findOne", given, {
      filter: document(query, "findOne", "query"),
      projection: optionalDocument(fields, "findOne", "projection"),
      sort: optionalDocument(sort, "findOne", "sort"),
      skip: optionalCount(skip, "findOne: skip"),
    });
  }

  async count(query, options) {
    // Client SDKs take the limit in the place of the options.
    const given = typeof options === "number" ? { limit: options } : options;
    return await this.#send("count", given, {
      filter: document(query, "count", "query"),
      limit: optionalLimit(given?.limit, "count: limit"),
      skip: optionalCount(given?.skip, "count: skip"),
    });
  }

  async distinct(field, query, options) {
    return await this.#send("distinct", options, {
      field: requireName(field, "distinct: the field"),
      filter: document(query, "distinct", "query"),
    });
  }

  async insertOne(value, options) {
    return await this.#send("insertOne", options, {
      document: requireDocument(value, "insertOne", "document"),
    });
  }

  async insertMany(documents, options) {
    return await this.#send("insertMany", options, {
      documents: requireDocuments(documents, "insertMany", "documents"),
      ordered: options?.ordered !== false,
    });
  }

  async updateOne(query, update, options) {
    return await this.#update("updateOne", query, update, options);
  }

  async updateMany(query, update, options) {
    return await this.#update("updateMany", query, update, options);
  }

  async replaceOne(query, replacement, options) {
    return await this.#send("replaceOne", options, {
      filter: requireDocument(query, "replaceOne", "query"),
      replacement: requireDocument(replacement, "replaceOne", "replacement"),
      upsert: options?.upsert === true,
    });
  }

  async deleteOne(query, options) {
    return await this.#delete("deleteOne", query, options);
  }

  async deleteMany(query, options) {
    return await this.#delete("deleteMany", query, options);
  }

  async findOneAndUpdate(query, update, options) {
    return await this.#findAndModify("findOneAndUpdate", query, options, {
      update: updateOf(update, "findOneAndUpdate"),
    });
  }

  async findOneAndReplace(query, replacement, options) {
    return await this.#findAndModify("findOneAndReplace", query, options, {
      replacement: requireDocument(replacement, "findOneAndReplace", "replacement"),
    });
  }

  async findOneAndDelete(query, options) {
    return await this.#findAndModify("findOneAndDelete", query, options, {});
  }

  async bulkWrite(operations, options) {
    return await this.#send("bulkWrite", options, {
      operations: operationsOf(operations),
      ordered: options?.ordered !== false,
    });
  }

  initializeOrderedBulkOp() {
    return new BulkOperation(this.#access, this, true);
  }

  initializeUnorderedBulkOp() {
    return new BulkOperation(this.#access, this, false);
  }

  #send(method, options, command) {
    const session = sessionOf(options, method);
    return send(this.#access, { ...this.#target, session, method, ...command });
  }

  // Writes want a filter: one that is missing by mistake must not find every document.
  #delete(method, query, options) {
    return this.#send(method, options, { filter: requireDocument(query, method, "query") });
  }

  #update(method, query, update, options) {
    return this.#send(method, options, {
      filter: requireDocument(query, method, "query"),
      update: updateOf(update, method),
      upsert: options?.upsert === true,
      arrayFilters: arrayFiltersOf(options, method),
    });
  }

  #findAndModify(method, query, options, command) {
    return this.#send(method, options, {
      filter: requireDocument(query, method, "query"),
      ...command,
      sort: optionalDocument(options?.sort, method, "sort"),
      projection: optionalDocument(options?.projection, method, "projection"),
      upsert: options?.upsert === true,
      arrayFilters: arrayFiltersOf(options, method),
      // The spelling of the documentation, and those that drivers have had.
      returnNew: options?.returnNewDocument === true || options?.returnDocument === "after" ||
        options?.returnOriginal === false,
    });
  }
}

isolate(Collection);
