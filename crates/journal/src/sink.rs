//! From the requests to the writer, without making requests wait.

use std::{
    cell::RefCell,
    io::Write,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    Entry, Level, Notice, Outcome, Style,
    sampling::{Sampler, Verdict},
    writer::{Queue, Writer},
};

/// How long the end of a program waits for the writer: it may be stuck for good.
const FINISH_TIME: Duration = Duration::from_secs(2);

/// How long the writer lets entries gather once there is one: a busy server should neither wake a
/// thread nor make a system call for each.
pub(crate) const GATHER_TIME: Duration = Duration::from_millis(1);

/// How long refusals without a line are counted before their number is told.
pub(crate) const COUNT_TIME: Duration = Duration::from_secs(1);

/// A buffer that has grown beyond this is given back.
pub(crate) const BUFFER_BYTES_KEPT: usize = 256 << 10;

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
    /// Lines about refusals of one code at one endpoint in a second; more are only counted.
    pub refusals_per_second_max: u32,
}

impl Default for JournalLimits {
    fn default() -> Self {
        Self { entries_queued_max: 65_536, bytes_queued_max: 32 << 20, refusals_per_second_max: 10 }
    }
}

/// Takes entries and writes them, in order, on a thread of its own.
///
/// Dropping the journal writes what still waits.
pub struct Journal {
    queue: Arc<Queue>,
    sampler: Arc<Sampler>,
    style: Style,
    limits: JournalLimits,
    /// Disconnected when the writer has ended. Locked only to make the journal shareable.
    finished: Mutex<Receiver<()>>,
}

impl Journal {
    /// Writes to `out`, which nobody else should write lines to.
    pub fn new(out: impl Write + Send + 'static, style: Style, limits: JournalLimits) -> Self {
        let (done, finished) = sync_channel::<()>(1);
        let queue = Arc::new(Queue::default());
        let sampler = Arc::new(Sampler::new(limits.refusals_per_second_max));
        let writer = Writer::new(out, style, Arc::clone(&queue), Arc::clone(&sampler));
        let run = move || {
            writer.run();
            drop(done);
        };
        let spawned = thread::Builder::new().name("journal".into()).spawn(run);
        // Without a thread entries gather up to their limit and the rest are dropped.
        drop(spawned);
        Self { queue, sampler, style, limits, finished: Mutex::new(finished) }
    }

    /// Writes an entry down. Never waits for whoever reads it.
    pub fn record(&self, entry: &Entry<'_>) {
        self.add(|line| self.style.entry(entry, line));
    }

    /// Writes an entry down whose request cost its caller nothing, or counts it when there are
    /// too many of its kind in this second. Never waits either.
    pub fn refuse(&self, entry: &Entry<'_>, now: Instant) {
        let code = match entry.outcome {
            Outcome::Ok => "",
            Outcome::Failed { code, .. } => code,
        };
        match self.sampler.count(entry.kind, entry.status, code, entry.name, now) {
            Verdict::Write => self.record(entry),
            Verdict::CountFirst => self.tell_later(now),
            Verdict::Count => {}
        }
    }

    /// Warns the operator of something that belongs to no request. Never waits either.
    pub fn notice(&self, text: impl AsRef<str>) {
        self.tell(Level::Warning, text.as_ref());
    }

    /// The same for what is no cause for concern.
    pub fn inform(&self, text: impl AsRef<str>) {
        self.tell(Level::Info, text.as_ref());
    }

    fn tell(&self, level: Level, text: &str) {
        let notice = Notice::new(level, text);
        self.add(|line| self.style.notice(&notice, line));
    }

    /// Writes what still waits, for a short time at most. What is recorded after it is lost.
    pub fn finish(&self) {
        // The writer ends when the queue is closed and empty.
        self.queue.lock().is_closed = true;
        self.queue.filled.notify_one();
        let finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = finished.recv_timeout(FINISH_TIME);
    }

    fn tell_later(&self, now: Instant) {
        let mut waiting = self.queue.lock();
        waiting.tell_at.get_or_insert(now + COUNT_TIME);
        let was_asleep = mem::take(&mut waiting.is_asleep);
        drop(waiting);
        if was_asleep {
            self.queue.filled.notify_one();
        }
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
        self.finish();
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
        let limits = JournalLimits {
            entries_queued_max: 1000,
            bytes_queued_max: 100_000,
            ..JournalLimits::default()
        };
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

    fn refusal(name: &str) -> Entry<'_> {
        let outcome =
            Outcome::Failed { code: "AuthError", message: "could not be verified", detail: None };
        Entry { status: 401, name, outcome, ..example() }
    }

    /// The numbers of the lines about a name that tell of more requests, and the other lines.
    fn numbers(text: &str, name: &str) -> (u64, usize) {
        let (mut sum, mut others) = (0, 0);
        for line in text.lines() {
            let words: Vec<&str> = line.split([' ', '"']).collect();
            let more = words.iter().position(|word| *word == "more");
            match more.and_then(|at| words[at - 1].parse::<u64>().ok()) {
                Some(number) if line.contains(&format!("401 AuthError at {name}")) => sum += number,
                _ => others += 1,
            }
        }
        (sum, others)
    }

    #[test]
    fn a_flood_of_refusals_is_a_few_lines_and_a_number_and_hides_no_other() {
        for format in [LogFormat::Human, LogFormat::Json] {
            let out = Shared::default();
            let style = Style { format, colors: false };
            let journal = Journal::new(out.clone(), style, JournalLimits::default());
            let now = Instant::now();
            for _ in 0..12_345 {
                journal.refuse(&refusal("/flood"), now);
            }
            journal.refuse(&refusal("/rare"), now);
            // The number is told without a further refusal.
            let end = Instant::now() + Duration::from_secs(60);
            while numbers(&out.text(), "/flood").0 < 12_335 {
                assert!(Instant::now() < end, "{}", out.text());
                thread::sleep(Duration::from_millis(20));
            }
            for _ in 0..11 {
                journal.refuse(&refusal("/flood"), now);
            }
            drop(journal);
            let text = out.text();
            assert_eq!(numbers(&text, "/flood"), (12_346, 11), "{text}");
            if format == LogFormat::Json {
                for line in text.lines() {
                    serde_json::from_str::<serde_json::Value>(line).unwrap();
                }
            }
        }
    }

    /// Fails as a full disk does: after a part of a line.
    struct Full {
        room: usize,
        is_full: Arc<Mutex<bool>>,
        out: Shared,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !*self.is_full.lock().unwrap() {
                return self.out.write(bytes);
            }
            let bytes = &bytes[..bytes.len().min(mem::take(&mut self.room))];
            if bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.out.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_costs_entries_which_are_counted_and_no_line_is_glued_to_another() {
        let out = Shared::default();
        let is_full = Arc::new(Mutex::new(true));
        let writer = Full { room: 10, is_full: Arc::clone(&is_full), out: out.clone() };
        let journal = Journal::new(writer, Style::default(), JournalLimits::default());
        journal.record(&example());
        let end = Instant::now() + Duration::from_secs(60);
        while journal.queue.lock().entries > 0 || out.text().len() < 10 {
            assert!(Instant::now() < end);
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(50));
        *is_full.lock().unwrap() = false;
        journal.record(&example());
        drop(journal);
        let text = out.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(lines[0], &lines[1][..10], "{text}");
        assert_eq!(lines[2], "1 log entries could not be written");
    }
}
