// BSONRegExp: a pattern and its options, as MongoDB has them.

import { BsonValue, defineType } from "./type.js";
import { join, replaceMatches } from "../lists.js";
import {
  RegExp, TypeError, arraySort, regExpFlags, regExpSource, stringIncludes,
} from "../primordials.js";

export const BSONRegExp = defineType(function BSONRegExp(pattern, options = "") {
  if (!new.target) {
    return new BSONRegExp(pattern, options);
  }
  this.pattern = checked(pattern instanceof RegExp ? regExpSource(pattern) : pattern, "pattern");
  this.options = sorted(checked(options, "options"));
}, "BSONRegExp", class extends BsonValue {
  toString() {
    return `/${this.pattern}/${this.options}`;
  }

  toJSON() {
    return { $regularExpression: { pattern: this.pattern, options: this.options } };
  }
});

// The characters of a text in the order of their codes.
function sorted(text) {
  const characters = [];
  for (let index = 0; index < text.length; index++) {
    characters[index] = text[index];
  }
  return join(arraySort(characters), "");
}

// A pattern with a zero byte would end early where it is stored, and mean something else.
function checked(text, what) {
  if (typeof text !== "string" || stringIncludes(text, "\0")) {
    throw new TypeError(`invalid BSONRegExp: the ${what} must be a string without zero bytes`);
  }
  return text;
}

// The options that MongoDB knows, out of the flags of a JavaScript regular expression.
export function regExpOptions(regExp) {
  return replaceMatches(regExpFlags(regExp), /[^ims]/g, () => "");
}
