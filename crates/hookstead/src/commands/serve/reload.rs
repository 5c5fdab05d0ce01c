//! The app, its settings and its secrets anew while the server runs: after SIGHUP, when a secret
//! changes, and with `--watch` when a file of the app or the settings change.
//!
//! The new app takes the place of the old one in a single step, and requests under way finish on
//! the one that they began with. When anything cannot be read, the last good state goes on. What
//! would open an endpoint that was closed is read once more before it is served.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use hookstead_app::{Problem, ProblemCode, Severity};
use hookstead_server::SiteHandle;
use hookstead_site::{Listing, ProtectionKind};
use tokio::runtime::Handle;

use super::{
    opening::Closed,
    stamps::Stamps,
    watch::{FolderWatch, concerns_files},
};
use crate::{
    exit::text_of,
    prepare::Prepared,
    problems,
    settings::{Key, Settings},
    terminal,
    workspace::Workspace,
};

/// Editors write a file in several steps: nothing happens until they have been quiet this long.
const QUIET_TIME: Duration = Duration::from_millis(150);

/// A file that is written all the time must not keep a change from being loaded.
const BUSY_TIME: Duration = Duration::from_secs(2);

/// What opens something waits for a longer quiet, and is read once more: a file that protects it
/// may be gone only for as long as it is written anew.
const QUIET_TIME_OF_OPENING: Duration = Duration::from_secs(1);

/// The same for a change that opens something.
const BUSY_TIME_OF_OPENING: Duration = Duration::from_secs(5);

/// How often secrets, settings and links are looked at: a handful of calls into the system.
const LOOK_TIME: Duration = Duration::from_millis(500);

/// The settings that take effect without a restart. Those that the server reads once do not, and
/// neither does what says how much memory there is, or where documents are: documents
/// must not be looked for elsewhere because a settings file was half written.
const RELOADED: [(&str, &[&str]); 6] = [
    ("app", &["id", "environment"]),
    ("server", &["public_base_url", "cors_allow_headers"]),
    (
        "auth",
        &[
            "application_authentication",
            "access_token_time_s",
            "refresh_token_time_s",
            "revocation_delay_s",
            "providers",
        ],
    ),
    (
        "limits",
        &[
            "run_time_s",
            "run_cpu_s",
            "run_memory_mib",
            "run_stack_kib",
            "async_operations_max",
            "timer_drain_ms",
            "runs_max",
            "runs_waiting_max",
            "isolates_max",
            "console_lines_max",
            "console_kib_max",
            "console_line_bytes_max",
            "result_mib",
            "outbound_body_mib",
            "outbound_time_s",
            "outbound_calls_max",
        ],
    ),
    ("outbound", &["allow", "redirect", "listed_only"]),
    (
        "data",
        &[
            "server_selection_time_s",
            "connect_time_s",
            "operation_time_s",
            "pool_connections_max",
            "file_mib_max",
            "transaction_mib_max",
            "transactions_max",
            "run_transactions_max",
            "write_compute_ms_max",
            "long_reads_max",
        ],
    ),
];

/// Problems that say "this is not what anybody meant", as a file that is half saved.
///
/// The other ones close what they concern, and closing must not wait: a route that asks for a
/// secret nobody has set is refused from now on, not served as it was before.
const BROKEN: [ProblemCode; 10] = [
    ProblemCode::AuthFunctionMissing,
    ProblemCode::EndpointFunctionMissing,
    ProblemCode::EndpointUnreadable,
    ProblemCode::FileUnusable,
    ProblemCode::FunctionFileMissing,
    ProblemCode::FunctionSyntaxError,
    ProblemCode::JsonShape,
    ProblemCode::JsonSyntax,
    ProblemCode::ServiceUnreadable,
    ProblemCode::WebhookFileMissing,
];

/// Why somebody looks.
pub(super) enum Wake {
    /// The operator asked for it.
    Asked,
    /// Something happened to a file.
    Files(notify::Result<notify::Event>),
}

/// What is watched from before the first look at any file, so that no change is missed.
pub(super) struct Early {
    send: Sender<Wake>,
    wakes: Receiver<Wake>,
    folder: Option<FolderWatch>,
    stamps: Stamps,
}

impl Early {
    /// Begins to watch. `with_files`: the files of the app too.
    pub(super) fn new(workspace: &Workspace, with_files: bool) -> anyhow::Result<Self> {
        let (send, wakes) = channel();
        let folder = if with_files {
            let send = send.clone();
            let mut folder = FolderWatch::new(&workspace.named_dir, move |event| {
                // Nobody listens any more once the program ends.
                let _ = send.send(Wake::Files(event));
            })?;
            folder.follow();
            Some(folder)
        } else {
            None
        };
        Ok(Self { send, wakes, folder, stamps: Stamps::take(workspace, with_files) })
    }

    /// Asks for a reload.
    pub(super) fn asks(&self) -> Sender<Wake> {
        self.send.clone()
    }

    /// Reloads from here on, on a thread of its own, until the program ends.
    pub(super) fn start(
        self,
        reopen: impl Fn() -> anyhow::Result<Workspace> + Send + 'static,
        mut workspace: Workspace,
        prepared: &Prepared,
        handle: SiteHandle,
    ) -> anyhow::Result<()> {
        // Whatever happens to a link on the way to it: this is where the open documents are.
        workspace.data_dir = workspace.data_dir.canonicalize().unwrap_or(workspace.data_dir);
        let mut closed = Closed::default();
        closed.note(handle.site().endpoints());
        let reloader = Reloader {
            reopen,
            closed,
            known: broken(&prepared.problems),
            started: workspace,
            handle,
            folder: self.folder,
            stamps: self.stamps,
            restart_told: Vec::new(),
        };
        let runtime = Handle::current();
        let wakes = self.wakes;
        thread::Builder::new()
            .name("reload".to_owned())
            .spawn(move || {
                let _entered = runtime.enter();
                reloader.run(&wakes);
            })
            .context("the thread that reloads cannot be started")?;
        Ok(())
    }
}

struct Reloader<F> {
    reopen: F,
    /// What the server was started with.
    started: Workspace,
    handle: SiteHandle,
    folder: Option<FolderWatch>,
    stamps: Stamps,
    /// What was broken already when the app that is served was loaded.
    known: BTreeSet<(String, String)>,
    /// What was closed while this program served it.
    closed: Closed,
    /// The changed settings that need a restart, as they were told last.
    restart_told: Vec<String>,
}

impl<F: Fn() -> anyhow::Result<Workspace>> Reloader<F> {
    fn run(mut self, wakes: &Receiver<Wake>) {
        loop {
            let is_wanted = match wakes.recv_timeout(LOOK_TIME) {
                Ok(wake) => self.concerns(&wake),
                Err(RecvTimeoutError::Timeout) => self.has_changed(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if !is_wanted {
                continue;
            }
            if !self.settle(wakes, QUIET_TIME, BUSY_TIME) {
                return;
            }
            let mut told = BTreeSet::new();
            let prepared = loop {
                let prepared = self.prepare();
                let opened =
                    prepared.as_ref().map(|new| self.closed.opened_by(new.site.endpoints()));
                let opened = opened.unwrap_or_default();
                if opened.is_subset(&told) {
                    break prepared;
                }
                drop(prepared);
                tell_opened(&opened);
                told.extend(opened);
                if !self.settle(wakes, QUIET_TIME_OF_OPENING, BUSY_TIME_OF_OPENING) {
                    return;
                }
            };
            if !prepared.is_some_and(|prepared| self.serve(prepared)) {
                terminal::warning(
                    "the changed app has errors (see above); the version from before is still \
                     served",
                );
            }
        }
    }

    /// Whether something to look at is about the app: not about our own data.
    fn concerns(&self, wake: &Wake) -> bool {
        match wake {
            Wake::Asked => true,
            Wake::Files(event) => self
                .folder
                .as_ref()
                .is_some_and(|folder| concerns_files(event, folder.root(), &self.started.data_dir)),
        }
    }

    /// Whether a link, a secret or a setting is not what it was.
    fn has_changed(&mut self) -> bool {
        let has_moved = self.folder.as_ref().is_some_and(FolderWatch::has_moved);
        has_moved || self.stamps != Stamps::take(&self.started, self.folder.is_some())
    }

    /// Waits for a quiet moment. False when the program ends.
    fn settle(
        &mut self,
        wakes: &Receiver<Wake>,
        quiet_time: Duration,
        busy_time: Duration,
    ) -> bool {
        let end = Instant::now() + busy_time;
        let mut quiet = Instant::now() + quiet_time;
        loop {
            let left = quiet.min(end).saturating_duration_since(Instant::now());
            match wakes.recv_timeout(left) {
                _ if left.is_zero() => return true,
                Ok(wake) if self.concerns(&wake) => quiet = Instant::now() + quiet_time,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// The app, its settings and its secrets as they are now, unless they cannot be read at all.
    fn prepare(&mut self) -> Option<Prepared> {
        // What changes from here on is seen by the next look.
        if let Some(folder) = &mut self.folder {
            folder.follow();
        }
        self.stamps = Stamps::take(&self.started, self.folder.is_some());
        let read = AssertUnwindSafe(|| {
            let fresh = (self.reopen)().map(|fresh| self.without_restart(fresh));
            fresh.and_then(|fresh| fresh.prepare_to_serve())
        });
        // A panic has been told already.
        let outcome = catch_unwind(read).ok()?;
        outcome.inspect_err(|error| terminal::error(&text_of(error))).ok()
    }

    /// Serves what was read; false where it is broken.
    fn serve(&mut self, prepared: Prepared) -> bool {
        problems::tell(&prepared.problems);
        let broken = broken(&prepared.problems);
        if !broken.is_subset(&self.known) {
            let site = self.handle.site();
            if !closes(site.endpoints(), &prepared) {
                return false;
            }
            // Whatever else is broken, nobody may call through a door that was just locked.
            terminal::warning(
                "the changed app has errors; it is served nevertheless, because it protects a \
                 route that was open to everybody",
            );
        }
        self.known = broken;
        self.closed.note(prepared.site.endpoints());
        self.handle.replace(prepared.site);
        terminal::note("the app was read again; the changes are in use");
        true
    }

    /// The workspace as it is now, with what needs a restart as it was at the start.
    fn without_restart(&mut self, mut fresh: Workspace) -> Workspace {
        let restart = keep(&self.started.settings, &mut fresh.settings);
        if restart != self.restart_told && !restart.is_empty() {
            terminal::warning(&format!(
                "these settings have changed and take effect with a restart: {}",
                restart.join(", ")
            ));
        }
        let real = fresh.data_dir.canonicalize();
        let has_moved = real.is_ok_and(|real| real != self.started.data_dir);
        if has_moved && restart.iter().all(|key| key != "[app] data_dir") {
            terminal::warning(&format!(
                "documents and secrets stay in {} until a restart; then they are in {}\n  → name \
                 one folder for every version of the app with --data-dir",
                self.started.data_dir.display(),
                fresh.data_dir.display()
            ));
        }
        self.restart_told = restart;
        fresh.data_dir.clone_from(&self.started.data_dir);
        // The budget is for everything that is held, by the old app and by the new one together.
        fresh.memory = Arc::clone(&self.started.memory);
        fresh.directory = self.started.directory.clone();
        fresh.mailer = self.started.mailer.clone();
        fresh
    }
}

/// Puts what needs a restart back to what it was; gives the names of what had changed.
fn keep(started: &Settings, fresh: &mut Settings) -> Vec<String> {
    let is_reloaded = |key: &Key| {
        RELOADED.iter().any(|(section, names)| key.section == *section && names.contains(&key.name))
    };
    let changed = started.differences(fresh);
    let restart: Vec<_> = changed.iter().filter(|key| !is_reloaded(key)).collect();
    restart.iter().for_each(|key| fresh.copy(key, started));
    let mut names: Vec<String> =
        restart.iter().map(|key| format!("[{}] {}", key.section, key.name)).collect();
    if fresh.data_sources != started.data_sources {
        fresh.data_sources.clone_from(&started.data_sources);
        names.push("[data_sources]".to_owned());
    }
    if fresh.endpoints != started.endpoints {
        fresh.endpoints.clone_from(&started.endpoints);
        names.push("[[endpoints]]".to_owned());
    }
    names
}

fn tell_opened(paths: &BTreeSet<String>) {
    let paths: Vec<_> = paths.iter().map(|path| terminal::clean(path)).collect();
    let (paths, seconds) = (paths.join(", "), QUIET_TIME_OF_OPENING.as_secs());
    terminal::note(&format!(
        "{paths}: will be open to everybody; the app is read again after {seconds} s without \
         changes"
    ));
}

/// Whether something that was open is now protected or switched off. A refusal is neither: it may
/// be what is broken.
fn closes(served: &[Listing], prepared: &Prepared) -> bool {
    const ANY: &str = "*";
    let is_open = |one: &&Listing| one.protection == ProtectionKind::None && one.refused.is_none();
    let is_locked = |kind| !matches!(kind, ProtectionKind::None | ProtectionKind::Refused);
    let closed = |one: &&Listing| one.declaration.disabled || is_locked(one.protection);
    let meets = |open: &Listing, closed: &Listing| {
        let is_same_method = open.method == closed.method;
        let is_same = (open.kind, &open.path) == (closed.kind, &closed.path);
        is_same && (is_same_method || open.method == ANY || closed.method == ANY)
    };
    let mut closed = prepared.site.endpoints().iter().filter(closed);
    closed.any(|closed| served.iter().filter(is_open).any(|open| meets(open, closed)))
}

/// What is broken, and where.
fn broken(problems: &[Problem]) -> BTreeSet<(String, String)> {
    problems
        .iter()
        .filter(|one| one.severity == Severity::Error && BROKEN.contains(&one.code))
        .map(|one| (one.code.to_string(), one.file.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_is_reloaded_exists() {
        let keys = Settings::keys();
        for (section, names) in RELOADED {
            for name in names {
                let exists = keys.iter().any(|key| key.section == section && key.name == *name);
                assert!(exists, "[{section}] {name}");
            }
        }
    }

    #[test]
    fn what_needs_a_restart_stays_as_it_was_and_is_named() {
        let started = Settings::default();
        let mut fresh = started.clone();
        fresh.limits.run_time_s = 7;
        fresh.limits.body_mib = 7;
        fresh.server.threads = 7;
        assert_eq!(keep(&started, &mut fresh), ["[server] threads", "[limits] body_mib"]);
        assert_eq!(fresh.limits.run_time_s, 7);
        assert_eq!((fresh.limits.body_mib, fresh.server.threads), (18, 0));
    }
}
