// What `console.log` prints: several values on one line, in the manner of Node's inspect.
//
// A log line is read by people and must never fail or change a run: getters are not called, depth
// and size are limited, and an object that throws when it is looked at prints as `[Object]`.
// One entry stays one line, apart from line breaks inside strings and stacks.

import { append, filter, holds, isMatch, join } from "./lists.js";
import {
  String, arrayIsArray, jsonStringify, mathMax, mathMin, objectGetPrototypeOf, objectIs, propertyOf,
  reflectApply, reflectOwnKeys, stringIncludes, stringSlice, stringToWellFormed, symbolInspect,
} from "./primordials.js";
import { formatTemplate } from "./inspect/template.js";
import { describeKnown, itemsMax } from "./inspect/known.js";

const charactersMax = 16384;
const depthMax = 4;

// All arguments of one console call.
export function format(...args) {
  const parts = [];
  let rest = args;
  if (args.length > 1 && typeof args[0] === "string" && stringIncludes(args[0], "%")) {
    const { text, used } = formatTemplate(args, inspect);
    parts[parts.length] = text;
    rest = append([], args, used);
  }
  let length = 0;
  for (let index = 0; index < rest.length; index++) {
    const value = rest[index];
    const text = typeof value === "string" ? value : inspect(value);
    parts[parts.length] = text;
    length += text.length;
    if (length > charactersMax) {
      break;
    }
  }
  return cut(join(parts, " "), charactersMax);
}

export function inspect(value, { depth = depthMax } = {}) {
  const printer = new Printer(depth);
  return cut(printer.print(value, 0, true), charactersMax);
}

function cut(text, length) {
  return text.length > length ? `${stringToWellFormed(stringSlice(text, 0, length))}…` : text;
}

class Printer {
  constructor(depthLimit) {
    this.depthLimit = depthLimit;
    this.left = charactersMax;
    this.ancestors = [];
  }

  print(value, depth, isTop = false) {
    const text = this.text(value, depth, isTop);
    this.left -= text.length;
    return text;
  }

  text(value, depth, isTop) {
    switch (typeof value) {
      case "string":
        return jsonStringify(cut(value, mathMax(this.left, 0)));
      case "number":
        return objectIs(value, -0) ? "-0" : String(value);
      case "bigint":
        return `${value}n`;
      case "object":
      case "function":
        return value === null ? "null" : this.guarded(value, depth, isTop);
      default:
        return String(value);
    }
  }

  guarded(value, depth, isTop) {
    if (holds(this.ancestors, value)) {
      return "[Circular]";
    }
    this.ancestors[this.ancestors.length] = value;
    const height = this.ancestors.length;
    try {
      return this.object(value, depth, isTop);
    } catch {
      return typeof value === "function" ? "[Function]" : "[Object]";
    } finally {
      this.ancestors.length = height - 1;
    }
  }

  object(value, depth, isTop) {
    const custom = dataProperty(value, symbolInspect);
    if (typeof custom === "function") {
      const text = reflectApply(custom, value, [this.depthLimit - depth, {}, inspect]);
      if (text !== value) {
        return typeof text === "string" ? text : this.print(text, depth + 1);
      }
    }
    return this.structure(value, depth, isTop);
  }

  // Name, brackets, entries, members: `Map(1) { "a" => 1 }`, `[ 1, 2 ]`, `Point { x: 1 }`.
  structure(value, depth, isTop) {
    const known = describeKnown(value, isTop);
    const members = known?.closed ? [] : this.memberKeys(value, known);
    if (known !== undefined && known.items === undefined && members.length === 0) {
      return known.text;
    }
    const isList = known?.brackets === "[]" || arrayIsArray(value);
    const name = known?.text ?? prefix(value, arrayIsArray(value) ? "Array" : "Object");
    if (depth > this.depthLimit) {
      const plain = name === "" ? (isList ? "Array" : "Object") : name;
      return `[${plain}]`;
    }
    const items = known?.items ?? (arrayIsArray(value) ? this.arrayItems(value) : undefined);
    const parts = append(this.items(items, depth), this.members(value, members, depth));
    const open = isList ? "[" : "{";
    const close = isList ? "]" : "}";
    const body = parts.length === 0 ? `${open}${close}` : `${open} ${join(parts, ", ")} ${close}`;
    return name === "" ? body : `${name} ${body}`;
  }

  // Array elements come from `items`; what else an array carries is printed like a member.
  memberKeys(value, known) {
    const isIndexed = arrayIsArray(value);
    const keys = filter(reflectOwnKeys(value), (key) =>
      propertyOf(value, key)?.enumerable === true &&
      !(isIndexed && typeof key === "string" && isMatch(/^\d+$/, key)));
    return known?.hidden === undefined ? keys : filter(keys, (key) => !holds(known.hidden, key));
  }

  // The entries of a list, a set or a map, up to a limit.
  items(items, depth) {
    const parts = [];
    if (items === undefined) {
      return parts;
    }
    const { values, size } = items;
    for (let index = 0; index < size; index++) {
      if (index === itemsMax || this.left <= 0) {
        parts[parts.length] = more(size - index, "item");
        break;
      }
      parts[parts.length] = this.item(values[index], items.kind, depth + 1);
    }
    return parts;
  }

  item(item, kind, depth) {
    switch (kind) {
      case "pairs":
        return `${this.print(item[0], depth)} => ${this.print(item[1], depth)}`;
      case "slots":
        return this.slot(item, depth);
      default:
        return this.print(item, depth);
    }
  }

  // One property by its descriptor; a hole in an array has none.
  slot(descriptor, depth) {
    if (descriptor === undefined) {
      return "<empty>";
    }
    return "value" in descriptor
      ? this.print(descriptor.value, depth)
      : accessorText(descriptor);
  }

  arrayItems(array) {
    const values = [];
    for (let index = 0; index < mathMin(array.length, itemsMax + 1); index++) {
      values[values.length] = propertyOf(array, index);
    }
    return { values, size: array.length, kind: "slots" };
  }

  members(value, keys, depth) {
    const parts = [];
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      if (parts.length === itemsMax || this.left <= 0) {
        parts[parts.length] = more(keys.length - parts.length, "key");
        break;
      }
      const name = typeof key === "symbol" ? `[${String(key)}]` : keyText(key);
      this.left -= name.length;
      const text = this.slot(propertyOf(value, key), depth + 1);
      parts[parts.length] = `${name}: ${text}`;
    }
    return parts;
  }
}

function accessorText(descriptor) {
  if (descriptor.set === undefined) {
    return "[Getter]";
  }
  return descriptor.get === undefined ? "[Setter]" : "[Getter/Setter]";
}

function more(count, noun) {
  return `... ${count} more ${noun}${count === 1 ? "" : "s"}`;
}

function keyText(key) {
  return isMatch(/^[A-Za-z_$][\w$]*$/, key) ? key : jsonStringify(key);
}

// The value of a property along the prototypes, found without calling a getter.
export function dataProperty(object, key) {
  let holder = object;
  for (let steps = 0; holder !== null && steps < 100; steps++) {
    const descriptor = propertyOf(holder, key);
    if (descriptor !== undefined) {
      return descriptor.value;
    }
    holder = objectGetPrototypeOf(holder);
  }
  return undefined;
}

// The class of an object where it is not the usual one.
function prefix(value, usual) {
  if (objectGetPrototypeOf(value) === null) {
    return `[${usual}: null prototype]`;
  }
  const constructor = dataProperty(value, "constructor");
  const name = typeof constructor === "function" ? dataProperty(constructor, "name") : undefined;
  return typeof name !== "string" || name === "" || name === usual ? "" : name;
}
