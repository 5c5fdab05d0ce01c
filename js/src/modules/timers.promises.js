// `require("timers/promises")`.

const { Promise, setImmediate, setTimeout } = globalThis;

export default {
  setImmediate: (value) => new Promise((resolve) => {
    setImmediate(() => resolve(value));
  }),
  setTimeout: (milliseconds, value) => new Promise((resolve) => {
    setTimeout(() => resolve(value), milliseconds);
  }),
};
