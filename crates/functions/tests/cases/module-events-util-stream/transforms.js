const { PassThrough, Readable, Transform, Writable } = require("stream");

class Upper extends Transform {
  _transform(chunk, encoding, done) {
    done(null, chunk.toString().toUpperCase());
  }
}

exports = () => new Promise((resolve, reject) => {
  let text = "";
  const source = new Readable({ read() {} });
  const sink = new Writable({
    write(chunk, encoding, done) {
      text += chunk;
      done();
    },
  });
  source.pipe(new Upper()).pipe(new PassThrough()).pipe(sink);
  sink.on("finish", () => resolve(text)).on("error", reject);
  source.push("hello ");
  source.push(Buffer.from("world"));
  source.push(null);
});
