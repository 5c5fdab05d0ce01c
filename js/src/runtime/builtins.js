// The engine makes most of its own functions when they are first asked for. In an image that would
// be again in every run, so all of them are asked for once, before there is one.

export function makeBuiltins(globals) {
  const known = new Set();
  const waiting = [globals, ...hidden()];
  for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
    if (known.has(object)) {
      continue;
    }
    known.add(object);
    for (const value of parts(object)) {
      const isObject = typeof value === "object" || typeof value === "function";
      if (isObject && value !== null) {
        waiting.push(value);
      }
    }
  }
}

function parts(object) {
  const properties = Reflect.ownKeys(object).flatMap((key) => {
    const { value, get, set } = Reflect.getOwnPropertyDescriptor(object, key);
    return [value, get, set];
  });
  return [Reflect.getPrototypeOf(object), ...properties];
}

// What no property leads to.
function hidden() {
  const iterables = ["", [], new Map(), new Set(), "".matchAll(/x/g)];
  return [
    ...iterables.map((iterable) => iterable[Symbol.iterator]()),
    function* () {},
    async () => {},
    async function* () {},
    (function* () {})(),
    (async function* () {})(),
  ];
}
