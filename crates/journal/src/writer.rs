//! The queue that requests fill, and the thread that empties it.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use crate::{
    Level, Notice, Style,
    sampling::Sampler,
    sink::{BUFFER_BYTES_KEPT, COUNT_TIME, GATHER_TIME},
};

/// What requests fill and the writer empties.
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) waiting: Mutex<Waiting>,
    pub(crate) filled: Condvar,
}

#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) text: String,
    pub(crate) entries: usize,
    pub(crate) dropped: u64,
    /// When the number of refusals without a line is told.
    pub(crate) tell_at: Option<Instant>,
    /// Whether the writer has to be woken.
    pub(crate) is_asleep: bool,
    pub(crate) is_closed: bool,
}

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0 && self.dropped == 0
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.tell_at.is_some_and(|at| at <= now)
    }
}

impl Queue {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what gathers in the queue, until it is closed.
pub(crate) struct Writer<W> {
    out: W,
    style: Style,
    queue: Arc<Queue>,
    sampler: Arc<Sampler>,
    text: String,
    /// Entries that could not be written.
    lost: u64,
    /// Whether the last line that was begun could not be ended.
    is_within_line: bool,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(out: W, style: Style, queue: Arc<Queue>, sampler: Arc<Sampler>) -> Self {
        let (text, lost, is_within_line) = (String::new(), 0, false);
        Self { out, style, queue, sampler, text, lost, is_within_line }
    }

    pub(crate) fn run(mut self) {
        while self.wait() {
            let mut waiting = self.queue.lock();
            mem::swap(&mut waiting.text, &mut self.text);
            let entries = mem::take(&mut waiting.entries);
            let dropped = mem::take(&mut waiting.dropped);
            let now = Instant::now();
            let is_due = waiting.is_due(now);
            if is_due {
                waiting.tell_at = None;
            }
            drop(waiting);
            if is_due && self.tell_rest(Some(now)) {
                self.queue.lock().tell_at.get_or_insert(now + COUNT_TIME);
            }
            self.write(entries, dropped);
        }
        self.tell_rest(None);
        self.write(0, 0);
    }

    /// Waits for something to write. False when nothing will come any more.
    fn wait(&self) -> bool {
        let mut waiting = self.queue.lock();
        while waiting.is_empty() && !waiting.is_due(Instant::now()) {
            if waiting.is_closed {
                return false;
            }
            waiting.is_asleep = true;
            let filled = &self.queue.filled;
            waiting = match waiting.tell_at {
                None => filled.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    let woken = filled.wait_timeout(waiting, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        let is_closed = waiting.is_closed;
        drop(waiting);
        if !is_closed {
            thread::sleep(GATHER_TIME);
        }
        true
    }

    /// Adds the numbers of refusals without a line. Says whether there are more to tell later.
    fn tell_rest(&mut self, now: Option<Instant>) -> bool {
        let (style, text) = (self.style, &mut self.text);
        self.sampler.take(now, |rest| style.rest(&rest, text))
    }

    fn write(&mut self, entries: usize, dropped: u64) {
        if dropped > 0 {
            let notice = format!("{dropped} log entries dropped: the log is read too slowly");
            self.style.notice(&Notice::new(Level::Warning, &notice), &mut self.text);
        }
        if self.lost > 0 && !self.text.is_empty() {
            let notice = format!("{} log entries could not be written", self.lost);
            self.style.notice(&Notice::new(Level::Warning, &notice), &mut self.text);
        }
        // A log that cannot be written must not take the server with it.
        match self.write_text() {
            Ok(()) => self.lost = 0,
            Err(_) => self.lost += (entries as u64).max(1),
        }
        self.text.clear();
        if self.text.capacity() > BUFFER_BYTES_KEPT {
            self.text = String::new();
        }
    }

    fn write_text(&mut self) -> io::Result<()> {
        if self.text.is_empty() {
            return Ok(());
        }
        if self.is_within_line {
            self.text.insert(0, '\n');
        }
        let mut left = self.text.as_bytes();
        while !left.is_empty() {
            match self.out.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    self.is_within_line = left[..bytes].last() != Some(&b'\n');
                    left = &left[bytes..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.flush()
    }
}
