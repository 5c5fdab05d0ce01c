//! The signals: SIGINT and SIGTERM end the program, SIGHUP reloads.

use std::{
    fs::{self, File},
    io,
    sync::{Arc, mpsc::Sender},
};

use hookstead_journal::Journal;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::reload::Wake;
use crate::terminal;

/// The terminal of the session that this process is in.
const TERMINAL: &str = "/dev/tty";

/// The signals that the program answers to, from the moment that this is made.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Whether SIGHUP also says that the terminal has been closed.
    has_terminal: bool,
}

impl Stop {
    pub(super) fn new() -> io::Result<Self> {
        // `nohup` ignores the signal so that the program outlives its terminal.
        let has_terminal = !ignores_hangup() && File::open(TERMINAL).is_ok();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            has_terminal,
        })
    }

    /// Resolves with the first signal to end. The second one ends the program at once.
    pub(super) async fn wait(mut self, reload: Sender<Wake>, journal: Arc<Journal>) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => break,
                _ = self.terminate.recv() => break,
                _ = self.hangup.recv() => {
                    // A server that nobody can reach any more must not keep its port.
                    if self.has_terminal && File::open(TERMINAL).is_err() {
                        break;
                    }
                    let _ = reload.send(Wake::Asked);
                }
            }
        }
        terminal::note("stopping: running requests may finish, a second signal ends them");
        tokio::spawn(async move {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            journal.finish();
            std::process::exit(1);
        });
    }
}

/// Whether SIGHUP is ignored, by what Linux tells of this process.
fn ignores_hangup() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Its number is 1, and the lowest bit stands for it.
    mask.is_some_and(|mask| mask & 1 == 1)
}
