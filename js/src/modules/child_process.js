// `require("child_process")`: a function starts no programs.

import { unavailable } from "./support/unavailable.js";

export default unavailable("child_process", [
  "ChildProcess", "exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync",
]);
