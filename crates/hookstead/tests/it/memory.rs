//! Nobody can make the program hold more memory than it may, and hello goes on meanwhile.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::program::{Served, app_of, program};

/// The budget of the server under attack.
const MEMORY_MIB: u64 = 96;
/// What the program takes beside it: itself, and what is freed and not given back yet. A build for
/// tests takes more than others.
const BESIDE_MIB: u64 = 160;

const FILES: &[(&str, &str)] = &[
    ("functions/hello.js", "exports = () => 'hello';"),
    ("functions/parse.js", "exports = ({ body }) => JSON.parse(body.text()).length;"),
    ("functions/large.js", "exports = ({ query }) => 'x'.repeat(Number(query.bytes));"),
    (
        "functions/fetch.js",
        "exports = async ({ body }) => (await Promise.all(Array.from({ length: 25 }, () => \
         context.http.get({ url: body.text() })))).length;",
    ),
    (
        "functions/wait.js",
        "exports = async ({ body }) => (await context.http.get({ url: body.text() })).statusCode;",
    ),
    (
        "functions/cursors.js",
        "exports = async () => {
            const c = context.services.get('mongodb-atlas').db('shop').collection('large');
            const text = 'x'.repeat(1 << 20);
            for (let n = 0; n < 12; n++) await c.insertOne({ n, text });
            const open = [];
            for (let n = 0; n < 20; n++) {
                const cursor = await c.find({}).sort({ text: 1, n: -1 });
                await cursor.next();
                open.push(cursor);
            }
            return open.length;
        };",
    ),
    (
        "functions/log.js",
        "exports = async () => {
            for (let n = 0; n < 1000; n++) console.log('x'.repeat(8000));
            await new Promise((resolve) => setTimeout(resolve, 1000));
        };",
    ),
];

struct Attacked {
    served: Arc<Served>,
    _app: tempfile::TempDir,
}

impl Attacked {
    fn start() -> Self {
        let app = app_of(FILES);
        let settings = format!(
            "[limits]\nmemory_mib = {MEMORY_MIB}\nrun_memory_mib = 48\nruns_max = 4\n\
             response_time_s = 2\n[outbound]\nallow = [\"127.0.0.1\"]\n"
        );
        fs::write(app.path().join("hookstead.toml"), settings).unwrap();
        Self { served: Arc::new(Served::start(app.path(), &[])), _app: app }
    }

    fn call(&self, name: &str, body: &str) -> u16 {
        call(&self.served, name, body)
    }

    /// The statuses of calls that are made at once.
    fn at_once(&self, count: usize, name: &'static str, body: &str) -> Vec<u16> {
        let calls: Vec<_> = (0..count)
            .map(|_| {
                let (served, body) = (Arc::clone(&self.served), body.to_owned());
                thread::spawn(move || call(&served, name, &body))
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    }

    /// Asks hello as long as an attack goes on, and looks at the memory after it.
    fn under<T>(&self, attack: impl FnOnce() -> T) -> T {
        let is_over = Arc::new(AtomicBool::new(false));
        let (served, over) = (Arc::clone(&self.served), Arc::clone(&is_over));
        let hellos = thread::spawn(move || {
            let mut statuses = Vec::new();
            while statuses.is_empty() || !over.load(Ordering::Relaxed) {
                statuses.push(call(&served, "hello", ""));
                thread::sleep(Duration::from_millis(20));
            }
            statuses
        });
        let outcome = attack();
        is_over.store(true, Ordering::Relaxed);
        let hellos = hellos.join().unwrap();
        assert!(hellos.iter().all(|status| *status == 200), "hello goes on: {hellos:?}");
        let peak_mib = self.served.memory_kib("VmHWM") >> 10;
        assert!(peak_mib < MEMORY_MIB + BESIDE_MIB, "{peak_mib} MiB");
        outcome
    }

    /// Ends the server, which says what is still taken.
    fn stop(self) {
        assert_eq!(self.call("hello", ""), 200);
        let Ok(served) = Arc::try_unwrap(self.served) else { panic!("nobody else has it") };
        let (log, status) = served.stop();
        assert_eq!(status, 0);
        let line = log.lines().rev().find(|line| line.contains("of memory taken")).unwrap();
        let kibibytes: u64 = line.split_whitespace().nth(2).unwrap().parse().unwrap();
        // Isolates are still there.
        assert!(kibibytes < 20 << 10, "{line}");
    }
}

fn call(served: &Served, name: &str, body: &str) -> u16 {
    served.call("POST", &format!("/app/made-abcde/endpoint/{name}"), &[], body).status
}

/// A partner that answers so many bytes, or never.
fn partner(bytes: Option<usize>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            match bytes {
                None => held.push(stream),
                Some(bytes) => {
                    thread::spawn(move || answer(stream, bytes));
                }
            }
        }
    });
    url
}

fn answer(mut stream: TcpStream, bytes: usize) {
    let _ = stream.read(&mut [0; 4096]);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n");
    // The other side may have had enough.
    let _ = stream.write_all(head.as_bytes());
    let block = [b'x'; 65_536];
    let mut left = bytes;
    while left > 0 && stream.write_all(&block[..left.min(block.len())]).is_ok() {
        left = left.saturating_sub(block.len());
    }
}

#[test]
fn bodies_that_become_fifty_times_as_large() {
    let attacked = Attacked::start();
    let body = format!("[{}{{}}]", "{},".repeat(200_000));
    let statuses = attacked.under(|| attacked.at_once(6, "parse", &body));
    assert!(statuses.contains(&200), "{statuses:?}");
    let expected = |status: &u16| [200, 400, 429, 503].contains(status);
    assert!(statuses.iter().all(expected), "{statuses:?}");
    assert_eq!(attacked.call("parse", &body), 200, "there is room again");
    attacked.stop();
}

#[test]
fn answers_of_partners_count_against_the_run() {
    let attacked = Attacked::start();
    let url = partner(Some(8 << 20));
    let statuses = attacked.under(|| attacked.at_once(3, "fetch", &url));
    assert!(statuses.iter().all(|status| [400, 503].contains(status)), "{statuses:?}");
    assert_eq!(attacked.call("fetch", &partner(Some(1 << 10))), 200);
    attacked.stop();
}

#[test]
fn cursors_count_against_the_run() {
    let attacked = Attacked::start();
    let status = attacked.under(|| attacked.call("cursors", ""));
    assert_eq!(status, 400, "20 cursors of 12 MiB are more than a run may hold");
    attacked.stop();
}

#[test]
fn logs_of_runs_that_wait_are_counted() {
    let attacked = Attacked::start();
    let statuses = attacked.under(|| attacked.at_once(30, "log", ""));
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 429, 503].contains(status)), "{statuses:?}");
    attacked.stop();
}

#[test]
fn runs_that_wait_for_a_partner_delay_nobody() {
    let attacked = Attacked::start();
    let (url, address) = (partner(None), attacked.served.base.replace("http://", ""));
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            let head = "POST /app/made-abcde/endpoint/wait HTTP/1.1\r\nHost: x\r\n";
            let length = url.len();
            write!(stream, "{head}Content-Length: {length}\r\n\r\n{url}").unwrap();
            stream
        })
        .collect();
    // There are four places, and none of them is taken.
    attacked.under(|| {
        for _ in 0..20 {
            assert_eq!(attacked.call("hello", ""), 200);
        }
    });
    drop(waiting);
}

#[test]
fn responses_that_nobody_reads_are_given_up() {
    let attacked = Attacked::start();
    let address = attacked.served.base.replace("http://", "");
    attacked.under(|| {
        let unread: Vec<_> = (0..4).map(|_| ask_and_read_nothing(&address, 20)).collect();
        // Small responses are read, large ones are sent again when those have been given up.
        crate::program::eventually("a large response", || {
            attacked.call("large?bytes=4000000", "x") == 200
        });
        drop(unread);
    });
    attacked.stop();
}

/// A connection of HTTP/2 on which large responses wait, of which one byte each may come.
fn ask_and_read_nothing(address: &str, requests: u32) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // SETTINGS_INITIAL_WINDOW_SIZE
    push_frame(&mut sent, 4, 0, 0, &[0, 4, 0, 0, 0, 1]);
    let path = "/app/made-abcde/endpoint/large?bytes=2000000";
    let fields = [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "x")];
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    for request in 0..requests {
        push_frame(&mut sent, 1, 5, 2 * request + 1, &block);
    }
    stream.write_all(&sent).unwrap();
    stream
}

fn push_frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    out.extend_from_slice(&length[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// A heavy run wants an isolate of its own, which takes gigabytes of addresses.
#[test]
fn where_an_isolate_cannot_be_mapped_runs_share_those_that_there_are() {
    let app = app_of(&[(
        "functions/heavy.js",
        "exports = async () => {
            const kept = new Uint8Array(8e6).fill(1);
            await new Promise((resolve) => setTimeout(resolve, 500));
            return kept.length;
        };",
    )]);
    let binary = program(&[]).get_program().to_str().unwrap().to_owned();
    // Enough for one isolate (2.4 GiB) and the program, and not for two.
    let script = format!("ulimit -v 4500000; exec {binary} \"$@\"");
    let served = Arc::new(Served::start_through(&["sh", "-c", &script, "sh"], app.path()));
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let served = Arc::clone(&served);
            thread::spawn(move || call(&served, "heavy", ""))
        })
        .collect();
    let statuses: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
    assert_eq!(statuses, [200; 8]);
}
