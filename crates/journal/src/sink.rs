//! From the requests to the writer, without making requests wait.

use std::{
    cell::RefCell,
    io::Write,
    mem,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread,
    time::Duration,
};

use crate::{Entry, Style};

/// How long the end of a program waits for the writer: it may be stuck for good.
const FINISH_TIME: Duration = Duration::from_secs(2);

/// How long the writer lets entries gather once there is one: a busy server should neither wake a
/// thread nor make a system call for each.
const GATHER_TIME: Duration = Duration::from_millis(1);

/// A buffer that has grown beyond this is given back.
const BUFFER_BYTES_KEPT: usize = 256 << 10;

thread_local! {
    /// Where a thread spells out an entry before it takes the lock.
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

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
        Self { entries_queued_max: 65_536, bytes_queued_max: 32 << 20 }
    }
}

/// Takes entries and writes them, in order, on a thread of its own.
///
/// Dropping the journal writes what still waits.
pub struct Journal {
    queue: Arc<Queue>,
    style: Style,
    limits: JournalLimits,
    /// Disconnected when the writer has ended. Locked only to make the journal shareable.
    finished: Mutex<Receiver<()>>,
}

/// What requests fill and the writer empties.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: String,
    entries: usize,
    dropped: u64,
    /// Whether the writer has to be woken.
    is_asleep: bool,
    is_closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    /// Writes to `out`, which nobody else should write lines to.
    pub fn new(out: impl Write + Send + 'static, style: Style, limits: JournalLimits) -> Self {
        let (done, finished) = sync_channel::<()>(1);
        let queue = Arc::new(Queue::default());
        let writer = Writer { out, style, queue: Arc::clone(&queue), text: String::new() };
        let run = move || {
            writer.run();
            drop(done);
        };
        let spawned = thread::Builder::new().name("journal".into()).spawn(run);
        // Without a thread entries gather up to their limit and the rest are dropped.
        drop(spawned);
        Self { queue, style, limits, finished: Mutex::new(finished) }
    }

    /// Writes an entry down. Never waits for whoever reads it.
    pub fn record(&self, entry: &Entry<'_>) {
        self.add(|line| self.style.entry(entry, line));
    }

    /// Tells the operator something that belongs to no request. Never waits either.
    pub fn notice(&self, text: impl AsRef<str>) {
        self.add(|line| self.style.notice(text.as_ref(), line));
    }

    fn add(&self, spell: impl FnOnce(&mut String)) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            spell(line);
            self.push(line);
            if line.capacity() > BUFFER_BYTES_KEPT {
                *line = String::new();
            }
        });
    }

    fn push(&self, line: &str) {
        let mut waiting = self.queue.lock();
        let bytes = waiting.text.len().saturating_add(line.len());
        let has_room = waiting.entries < self.limits.entries_queued_max
            && bytes <= self.limits.bytes_queued_max;
        if has_room {
            waiting.text.push_str(line);
            waiting.entries += 1;
        } else {
            waiting.dropped += 1;
        }
        let was_asleep = mem::take(&mut waiting.is_asleep);
        drop(waiting);
        if was_asleep {
            self.queue.filled.notify_one();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // The writer ends when the queue is closed and empty.
        self.queue.lock().is_closed = true;
        self.queue.filled.notify_one();
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
    fn run(mut self) {
        while self.wait() {
            let mut waiting = self.queue.lock();
            mem::swap(&mut waiting.text, &mut self.text);
            waiting.entries = 0;
            let dropped = mem::take(&mut waiting.dropped);
            drop(waiting);
            self.write(dropped);
        }
    }

    /// Waits for something to write. False when nothing will come any more.
    fn wait(&self) -> bool {
        let mut waiting = self.queue.lock();
        while waiting.entries == 0 && waiting.dropped == 0 {
            if waiting.is_closed {
                return false;
            }
            waiting.is_asleep = true;
            let woken = self.queue.filled.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
        let is_closed = waiting.is_closed;
        drop(waiting);
        if !is_closed {
            thread::sleep(GATHER_TIME);
        }
        true
    }

    fn write(&mut self, dropped: u64) {
        if dropped > 0 {
            let notice = format!("{dropped} log entries dropped: the log is read too slowly");
            self.style.notice(&notice, &mut self.text);
        }
        // A log that cannot be written must not take the server with it.
        let _ = self.out.write_all(self.text.as_bytes());
        let _ = self.out.flush();
        self.text.clear();
        if self.text.capacity() > BUFFER_BYTES_KEPT {
            self.text = String::new();
        }
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
            journal.record(&Entry { status, ..example() });
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
        journal.record(&example());
        stuck.recv().unwrap();
        for _ in 0..30 {
            journal.record(&example());
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
