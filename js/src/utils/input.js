// What the utilities accept as text and bytes, and how they say that something is neither.
//
// Secrets are numbers in some apps (`12345`), so primitive values stand for their text. Null and
// undefined never do: a missing secret must not become the word "undefined".

import { holds, join } from "../lists.js";
import { String, stringSlice } from "../primordials.js";
import { viewBytes } from "../bytes.js";
import { utf8Decode, utf8Encode } from "../encodings.js";
import { FunctionError } from "../errors.js";
import { bsonTag } from "../bson/type.js";
import { binaryBytes } from "../bson/binary.js";

export function bytesOf(input, argument) {
  if (typeof input === "string") {
    return utf8Encode(input);
  }
  if (typeof input === "object" && input !== null) {
    const bytes = bsonTag(input) === "Binary" ? binaryBytes(input) : viewBytes(input);
    if (bytes !== undefined) {
      return bytes;
    }
  }
  return utf8Encode(primitiveText(input, argument));
}

export function textOf(input, argument) {
  if (typeof input === "string") {
    return input;
  }
  return typeof input === "object" ? utf8Decode(bytesOf(input, argument)) :
    primitiveText(input, argument);
}

function primitiveText(input, argument) {
  switch (typeof input) {
    case "number":
    case "boolean":
    case "bigint":
      return String(input);
    default: {
      const kind = input === null ? "null" : typeof input;
      throw new FunctionError(`"${argument}" must be a string or a BSON.Binary, not ${kind}`);
    }
  }
}

// One of a short list of names; the error names them all.
export function oneOf(input, names, argument) {
  if (!holds(names, input)) {
    const shown = typeof input === "string" ? `"${stringSlice(input, 0, 64)}"` : typeof input;
    throw new FunctionError(`unsupported ${argument} ${shown}: use one of ${join(names, ", ")}`);
  }
  return input;
}
