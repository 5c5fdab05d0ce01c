// `require("net")`: addresses can be told apart; there are no sockets yet.

import { Number, RegExp, isMatch } from "hookstead:internals";
import { unavailable } from "./support/unavailable.js";

const PART = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const VERSION_4 = `(?:${PART}\\.){3}${PART}`;
const WORD = "[\\da-f]{1,4}";
const VERSION_6 = new RegExp(
  `^(?:(?:${WORD}:){7}(?:${WORD}|:)|(?:${WORD}:){6}(?:${VERSION_4}|:${WORD}|:)`
  + `|(?:${WORD}:){5}(?::${VERSION_4}|(?::${WORD}){1,2}|:)`
  + `|(?:${WORD}:){4}(?:(?::${WORD}){0,1}:${VERSION_4}|(?::${WORD}){1,3}|:)`
  + `|(?:${WORD}:){3}(?:(?::${WORD}){0,2}:${VERSION_4}|(?::${WORD}){1,4}|:)`
  + `|(?:${WORD}:){2}(?:(?::${WORD}){0,3}:${VERSION_4}|(?::${WORD}){1,5}|:)`
  + `|(?:${WORD}:)(?:(?::${WORD}){0,4}:${VERSION_4}|(?::${WORD}){1,6}|:)`
  + `|:(?:(?::${WORD}){0,5}:${VERSION_4}|(?::${WORD}){1,7}|:))(?:%[\\w.-]+)?$`, "i");
const ONLY_VERSION_4 = new RegExp(`^${VERSION_4}$`);

const isIPv4 = (text) => isMatch(ONLY_VERSION_4, `${text}`);
const isIPv6 = (text) => isMatch(VERSION_6, `${text}`);

export default unavailable("net", [
  "BlockList", "Server", "Socket", "SocketAddress", "Stream", "connect", "createConnection",
  "createServer",
], { isIP: (text) => Number(isIPv4(text)) * 4 + Number(isIPv6(text)) * 6, isIPv4, isIPv6 });
