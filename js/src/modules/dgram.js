// `require("dgram")`: a function has no sockets.

import { unavailable } from "./support/unavailable.js";

export default unavailable("dgram", ["Socket", "createSocket"]);
