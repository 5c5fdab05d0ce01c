// What the modules that functions require get of the runtime, under the name `hookstead:internals`.
// Functions cannot ask for it.

export * from "../bytes.js";
export * from "../encodings.js";
export * from "../lists.js";
export * from "../primordials.js";
export { bufferFrom, bufferOf, bufferToString, loadBuffer } from "../buffer.js";
export { host } from "../host.js";
export { setImmediate } from "./timers.js";
