// `performance`: the time of the run.

import { dateNow } from "../primordials.js";
import { host } from "../host.js";

export const performance = {
  now: () => host.monotonic_ms(),
  get timeOrigin() {
    return dateNow() - host.monotonic_ms();
  },
};
