// Lists and texts without the methods of the language, which functions may replace.

import { regExpExec, stringIndexOf, stringSlice } from "./primordials.js";

export function map(list, change) {
  const changed = [];
  for (let index = 0; index < list.length; index++) {
    changed[index] = change(list[index], index);
  }
  return changed;
}

export function filter(list, isKept) {
  const kept = [];
  for (let index = 0; index < list.length; index++) {
    if (isKept(list[index])) {
      kept[kept.length] = list[index];
    }
  }
  return kept;
}

export function some(list, matches) {
  for (let index = 0; index < list.length; index++) {
    if (matches(list[index])) {
      return true;
    }
  }
  return false;
}

export function every(list, matches) {
  return !some(list, (item) => !matches(item));
}

export function find(list, matches) {
  for (let index = 0; index < list.length; index++) {
    if (matches(list[index])) {
      return list[index];
    }
  }
  return undefined;
}

export function holds(list, value) {
  for (let index = 0; index < list.length; index++) {
    if (list[index] === value) {
      return true;
    }
  }
  return false;
}

export function append(list, more, start = 0) {
  for (let index = start; index < more.length; index++) {
    list[list.length] = more[index];
  }
  return list;
}

export function join(list, separator) {
  let text = "";
  for (let index = 0; index < list.length; index++) {
    text += index === 0 ? list[index] : separator + list[index];
  }
  return text;
}

// The values of anything that can be iterated, as `for…of` would see them.
export function listOf(iterable) {
  const list = [];
  // The function decides what its iterables hold.
  // eslint-disable-next-line no-restricted-syntax
  for (const item of iterable) {
    list[list.length] = item;
  }
  return list;
}

export function split(text, separator) {
  const parts = [];
  let start = 0;
  for (;;) {
    const end = stringIndexOf(text, separator, start);
    if (end < 0) {
      parts[parts.length] = stringSlice(text, start);
      return parts;
    }
    parts[parts.length] = stringSlice(text, start, end);
    start = end + separator.length;
  }
}

export function replaceText(text, old, replacement) {
  return stringIndexOf(text, old) < 0 ? text : join(split(text, old), replacement);
}

export function isMatch(pattern, text) {
  return regExpExec(pattern, text) !== null;
}

// The text with every match of a global pattern replaced by what `replacement` makes of it.
export function replaceMatches(text, pattern, replacement) {
  pattern.lastIndex = 0;
  let replaced = "";
  let start = 0;
  for (;;) {
    const match = regExpExec(pattern, text);
    if (match === null) {
      return start === 0 ? text : replaced + stringSlice(text, start);
    }
    replaced += stringSlice(text, start, match.index) + replacement(match[0]);
    start = match.index + match[0].length;
  }
}
