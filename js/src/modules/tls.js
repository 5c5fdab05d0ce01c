// `require("tls")`: a function has no sockets yet.

import { unavailable } from "./support/unavailable.js";

export default unavailable("tls", [
  "SecureContext", "Server", "TLSSocket", "checkServerIdentity", "connect",
  "createSecureContext", "createServer", "getCiphers",
], {
  DEFAULT_MAX_VERSION: "TLSv1.3", DEFAULT_MIN_VERSION: "TLSv1.2", rootCertificates: [],
});
