// `require("timers")`: the global functions.

export default {
  clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout,
};
