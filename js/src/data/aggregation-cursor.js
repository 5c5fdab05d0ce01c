// What `aggregate` returns: a cursor to which stages can be added before it is read.

import { isolate } from "../isolated.js";
import { Access } from "./access.js";
import { Cursor } from "./cursor.js";
import { kindOf, requireDocuments } from "./input.js";
import { sessionOf } from "./session.js";
import { append } from "../lists.js";

export class AggregationCursor extends Cursor {
  #pipeline;

  constructor(access, target, given, options) {
    Access.require(access);
    const session = sessionOf(options, "aggregate");
    // One stage is a pipeline, too.
    const stages = kindOf(given) === undefined ? [given] : given;
    const pipeline = append([], requireDocuments(stages, "aggregate", "stages"));
    const method = "aggregate";
    super(access, { ...target, session, method, pipeline, options: withoutSession(options) });
    this.#pipeline = pipeline;
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

  #append(method, stage) {
    this.requireUntouched(method);
    this.#pipeline[this.#pipeline.length] = stage;
    return this;
  }
}

// The session is no part of the command: as `undefined` it would be an option with the value null,
// which the rules of users do not permit.
function withoutSession(options) {
  const others = { ...options };
  delete others.session;
  return others;
}

isolate(AggregationCursor);
