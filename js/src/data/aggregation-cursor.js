// What `aggregate` returns: a cursor to which stages can be added before it is read.

import { Cursor } from "./cursor.js";
import { kindOf, requireDocuments } from "./input.js";
import { sessionOf } from "./session.js";
import { append } from "../lists.js";

export class AggregationCursor extends Cursor {
  #pipeline;
  #options;

  constructor(target, pipeline, options) {
    super(target, sessionOf(options, "aggregate"));
    // One stage is a pipeline, too.
    const stages = kindOf(pipeline) === undefined ? [pipeline] : pipeline;
    this.#pipeline = append([], requireDocuments(stages, "aggregate", "stages"));
    this.#options = { ...options, session: undefined };
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
    this.#pipeline[this.#pipeline.length] = stage;
    return this;
  }
}
