// `require("process")`: the global object.

export default globalThis.process;
