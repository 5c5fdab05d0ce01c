// `require("v8")`: the engine is another one.

import { unavailable } from "./support/unavailable.js";

export default unavailable("v8", [
  "Deserializer", "Serializer", "deserialize", "getHeapSnapshot", "getHeapSpaceStatistics",
  "getHeapStatistics", "serialize", "setFlagsFromString", "writeHeapSnapshot",
]);
