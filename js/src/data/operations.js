// The operations of `bulkWrite`, put into the one form that the host reads
// (docs/behaviour/databases.md#methods). The error names the operation and what is wrong with it.

import { map } from "../lists.js";
import { objectHasOwn, objectKeys } from "../primordials.js";
import { FunctionError } from "../errors.js";
import { modification, requireDocument, requireDocuments } from "./input.js";

const METHOD = "bulkWrite";

const KINDS = {
  insertOne: (spec, name) => ({ document: requireDocument(inserted(spec), name, "document") }),
  updateOne: changed,
  updateMany: changed,
  replaceOne: (spec, name) => ({
    filter: requireDocument(spec.filter, name, "filter"),
    replacement: requireDocument(spec.replacement, name, "replacement"),
    upsert: spec.upsert === true,
  }),
  deleteOne: removed,
  deleteMany: removed,
};

export function operationsOf(list) {
  return map(requireDocuments(list, METHOD, "operations"), (operation) => {
    const kinds = objectKeys(operation);
    if (kinds.length !== 1) {
      throw new FunctionError(`${METHOD}: each operation must be a document with one field`);
    }
    const kind = kinds[0];
    if (!objectHasOwn(KINDS, kind)) {
      throw new FunctionError(`${METHOD}: there is no operation '${kind}'`);
    }
    return { [kind]: read(kind, operation[kind]) };
  });
}

function read(kind, spec) {
  const name = `${METHOD}: ${kind}`;
  if (kind !== "insertOne") {
    requireDocument(spec, name, "operation");
  }
  return KINDS[kind](spec, name);
}

// `{ document }`, or the document itself: the documentation has both.
function inserted(spec) {
  const isWrapped = typeof spec === "object" && spec !== null && objectKeys(spec).length === 1 &&
    typeof spec.document === "object";
  return isWrapped ? spec.document : spec;
}

function changed(spec, name) {
  return {
    filter: requireDocument(spec.filter, name, "filter"),
    update: modification(spec.update, name),
    upsert: spec.upsert === true,
    arrayFilters: arrayFiltersOf(spec, name),
  };
}

function removed(spec, name) {
  return { filter: requireDocument(spec.filter, name, "filter") };
}

// Conditions for `$[identifier]`, where there are any.
export function arrayFiltersOf(options, method) {
  const filters = options?.arrayFilters ?? undefined;
  return filters === undefined ? undefined : requireDocuments(filters, method, "arrayFilters");
}
