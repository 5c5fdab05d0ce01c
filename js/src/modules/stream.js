// `require("stream")`: the streams of Node.js 10, which is what `readable-stream` 3 is made from.

import stream from "readable-stream/readable-browser.js";

export default stream;
