// `require("cluster")`: a function starts no processes.

import { unavailable } from "./support/unavailable.js";

export default unavailable(
  "cluster", ["Worker", "disconnect", "fork", "setupMaster", "setupPrimary"],
  { isMaster: true, isPrimary: true, isWorker: false, settings: {}, workers: {} },
);
