// The engine makes most of its own functions when they are first asked for. In an image that would
// be again in every run, so all of them are asked for once, before there is one.

// That is a few thousand properties at every start: loops make no lists on the way.
export function makeBuiltins(globals) {
  const known = new Set();
  const waiting = [globals, ...hidden()];
  for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
    if (known.has(object)) {
      continue;
    }
    known.add(object);
    keepObject(waiting, Reflect.getPrototypeOf(object));
    for (const key of Reflect.ownKeys(object)) {
      // Every function has both, and they lead nowhere.
      if (key === "length" || key === "name") {
        continue;
      }
      const property = Reflect.getOwnPropertyDescriptor(object, key);
      keepObject(waiting, property?.value);
      keepObject(waiting, property?.get);
      keepObject(waiting, property?.set);
    }
  }
}

function keepObject(waiting, value) {
  if (typeof value === "function" || (typeof value === "object" && value !== null)) {
    waiting.push(value);
  }
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
