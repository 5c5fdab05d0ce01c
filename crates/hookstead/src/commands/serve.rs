//! `hookstead serve`: runs the app.

mod opening;
mod table;
mod watch;

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use hookstead_app::Problem;
use hookstead_functions::{forget_code, give_back_early};
use hookstead_journal::{Journal, JournalLimits, LogFormat as JournalFormat, Style};
use hookstead_server::Server;
use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
};

use self::table::Table;
use crate::{
    exit::Exit,
    memory,
    prepare::{Prepared, server_config},
    settings::{LogFormat, Settings},
    terminal,
    workspace::{AppFlags, Workspace, flag},
};

/// How long threads get to end once the server has.
const END_TIME: Duration = Duration::from_millis(200);

/// Run the app
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the app
    #[arg(value_name = "APP_DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".")]
    app_dir: PathBuf,

    /// Address and port to listen on; port 0 picks a free one [default: 127.0.0.1:7080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,

    /// Load the app anew when a file of it changes
    #[arg(long)]
    watch: bool,

    /// Form of the log: human or json [default: human]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,

    #[command(flatten)]
    app: AppFlags,
}

/// Runs the app until a signal ends it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let flags = [
        flag("--listen", "server", "listen", args.listen.clone()),
        flag("--log-format", "log", "format", args.log_format.clone()),
    ];
    give_back_early();
    let workspace = args.app.open(&args.app_dir, flags.into_iter().flatten().collect())?;
    // For signals and new connections only: the server has threads of its own for the rest.
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the threads cannot be started")?;
    let entered = runtime.enter();
    let prepared = workspace.prepare_to_run()?;
    tell_problems(&prepared.problems);
    drop(entered);
    let outcome = runtime.block_on(serve(args, workspace, prepared));
    // A function that still runs has had its time.
    runtime.shutdown_timeout(END_TIME);
    outcome
}

async fn serve(args: &Args, workspace: Workspace, prepared: Prepared) -> anyhow::Result<Exit> {
    let settings = &workspace.settings;
    let config = server_config(settings)?;
    let journal = Arc::new(journal(settings));
    let stop = Stop::new()?;
    let site = Arc::clone(&prepared.site);
    let server = Server::bind(config, Arc::clone(&site), Arc::clone(&journal)).await?;
    let mut out = anstream::stdout();
    writeln!(out, "listening on http://{}", server.local_addr())?;
    if settings.log.format == LogFormat::Human {
        let table = Table::new(args, settings, server.local_addr());
        table.write(&prepared, &mut out)?;
    }
    out.flush()?;
    journal.notice(memory::describe(&workspace.memory, settings));
    let memory = Arc::clone(&workspace.memory);
    // Most of what ran until now never runs again.
    forget_code();
    let watcher =
        if args.watch { Some(watch::start(workspace, prepared, server.handle())?) } else { None };
    server.serve(stop.wait()).await;
    memory.reclaim();
    let left = memory.used_bytes() >> 10;
    journal.notice(format!("stopped with {left} KiB of memory taken"));
    drop(watcher);
    Ok(Exit::Success)
}

fn journal(settings: &Settings) -> Journal {
    let format = match settings.log.format {
        LogFormat::Human => JournalFormat::Human,
        LogFormat::Json => JournalFormat::Json,
    };
    let colors = io::stdout().is_terminal()
        && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    Journal::new(io::stdout(), Style { format, colors }, JournalLimits::default())
}

/// Tells what is wrong with an export.
fn tell_problems(problems: &[Problem]) {
    let mut err = anstream::stderr();
    for problem in problems {
        let _ = writeln!(err, "{}", terminal::problem(problem));
    }
}

/// The signals that end the program.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn signal(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Resolves with the first signal. The second one ends the program at once.
    async fn wait(mut self) {
        self.signal().await;
        terminal::note("stopping: running requests may finish, a second signal ends them");
        tokio::spawn(async move {
            self.signal().await;
            std::process::exit(1);
        });
    }
}
