//! A server that speaks MongoDB's protocol: SecantusDB, a replica set of one member.

use std::{
    fs::{self, File},
    io::{self, Read},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    port::Port,
    python::{self, Python, PythonError},
};

/// It ends with the test, however that ends: nobody holds the other side of its input then.
const CODE: &str = "
import os, sys, threading
def wait():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=wait, daemon=True).start()
from secantus.cli import main
sys.exit(main())
";

const START_TIME_MAX: Duration = Duration::from_secs(60);
const LOG: &str = "server.log";

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no Python to run it.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// Its folder, its port or its process cannot be had.
    #[error("a server of the tests cannot be started: {0}")]
    Io(#[from] io::Error),
    /// It ended, or does not answer.
    #[error("{server} {what}; it wrote:\n{log}")]
    Silent {
        /// Which server.
        server: &'static str,
        /// Which of the two.
        what: &'static str,
        /// Its log.
        log: String,
    },
}

/// A server on a port of its own, with documents of its own; both go with it.
pub struct SecantusDb {
    python: Python,
    port: Port,
    folder: TempDir,
    flags: Vec<String>,
    process: Option<Child>,
}

impl SecantusDb {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// When there cannot be one; the text says what is missing.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with flags of `secantusd-py`.
    ///
    /// # Panics
    ///
    /// When there cannot be one; the text says what is missing.
    pub fn start_with(flags: &[&str]) -> Self {
        Self::try_start(flags).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one with flags of `secantusd-py`, or tells what is missing.
    ///
    /// # Errors
    /// There is no Python or no package, or the server does not begin to listen.
    pub fn try_start(flags: &[&str]) -> Result<Self, StartError> {
        let python = Python::of_this_machine()?;
        let port = Port::lease(&python::cache_folder().join("ports"))?;
        let flags = flags.iter().map(ToString::to_string).collect();
        let folder = TempDir::with_prefix("hookstead-secantusdb-")?;
        let mut server = Self { python, port, folder, flags, process: None };
        server.launch()?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port.number).into()
    }

    /// How a client finds it.
    pub fn uri(&self) -> String {
        format!("mongodb://{}/", self.address())
    }

    /// Ends it as a loss of power would end it: at once, with nothing tidied up.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Neither can fail for a child that nobody has waited for.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again on its port, with its documents.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&mut self) {
        self.kill();
        self.launch().unwrap_or_else(|error| panic!("{error}"));
    }

    /// The same with other flags.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart_with(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(ToString::to_string).collect();
        self.restart();
    }

    /// Stops it in the middle of whatever it does; connections stay open and nothing answers.
    ///
    /// # Panics
    ///
    /// When the machine has no `kill`.
    pub fn freeze(&self) {
        self.signal("-STOP");
        // The signal is on its way when `kill` ends, and a thread may still answer.
        while let Some(process) = &self.process
            && !is_frozen(process.id())
        {
            thread::yield_now();
        }
    }

    /// Lets it go on.
    ///
    /// # Panics
    ///
    /// When the machine has no `kill`.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let Some(process) = &self.process else { return };
        let status = Command::new("kill").args([signal, &process.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill {signal} does not work");
    }

    fn launch(&mut self) -> Result<(), StartError> {
        let log = File::create(self.folder.path().join(LOG))?;
        let mut command = self.python.code(CODE);
        command.args(["--host", "127.0.0.1", "--log-level", "ERROR"]);
        command.args(["--port", &self.port.number.to_string(), "--storage-path"]);
        command.arg(self.folder.path().join("documents")).args(&self.flags);
        // Away from the settings that it would look for in the folder of the test.
        command.current_dir(self.folder.path());
        // The same answers every time: sets of Python are else in another order in each process.
        command.env("PYTHONHASHSEED", "0").env("TZ", "UTC");
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        self.process = Some(command.spawn()?);
        self.wait_until_it_listens()
    }

    fn wait_until_it_listens(&mut self) -> Result<(), StartError> {
        let start = Instant::now();
        loop {
            let ended = match &mut self.process {
                Some(process) => process.try_wait()?.is_some(),
                None => true,
            };
            if ended {
                return Err(self.silent("ended at once"));
            }
            if TcpStream::connect(self.address()).is_ok() {
                return Ok(());
            }
            if start.elapsed() > START_TIME_MAX {
                return Err(self.silent("does not listen"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn silent(&self, what: &'static str) -> StartError {
        let mut log = String::new();
        if let Ok(mut file) = File::open(self.folder.path().join(LOG)) {
            // What cannot be read cannot be shown.
            let _ = file.read_to_string(&mut log);
        }
        StartError::Silent { server: "SecantusDB", what, log }
    }
}

/// Whether all threads of a process have stopped. Where `/proc` does not tell, they are taken to.
fn is_frozen(process: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return true };
    let mut states = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("stat")).ok()?;
        // Behind the name, which may hold anything.
        Some(text.rsplit_once(") ")?.1.starts_with(['T', 't']))
    });
    states.all(|is_stopped| is_stopped)
}

impl Drop for SecantusDb {
    fn drop(&mut self) {
        self.kill();
    }
}
