// What `console.log` prints: several values on one line, in the manner of Node's inspect.
//
// A log line is read by people and must never fail or change a run: getters are not called, depth
// and size are limited, and an object that throws when it is looked at prints as `[Object]`.
// One entry stays one line, apart from line breaks inside strings and stacks.

import { formatTemplate } from "./inspect/template.js";
import { describeKnown } from "./inspect/known.js";

const charactersMax = 16384;
const itemsMax = 100;
const depthMax = 4;
const customInspect = Symbol.for("nodejs.util.inspect.custom");

// All arguments of one console call.
export function format(...args) {
  const parts = [];
  let rest = args;
  if (args.length > 1 && typeof args[0] === "string" && args[0].includes("%")) {
    const { text, used } = formatTemplate(args, inspect);
    parts.push(text);
    rest = args.slice(used);
  }
  let length = 0;
  for (const value of rest) {
    const text = typeof value === "string" ? value : inspect(value);
    parts.push(text);
    length += text.length;
    if (length > charactersMax) {
      break;
    }
  }
  return cut(parts.join(" "), charactersMax);
}

export function inspect(value, { depth = depthMax } = {}) {
  const printer = new Printer(depth);
  return cut(printer.print(value, 0, true), charactersMax);
}

function cut(text, length) {
  return text.length > length ? `${text.slice(0, length).toWellFormed()}…` : text;
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
        return JSON.stringify(cut(value, Math.max(this.left, 0)));
      case "number":
        return Object.is(value, -0) ? "-0" : String(value);
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
    if (this.ancestors.includes(value)) {
      return "[Circular]";
    }
    this.ancestors.push(value);
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
    const custom = dataProperty(value, customInspect);
    if (typeof custom === "function") {
      const text = custom.call(value, this.depthLimit - depth, {}, inspect);
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
    const isList = known?.brackets === "[]" || Array.isArray(value);
    const name = known?.text ?? prefix(value, Array.isArray(value) ? "Array" : "Object");
    if (depth > this.depthLimit) {
      const plain = name === "" ? (isList ? "Array" : "Object") : name;
      return `[${plain}]`;
    }
    const items = known?.items ?? (Array.isArray(value) ? this.arrayItems(value) : undefined);
    const parts = this.items(items, depth).concat(this.members(value, members, depth));
    const [open, close] = isList ? "[]" : "{}";
    const body = parts.length === 0 ? `${open}${close}` : `${open} ${parts.join(", ")} ${close}`;
    return name === "" ? body : `${name} ${body}`;
  }

  // Array elements come from `items`; what else an array carries is printed like a member.
  memberKeys(value, known) {
    const isIndexed = Array.isArray(value);
    const keys = Reflect.ownKeys(value).filter((key) =>
      Object.getOwnPropertyDescriptor(value, key)?.enumerable === true &&
      !(isIndexed && typeof key === "string" && /^\d+$/.test(key)));
    return known?.hidden === undefined ? keys : keys.filter((key) => !known.hidden.includes(key));
  }

  // The entries of a list, a set or a map, up to a limit.
  items(items, depth) {
    const parts = [];
    if (items === undefined) {
      return parts;
    }
    let count = 0;
    for (const item of items.values) {
      if (count === itemsMax || this.left <= 0) {
        parts.push(more(items.size - count, "item"));
        break;
      }
      count++;
      parts.push(this.item(item, items.kind, depth + 1));
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
    for (let index = 0; index < Math.min(array.length, itemsMax + 1); index++) {
      values.push(Object.getOwnPropertyDescriptor(array, index));
    }
    return { values, size: array.length, kind: "slots" };
  }

  members(value, keys, depth) {
    const parts = [];
    for (const key of keys) {
      if (parts.length === itemsMax || this.left <= 0) {
        parts.push(more(keys.length - parts.length, "key"));
        break;
      }
      const name = typeof key === "symbol" ? `[${String(key)}]` : keyText(key);
      this.left -= name.length;
      const text = this.slot(Object.getOwnPropertyDescriptor(value, key), depth + 1);
      parts.push(`${name}: ${text}`);
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
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

// The value of a property along the prototypes, found without calling a getter.
export function dataProperty(object, key) {
  let holder = object;
  for (let steps = 0; holder !== null && steps < 100; steps++) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key);
    if (descriptor !== undefined) {
      return descriptor.value;
    }
    holder = Object.getPrototypeOf(holder);
  }
  return undefined;
}

// The class of an object where it is not the usual one.
function prefix(value, usual) {
  if (Object.getPrototypeOf(value) === null) {
    return `[${usual}: null prototype]`;
  }
  const constructor = dataProperty(value, "constructor");
  const name = typeof constructor === "function" ? dataProperty(constructor, "name") : undefined;
  return typeof name !== "string" || name === "" || name === usual ? "" : name;
}
