//! From the requests to the writer, without making requests wait.

use std::{
    io::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use crate::{Entry, Style};

/// How long the end of a program waits for the writer: it may be stuck for good.
const FINISH_TIME: Duration = Duration::from_secs(2);

/// What waits for the writer.
#[derive(Debug, Clone, Copy)]
pub struct JournalLimits {
    /// Entries that wait; more are dropped.
    pub entries_queued_max: usize,
    /// Bytes of entries that wait; more are dropped.
    pub bytes_queued_max: usize,
}

impl Default for JournalLimits {
    fn default() -> Self {
        Self { entries_queued_max: 8192, bytes_queued_max: 32 << 20 }
    }
}

/// Takes entries and writes them, in order, on a thread of its own.
///
/// Dropping the journal writes what still waits.
pub struct Journal {
    sender: Option<SyncSender<Record>>,
    queue: Arc<Queue>,
    limits: JournalLimits,
    /// Disconnected when the writer has ended. Locked only to make the journal shareable.
    finished: Mutex<Receiver<()>>,
}

enum Record {
    Entry(Box<Entry>),
    Notice(String),
}

/// What requests and the writer both count.
#[derive(Default)]
struct Queue {
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Journal {
    /// Writes to `out`, which nobody else should write lines to.
    pub fn new(out: impl Write + Send + 'static, style: Style, limits: JournalLimits) -> Self {
        let (sender, receiver) = sync_channel(limits.entries_queued_max);
        let (done, finished) = sync_channel::<()>(1);
        let queue = Arc::new(Queue::default());
        let writer = Writer { out, style, queue: Arc::clone(&queue), text: String::new() };
        let run = move || {
            writer.run(&receiver);
            drop(done);
        };
        let spawned = thread::Builder::new().name("journal".into()).spawn(run);
        // Without a thread the receiver is gone, and every entry counts as dropped.
        drop(spawned);
        Self { sender: Some(sender), queue, limits, finished: Mutex::new(finished) }
    }

    /// Hands an entry over. Never waits.
    pub fn record(&self, entry: Entry) {
        self.send(entry.bytes(), Record::Entry(Box::new(entry)));
    }

    /// Tells the operator something that belongs to no request. Never waits.
    pub fn notice(&self, text: impl Into<String>) {
        let text = text.into();
        self.send(text.len(), Record::Notice(text));
    }

    fn send(&self, bytes: usize, record: Record) {
        let before = self.queue.bytes.fetch_add(bytes, Ordering::Relaxed);
        let room = before.saturating_add(bytes) <= self.limits.bytes_queued_max;
        let sender = self.sender.as_ref().filter(|_| room);
        let sent = sender.is_some_and(|sender| sender.try_send(record).is_ok());
        if !sent {
            self.queue.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // The writer ends when the last sender is gone and the queue is empty.
        self.sender = None;
        let finished = self.finished.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = finished.recv_timeout(FINISH_TIME);
    }
}

struct Writer<W> {
    out: W,
    style: Style,
    queue: Arc<Queue>,
    text: String,
}

impl<W: Write> Writer<W> {
    fn run(mut self, receiver: &Receiver<Record>) {
        /// One write per batch: a busy server should not make a system call per line.
        const BATCH_BYTES: usize = 64 << 10;
        while let Ok(first) = receiver.recv() {
            self.text.clear();
            self.add(first);
            while self.text.len() < BATCH_BYTES
                && let Ok(next) = receiver.try_recv()
            {
                self.add(next);
            }
            self.flush();
        }
        self.text.clear();
        self.flush();
    }

    fn add(&mut self, record: Record) {
        let bytes = match record {
            Record::Entry(entry) => {
                self.style.entry(&entry, &mut self.text);
                entry.bytes()
            }
            Record::Notice(notice) => {
                self.style.notice(&notice, &mut self.text);
                notice.len()
            }
        };
        self.queue.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn flush(&mut self) {
        let dropped = self.queue.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let notice = format!("{dropped} log entries dropped: the log is read too slowly");
            self.style.notice(&notice, &mut self.text);
        }
        // A log that cannot be written must not take the server with it.
        let _ = self.out.write_all(self.text.as_bytes());
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::mpsc::{Sender, channel},
    };

    use super::*;
    use crate::{LogFormat, format::tests::example};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes nothing until its gate opens.
    struct Stuck {
        gate: Receiver<()>,
        reached: Sender<()>,
        out: Shared,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.reached.send(());
            let _ = self.gate.recv();
            self.out.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_is_written_in_order_before_the_journal_is_gone() {
        let out = Shared::default();
        let journal = Journal::new(out.clone(), Style::default(), JournalLimits::default());
        for status in 200..300 {
            journal.record(Entry { status, ..example() });
        }
        journal.notice("bye\x1b");
        drop(journal);
        let text = out.text();
        let status = |line: &str| line.split(' ').nth(1).unwrap().to_owned();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 101);
        assert!((200..300).zip(&lines).all(|(code, line)| status(line) == code.to_string()));
        assert_eq!(lines[100], "bye\\u{1b}");
    }

    #[test]
    fn a_stuck_writer_costs_entries_and_never_time() {
        let (open, gate) = channel();
        let (reached, stuck) = channel();
        let out = Shared::default();
        let writer = Stuck { gate, reached, out: out.clone() };
        let style = Style { format: LogFormat::Human, colors: false };
        let limits = JournalLimits { entries_queued_max: 10, ..JournalLimits::default() };
        let journal = Journal::new(writer, style, limits);
        journal.record(example());
        stuck.recv().unwrap();
        for _ in 0..30 {
            journal.record(example());
        }
        drop(open);
        drop(journal);
        let text = out.text();
        assert_eq!(text.lines().filter(|line| line.contains(" 200 ")).count(), 11);
        assert!(text.contains("20 log entries dropped"), "{text}");
    }

    #[test]
    fn large_entries_are_counted_by_their_size() {
        let (open, gate) = channel();
        let (reached, stuck) = channel();
        let out = Shared::default();
        let writer = Stuck { gate, reached, out: out.clone() };
        let limits = JournalLimits { entries_queued_max: 1000, bytes_queued_max: 100_000 };
        let journal = Journal::new(writer, Style::default(), limits);
        journal.notice("first");
        stuck.recv().unwrap();
        for _ in 0..10 {
            journal.notice("x".repeat(30_000));
        }
        drop(open);
        drop(journal);
        assert_eq!(out.text().lines().filter(|line| line.starts_with("xxx")).count(), 3);
        assert!(out.text().contains("7 log entries dropped"));
    }
}
