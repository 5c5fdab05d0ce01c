// What `find` returns: a cursor whose order, limit and skip can be set before it is read.

import { isolate } from "../isolated.js";
import { Access } from "./access.js";
import { Cursor } from "./cursor.js";
import {
  document, optionalCount, optionalDocument, optionalLimit, requireCount, requireDocument,
  requireLimit,
} from "./input.js";
import { sessionOf } from "./session.js";

export class FindCursor extends Cursor {
  #command;

  constructor(access, target, query, given) {
    Access.require(access);
    const { projection, options } = given;
    const command = {
      ...target,
      session: sessionOf(options, "find"),
      method: "find",
      filter: document(query, "find", "query"),
      projection: optionalDocument(projection, "find", "projection"),
      ...within(options),
    };
    super(access, command);
    this.#command = command;
  }

  sort(order) {
    this.requireUntouched("sort");
    this.#command.sort = requireDocument(order, "sort", "order");
    return this;
  }

  limit(count) {
    this.requireUntouched("limit");
    this.#command.limit = requireLimit(count, "limit");
    return this;
  }

  skip(count) {
    this.requireUntouched("skip");
    this.#command.skip = requireCount(count, "skip");
    return this;
  }
}

isolate(FindCursor);

// Authors know `sort`, `limit` and `skip` from drivers, where they are options as well.
function within(options) {
  const { sort, limit, skip } = options ?? {};
  return {
    sort: optionalDocument(sort, "find", "sort"),
    limit: optionalLimit(limit, "find: limit"),
    skip: optionalCount(skip, "find: skip"),
  };
}
