// `require("async_hooks")`: resources that run what they are given. What follows a call over the
// turns of a run is not there yet.

import { reflectApply } from "hookstead:internals";
import { unavailable } from "./support/unavailable.js";

class AsyncResource {
  constructor(type) {
    this.type = type;
  }

  static bind(callback) {
    return callback;
  }

  asyncId() {
    return 1;
  }

  bind(callback) {
    return callback;
  }

  emitDestroy() {
    return this;
  }

  runInAsyncScope(callback, receiver, ...given) {
    return reflectApply(callback, receiver, given);
  }

  triggerAsyncId() {
    return 0;
  }
}

export default unavailable("async_hooks", ["AsyncLocalStorage", "createHook"], {
  AsyncResource, executionAsyncId: () => 1, triggerAsyncId: () => 0,
});
