const stream = require("stream");
const { promisify } = require("util");

exports = async () => {
  const source = new stream.PassThrough({ objectMode: true });
  const seen = [];
  const sink = new stream.Writable({
    objectMode: true,
    write: (value, encoding, done) => {
      seen.push(value);
      done();
    },
  });
  source.write("ab");
  source.end("cd");
  await promisify(stream.pipeline)(source, sink);
  return seen;
};
