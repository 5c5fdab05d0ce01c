// What `find` returns: a cursor whose order, limit and skip can be set before it is read.

import { Cursor } from "./cursor.js";
import {
  document, optionalCount, optionalDocument, optionalLimit, requireCount, requireDocument,
  requireLimit,
} from "./input.js";
import { sessionOf } from "./session.js";

export class FindCursor extends Cursor {
  #find;

  constructor(target, query, projection, options) {
    super(target, sessionOf(options, "find"));
    this.#find = {
      method: "find",
      filter: document(query, "find", "query"),
      projection: optionalDocument(projection, "find", "projection"),
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
    this.#find.limit = requireLimit(count, "limit");
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

// Authors know `sort`, `limit` and `skip` from drivers, where they are options as well.
function within(options) {
  const { sort, limit, skip } = options ?? {};
  return {
    sort: optionalDocument(sort, "find", "sort"),
    limit: optionalLimit(limit, "find: limit"),
    skip: optionalCount(skip, "find: skip"),
  };
}
