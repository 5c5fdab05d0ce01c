// `require("timers")`: the global functions.

const {
  clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout,
} = globalThis;

export default {
  clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout,
};
