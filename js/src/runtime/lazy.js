// Properties that are made when somebody looks. Most functions look at few of what they get.

// Gives `target` a property whose value `load` makes at the first look; an assignment replaces it
// as it would replace a plain value.
export function defineLazily(target, name, load, enumerable = true) {
  const become = (value) => Object.defineProperty(target, name, {
    value, writable: true, enumerable, configurable: true,
  });
  Object.defineProperty(target, name, {
    get: () => {
      const value = load();
      // A bundler renames a class that refers to itself, and the name shows in logs.
      if (typeof value === "function" && value.name !== name) {
        Object.defineProperty(value, "name", { value: name, configurable: true });
      }
      become(value);
      return value;
    },
    set: become,
    enumerable,
    configurable: true,
  });
}
