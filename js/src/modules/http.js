// `require("http")`: what describes HTTP is there; calls are `context.http`'s and `fetch`'s yet.

import { METHODS, STATUS_CODES } from "./support/http.js";
import { unavailable } from "./support/unavailable.js";

const http = unavailable("http", [
  "ClientRequest", "IncomingMessage", "OutgoingMessage", "Server", "ServerResponse",
  "createServer", "get", "request",
], { METHODS, STATUS_CODES, maxHeaderSize: 16384 });

// Packages make classes out of it, and objects as they are loaded.
http.Agent = function Agent(options) {
  this.options = { ...options };
};
http.Agent.prototype.destroy = () => {};
http.globalAgent = new http.Agent();

export default http;
