// `require("https")`: calls are `context.http`'s and `fetch`'s yet.

import http from "http";
import { unavailable } from "./support/unavailable.js";

const https = unavailable("https", ["Server", "createServer", "get", "request"]);
https.Agent = http.Agent;
https.globalAgent = new http.Agent();

export default https;
