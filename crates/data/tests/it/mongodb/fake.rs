//! A server that answers what a test says, and remembers what it was asked: for what a real one
//! does only when it feels like it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use bson::{DateTime, Document, RawDocument, Timestamp, doc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What it does with a command.
pub(crate) enum Reply {
    /// Answers; `ok` is added.
    Say(Document),
    /// Hangs up.
    HangUp,
    /// Nothing, for ever.
    Nothing,
}

/// A failed command.
pub(crate) fn refuse(code: i32, message: &str, labels: &[&str]) -> Reply {
    Reply::Say(doc! { "ok": 0, "code": code, "errmsg": message, "errorLabels": labels })
}

/// See the top of the file. It ends with the runtime of the test.
pub(crate) struct Fake {
    pub(crate) uri: String,
    asked: Arc<Mutex<Vec<Document>>>,
}

/// The answer to a command, with the number of commands before it.
type Answers = Arc<dyn Fn(&Document, usize) -> Reply + Send + Sync>;

impl Fake {
    pub(crate) async fn start(
        answer: impl Fn(&Document, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::default();
        let fake = Self { uri: format!("mongodb://{address}/"), asked: Arc::clone(&asked) };
        let answers: Answers = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
                let address = address.clone();
                // That the client hangs up is no failure.
                tokio::spawn(async move {
                    let _ = talk(stream, &address, &answers, &asked).await;
                });
            }
        });
        fake
    }

    /// All commands but greetings and goodbyes, in the order in which they came.
    pub(crate) fn asked(&self) -> Vec<Document> {
        self.asked.lock().unwrap().clone()
    }
}

async fn talk(
    mut stream: TcpStream,
    address: &str,
    answers: &Answers,
    asked: &Mutex<Vec<Document>>,
) -> io::Result<()> {
    /// The code of the greeting, which comes in a form of its own.
    const QUERY: i32 = 2004;
    loop {
        let mut header = [0; 16];
        stream.read_exact(&mut header).await?;
        let [length, id, _, code] = header.as_chunks::<4>().0 else { return Ok(()) };
        let length = usize::try_from(i32::from_le_bytes(*length)).unwrap();
        let mut body = vec![0; length - header.len()];
        stream.read_exact(&mut body).await?;
        if i32::from_le_bytes(*code) == QUERY {
            stream.write_all(&old_message(*id, &greeting(address))).await?;
            continue;
        }
        let command = command(&body);
        let reply = match command.keys().next().map(String::as_str) {
            Some("hello" | "isMaster" | "ismaster") => Reply::Say(greeting(address)),
            Some("endSessions") => Reply::Say(doc! {}),
            _ => {
                let before = {
                    let mut asked = asked.lock().unwrap();
                    asked.push(command.clone());
                    asked.len() - 1
                };
                answers(&command, before)
            }
        };
        match reply {
            Reply::Say(document) => stream.write_all(&message(*id, document)).await?,
            Reply::HangUp => return Ok(()),
            Reply::Nothing => std::future::pending().await,
        }
    }
}

fn greeting(address: &str) -> Document {
    doc! {
        "ok": 1, "helloOk": true, "ismaster": true, "isWritablePrimary": true, "secondary": false,
        "setName": "rs", "hosts": [address], "me": address, "readOnly": false,
        "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000, "logicalSessionTimeoutMinutes": 30, "connectionId": 1,
        "minWireVersion": 0, "maxWireVersion": 25, "localTime": DateTime::now(),
    }
}

/// The document of a message: behind flags and a byte that says that it is one.
fn command(body: &[u8]) -> Document {
    let (length, _) = body[5..].split_first_chunk().unwrap();
    let length = usize::try_from(i32::from_le_bytes(*length)).unwrap();
    let document = RawDocument::from_bytes(&body[5..5 + length]).unwrap();
    Document::try_from(document).unwrap()
}

fn message(to: [u8; 4], mut document: Document) -> Vec<u8> {
    document.entry("ok").or_insert(1.into());
    document.insert("operationTime", Timestamp { time: 7, increment: 1 });
    framed(to, 2013, &[0; 5], &document)
}

fn old_message(to: [u8; 4], document: &Document) -> Vec<u8> {
    let mut start = [0; 20];
    start[16] = 1;
    framed(to, 1, &start, document)
}

fn framed(to: [u8; 4], code: i32, start: &[u8], document: &Document) -> Vec<u8> {
    let body = document.to_vec().unwrap();
    let length = i32::try_from(16 + start.len() + body.len()).unwrap();
    let header = [length.to_le_bytes(), [1, 0, 0, 0], to, code.to_le_bytes()].concat();
    [&header, start, &body].concat()
}
