// `require("http2")`: a function has no sockets.

import { unavailable } from "./support/unavailable.js";

export default unavailable("http2", [
  "Http2ServerRequest", "Http2ServerResponse", "connect", "createSecureServer", "createServer",
  "getDefaultSettings", "getPackedSettings", "getUnpackedSettings",
], { constants: {} });
