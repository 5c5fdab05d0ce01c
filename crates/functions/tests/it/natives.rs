//! Natives that take long: what they return, whoever runs beside them.

use hookstead_functions::{Call, Functions, Settings};

use crate::case::{definition, invocation};

/// Each takes a number that makes its input and its result another one, and is long enough to be
/// handed to another thread, or to be suspended.
const SOURCES: [&str; 11] = [
    "crypto.pbkdf2Sync(`word ${n}`, 'salt', 3000, 32, 'sha256').toString('hex')",
    "crypto.createHash('sha512').update(large(n)).digest('hex')",
    "crypto.createHmac('sha1', `key ${n}`).update(large(n)).digest('hex')",
    "hash(large(n).toString('base64')) + hash(Buffer.from(large(n).toString('base64'), 'base64'))",
    "hash(large(n).toString('hex'))",
    "seal(n).map(hash).join()",
    "(() => { const [sealed, tag] = seal(n); return hash(open(n, sealed, tag)) })()",
    "hash(new TextDecoder().decode(large(n)))",
    "hash(zlib.gzipSync(large(n)).length + '') + hash(zlib.gunzipSync(zlib.gzipSync(large(n))))",
    "hash(JSON.stringify(JSON.parse(JSON.stringify(new Array(5e4).fill(n)))))",
    "hash(new URL('http://localhost/' + `a ${n}`.repeat(3e4)).href)",
];

const HELPERS: &str = "
const crypto = require('crypto');
const zlib = require('zlib');
const large = (n) => Buffer.alloc(3e5 + n, `text ${n} `);
const hash = (data) => crypto.createHash('sha256').update(data).digest('hex');
const seal = (n) => {
  const c = crypto.createCipheriv('aes-256-gcm', Buffer.alloc(32, n), Buffer.alloc(12));
  return [Buffer.concat([c.update(large(n)), c.final()]), c.getAuthTag()];
};
const open = (n, sealed, tag) => {
  const d = crypto.createDecipheriv('aes-256-gcm', Buffer.alloc(32, n), Buffer.alloc(12));
  d.setAuthTag(tag);
  return Buffer.concat([d.update(sealed), d.final()]);
};
";

/// On one thread, so that one is in the middle of its call while the other one has its turn.
#[test]
fn two_runs_at_once_return_what_each_returns_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for source in SOURCES {
        let text = format!("{HELPERS} exports = (n) => {source};");
        let functions =
            Functions::load(definition(&text), Settings::default()).expect("functions load");
        let run = async |n: u8| {
            let called = functions.invoke(invocation(Call::Arguments(format!("[{n}]")))).await;
            called.outcome.expect(source).result.expect("a result")
        };
        let (one, two) = runtime.block_on(async { (run(1).await, run(2).await) });
        assert_ne!(one, two, "{source}");
        let (first, second) = runtime.block_on(async { tokio::join!(run(1), run(2)) });
        assert_eq!((first, second), (one, two), "{source}");
    }
}
