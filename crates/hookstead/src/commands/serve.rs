//! `hookstead serve`: runs the app.

mod opening;
mod reload;
mod stamps;
mod stop;
mod table;
mod watch;

use std::{
    io::{self, ErrorKind, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use hookstead_app::{Part, io_words};
use hookstead_functions::{forget_code, give_back_early};
use hookstead_journal::{Journal, JournalLimits, Level, LogFormat as JournalFormat, Notice, Style};
use hookstead_server::{BindError, Config, Server};
use hookstead_site::{
    Site,
    check::{self, Analyses},
};
use tokio::runtime::Builder;

use self::{reload::Early, stop::Stop, table::Table};
use super::overview;
use crate::{
    exit::{Exit, REMEDY},
    memory,
    prepare::{Prepared, server_config},
    problems,
    settings::{LogFormat, Settings},
    terminal,
    workspace::{AppFlags, Workspace, flag, folder_of_app},
};

/// How long threads get to end once the server has.
const END_TIME: Duration = Duration::from_millis(200);

/// How long the lists of a log of JSON are.
const LOG_COLUMNS: usize = 200;

/// Run the app
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Folder of the app
    #[arg(value_name = "APP_DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app_dir: PathBuf,

    /// Address and port to listen on, or a port of 127.0.0.1; port 0 picks a free one [default:
    /// 127.0.0.1:7080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,

    /// Read the app again when a file of it changes
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
    terminal::belongs_to_log();
    give_back_early();
    // For signals and new connections only: the server has threads of its own for the rest.
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the threads cannot be started")?;
    let entered = runtime.enter();
    let stop = Stop::new().context("signals cannot be caught")?;
    let workspace = args.open()?;
    let early = Early::new(&workspace, args.watch)?;
    let prepared = workspace.prepare_to_serve()?;
    problems::tell(&prepared.problems);
    drop(entered);
    let outcome = runtime.block_on(serve(args, workspace, prepared, early, stop));
    // A function that still runs has had its time.
    runtime.shutdown_timeout(END_TIME);
    outcome
}

impl Args {
    /// Reads the settings.
    fn open(&self) -> anyhow::Result<Workspace> {
        let flags = [
            flag("--listen", "server", "listen", self.listen.clone()),
            flag("--log-format", "log", "format", self.log_format.clone()),
        ];
        self.app.open(&self.app_dir, flags.into_iter().flatten().collect())
    }
}

async fn serve(
    args: &Args,
    workspace: Workspace,
    prepared: Prepared,
    early: Early,
    stop: Stop,
) -> anyhow::Result<Exit> {
    let settings = &workspace.settings;
    let config = server_config(settings)?;
    let journal = Arc::new(journal(settings));
    let site = Arc::clone(&prepared.site);
    let server = bind(settings, &config, &site, &journal).await?;
    let parts = check::parts(
        &prepared.app,
        &Analyses::default(),
        &workspace.data_dir,
        settings.mail.has_server(),
        &|file| site.functions().is_required(file),
    );
    // A log that cannot be written must not take the server with it.
    if let Err(error) = tell_start(args, settings, (&prepared, &parts), &server)
        && error.kind() != ErrorKind::BrokenPipe
    {
        terminal::warning(&format!(
            "standard output cannot be written: {}; the server runs at {}, and the lines of \
             its log are lost{REMEDY}send standard output where there is room",
            io_words(&error),
            server.local_addr()
        ));
    }
    let memory = Arc::clone(&workspace.memory);
    journal.inform(memory::describe(&memory, settings));
    // Most of what ran until now never runs again.
    forget_code();
    let asks = early.asks();
    let again = args.clone();
    let told = Arc::clone(&journal);
    let sweeps = workspace.directory.clone().sweep_forever(move |text| told.notice(text));
    let sweeps = tokio::spawn(sweeps);
    let mails = workspace.mailer.begin(Arc::clone(&journal));
    let shutdown_time = config.limits.shutdown_time;
    early.start(move || again.open(), workspace, &prepared, server.handle())?;
    drop(prepared);
    server.serve(stop.wait(asks, Arc::clone(&journal))).await;
    sweeps.abort();
    if let Some(mails) = mails {
        mails.finish(shutdown_time).await;
    }
    memory.reclaim();
    let left = memory.used_bytes() >> 10;
    journal.inform(format!("stopped with {left} KiB of memory taken"));
    // Others may still hold it, such as the thread that reloads.
    journal.finish();
    Ok(Exit::Success)
}

/// Listens on the first of the addresses that this machine has.
async fn bind(
    settings: &Settings,
    config: &Config,
    site: &Arc<Site>,
    journal: &Arc<Journal>,
) -> anyhow::Result<Server> {
    let mut addresses = settings.server.listen.addresses().into_iter().peekable();
    while let Some(listen) = addresses.next() {
        let config = Config { listen, ..config.clone() };
        let bound = Server::bind(config, Arc::clone(site), Arc::clone(journal)).await;
        match bound {
            Err(error) if addresses.peek().is_some() && is_foreign(&error) => {}
            Err(error) => {
                let remedy = remedy_of_listening(&error);
                let what = format!("the server cannot start{remedy}");
                return Err(anyhow::Error::new(error).context(what));
            }
            Ok(server) => return Ok(server),
        }
    }
    anyhow::bail!("there is no address to listen on")
}

/// Whether this machine has no such address.
fn is_foreign(error: &BindError) -> bool {
    match error {
        BindError::Address { source, .. } => {
            matches!(source.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported)
        }
        BindError::Threads(_) => false,
    }
}

/// What to do about an address that cannot be had.
fn remedy_of_listening(error: &BindError) -> String {
    let BindError::Address { address, source } = error else { return String::new() };
    let other = SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(8080));
    let remedy = match source.kind() {
        ErrorKind::AddrInUse => format!(
            "another program listens there: end it, or choose another port, such as --listen \
             {other}; port 0 picks a free one"
        ),
        ErrorKind::PermissionDenied => "ports below 1024 are for programs with a right to them: \
            choose one from 1024 on with --listen, or give this program the right \
            (CAP_NET_BIND_SERVICE)"
            .to_owned(),
        ErrorKind::AddrNotAvailable => "this machine has no such address: name one of its own \
            with --listen, such as 127.0.0.1:7080"
            .to_owned(),
        _ => return String::new(),
    };
    format!("{REMEDY}{remedy}")
}

/// Tells where the server listens, and what it answers to.
fn tell_start(
    args: &Args,
    settings: &Settings,
    (prepared, parts): (&Prepared, &[Part]),
    server: &Server,
) -> io::Result<()> {
    let url = format!("http://{}", server.local_addr());
    let text = format!("listening on {url}");
    let mut out = anstream::stdout();
    match settings.log.format {
        LogFormat::Human => {
            writeln!(out, "{text}")?;
            let table = Table::new(args, settings, server.local_addr());
            table.write(prepared, parts, &mut out)?;
        }
        LogFormat::Json => {
            let fields = [("url", url.into())];
            let notice = Notice { level: Level::Info, text: &text, fields: &fields };
            out.write_all(notice.json(SystemTime::now()).as_bytes())?;
            let counts = overview::Counts::of_app(prepared).line(parts);
            let lost = overview::short_list(parts, LOG_COLUMNS);
            let lost = lost.iter().map(|line| (Level::Warning, format!("not served: {line}")));
            for (level, text) in [(Level::Info, counts)].into_iter().chain(lost) {
                let notice = Notice { level, text: &text, fields: &[] };
                out.write_all(notice.json(SystemTime::now()).as_bytes())?;
            }
        }
    }
    out.flush()
}

fn journal(settings: &Settings) -> Journal {
    let format = match settings.log.format {
        LogFormat::Human => JournalFormat::Human,
        LogFormat::Json => JournalFormat::Json,
    };
    let colors = io::stdout().is_terminal()
        && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let refusals = u32::try_from(settings.log.refusals_per_second_max).unwrap_or(u32::MAX - 1);
    let limits = JournalLimits { refusals_per_second_max: refusals, ..JournalLimits::default() };
    Journal::new(io::stdout(), Style { format, colors }, limits)
}
