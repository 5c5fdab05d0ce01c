// Cursors: documents that come in batches, as they are asked for (reference: mongodb.md §5.2).
//
// A cursor that a function returns, or puts into what it returns, becomes the array of its
// documents, and so it does in `JSON.stringify`: `toJSON` reads it to its end then and there.

import { FunctionError } from "../errors.js";
import {
  document, requireCount, requireDocument, requireDocuments, requireLimit,
} from "./input.js";
import { ask, send, sessionOf } from "./send.js";

class Cursor {
  #target;
  #session;
  #documents = [];
  #index = 0;
  // The host's number for what is still to come; `undefined` before the begin, 0 at the end.
  #id;

  constructor(target, session) {
    this.#target = target;
    this.#session = session;
  }

  async next() {
    await this.#fill();
    return this.#documents[this.#index++];
  }

  async tryNext() {
    return (await this.next()) ?? null;
  }

  async hasNext() {
    await this.#fill();
    return this.#index < this.#documents.length;
  }

  async toArray() {
    const documents = this.#rest();
    while (this.#id !== 0) {
      this.#take(await send(this.#request()));
      append(documents, this.#rest());
    }
    return documents;
  }

  async forEach(visit) {
    for await (const document of this) {
      // As with drivers, `false` ends it.
      if (visit(document) === false) {
        return;
      }
    }
  }

  async map(change) {
    const changed = [];
    for await (const document of this) {
      changed.push(change(document));
    }
    return changed;
  }

  async close() {
    this.#documents = [];
    this.#index = 0;
    const id = this.#id;
    this.#id = 0;
    if (id) {
      await send({ source: this.#target.source, method: "closeCursor", cursor: id });
    }
  }

  async *[Symbol.asyncIterator]() {
    try {
      while (await this.hasNext()) {
        yield this.#documents[this.#index++];
      }
    } finally {
      await this.close();
    }
  }

  toJSON() {
    const documents = this.#rest();
    while (this.#id !== 0) {
      this.#take(ask(this.#request()));
      append(documents, this.#rest());
    }
    return documents;
  }

  // Before the first document only.
  requireUntouched(method) {
    if (this.#id !== undefined) {
      throw new FunctionError(`${method}: the cursor has been read from already`);
    }
  }

  async #fill() {
    while (this.#index >= this.#documents.length && this.#id !== 0) {
      this.#take(await send(this.#request()));
    }
  }

  #request() {
    if (this.#id === undefined) {
      return { ...this.#target, session: this.#session, ...this.command() };
    }
    return { source: this.#target.source, method: "nextBatch", cursor: this.#id };
  }

  #take({ cursor, documents }) {
    this.#id = cursor;
    this.#documents = documents;
    this.#index = 0;
  }

  #rest() {
    const rest = this.#index === 0 ? this.#documents : this.#documents.slice(this.#index);
    this.#documents = [];
    this.#index = 0;
    return rest;
  }
}

export class FindCursor extends Cursor {
  #find;

  constructor(target, query, projection, options) {
    super(target, sessionOf(options));
    this.#find = {
      method: "find",
      filter: document(query, "find", "query"),
      projection: projection === null ? undefined : document(projection, "find", "projection"),
      ...within(options),
    };
  }

  sort(order) {
    this.requireUntouched("sort");
    this.#find.sort = requireDocument(order, "sort", "order");
    return this;
  }

  limit(count) {
    this.requireUntouched("limit");
    this.#find.limit = requireLimit(count);
    return this;
  }

  skip(count) {
    this.requireUntouched("skip");
    this.#find.skip = requireCount(count, "skip");
    return this;
  }

  command() {
    return this.#find;
  }
}

export class AggregationCursor extends Cursor {
  #pipeline;
  #options;

  constructor(target, pipeline, options) {
    super(target, sessionOf(options));
    const stages = Array.isArray(pipeline) ? pipeline : [pipeline ?? {}];
    this.#pipeline = [...requireDocuments(stages, "aggregate", "pipeline")];
    this.#options = { ...document(options, "aggregate", "options"), session: undefined };
  }

  match(filter) {
    return this.#append("match", { $match: filter });
  }

  project(projection) {
    return this.#append("project", { $project: projection });
  }

  sort(order) {
    return this.#append("sort", { $sort: order });
  }

  limit(count) {
    return this.#append("limit", { $limit: count });
  }

  skip(count) {
    return this.#append("skip", { $skip: count });
  }

  command() {
    return { method: "aggregate", pipeline: this.#pipeline, options: this.#options };
  }

  #append(method, stage) {
    this.requireUntouched(method);
    this.#pipeline.push(stage);
    return this;
  }
}

// Authors know `sort`, `limit` and `skip` from drivers, where they are options as well.
function within(options) {
  const { sort, limit, skip } = document(options, "find", "options");
  return { sort, limit, skip };
}

function append(documents, more) {
  for (const document of more) {
    documents.push(document);
  }
}
