// The placeholders of `console.log("%s has %d", …)`, as Node reads them.

import { replaceMatches } from "../lists.js";
import { Number, String, jsonStringify, objectIs, parseFloat, parseInt } from "../primordials.js";

export function formatTemplate(args, inspect) {
  const template = args[0];
  let used = 1;
  const text = replaceMatches(template, /%[%sdifjoOc]/g, (placeholder) => {
    if (placeholder === "%%") {
      return "%";
    }
    return used < args.length ? filled(placeholder, args[used++], inspect) : placeholder;
  });
  return { text, used };
}

function filled(placeholder, value, inspect) {
  switch (placeholder) {
    case "%s":
      return typeof value === "string" ? value : inspect(value, { depth: 0 });
    case "%d":
      return numberText(value, Number);
    case "%i":
      return numberText(value, (input) => parseInt(input, 10));
    case "%f":
      return numberText(value, parseFloat);
    case "%j":
      return jsonText(value);
    case "%c":
      return "";
    default:
      return inspect(value);
  }
}

function numberText(value, convert) {
  if (typeof value === "bigint") {
    return `${value}n`;
  }
  if (typeof value === "symbol" || (typeof value === "object" && convert !== Number)) {
    return "NaN";
  }
  try {
    const number = convert(value);
    return objectIs(number, -0) ? "-0" : String(number);
  } catch {
    return "NaN";
  }
}

function jsonText(value) {
  try {
    return String(jsonStringify(value));
  } catch {
    return "[Circular]";
  }
}
