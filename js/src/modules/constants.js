// `require("constants")`: those of other modules.

import fs from "fs";
import os from "os";

export default { ...os.constants.errno, ...os.constants.signals, ...fs.constants };
