// `require("process")`: the global object.

export default process;
