// `require("stream/promises")`.

import { reflectApply } from "hookstead:internals";
import stream from "stream";

const { Promise } = globalThis;

// The `then` of what is made here belongs to the function, as its promises do.
const promised = (call) => new Promise((resolve, reject) => {
  call((error) => (error ? reject(error) : resolve(undefined)));
});

export default {
  finished: (target, options = {}) => promised((done) => stream.finished(target, options, done)),
  pipeline: (...streams) => promised((done) => {
    streams[streams.length] = done;
    reflectApply(stream.pipeline, stream, streams);
  }),
};
