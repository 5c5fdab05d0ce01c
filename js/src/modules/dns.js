// `require("dns")`: a function looks up no names yet.

import { unavailable } from "./support/unavailable.js";

const NAMES = [
  "Resolver", "getServers", "lookup", "lookupService", "resolve", "resolve4", "resolve6",
  "resolveAny", "resolveCname", "resolveMx", "resolveNs", "resolveSrv", "resolveTxt", "reverse",
  "setServers",
];

export default unavailable("dns", NAMES, {
  ADDRCONFIG: 32, V4MAPPED: 8, promises: unavailable("dns.promises", NAMES),
});
