//! `--watch`: the app anew when a file of it changes, and the last good one when it broke.

use std::{
    collections::BTreeSet,
    mem,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use hookstead_app::{Problem, Severity};
use hookstead_server::{Listing, ProtectionKind, SiteHandle};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::runtime::Handle;

use super::{opening::Closed, tell_problems};
use crate::{
    prepare::Prepared,
    routes::{self, Route},
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

/// Settings, which are read once.
const SETTINGS_FILE: &str = "hookstead.toml";

/// Problems that say "this is not what anybody meant", as a file that is half saved.
///
/// The other ones close what they concern, and closing must not wait: a route that asks for a
/// secret nobody has set is refused from now on, not served as it was before.
const BROKEN: [&str; 9] = [
    "endpoint-function-missing",
    "endpoint-unreadable",
    "file-unusable",
    "function-file-missing",
    "function-syntax-error",
    "json-shape",
    "json-syntax",
    "service-unreadable",
    "webhook-file-missing",
];

/// Watches until it is dropped.
pub(super) fn start(
    workspace: Workspace,
    prepared: Prepared,
    handle: SiteHandle,
) -> anyhow::Result<RecommendedWatcher> {
    let (send, receive) = channel();
    let mut watcher = notify::recommended_watcher(move |event| {
        // Nobody listens any more once the program ends.
        let _ = send.send(event);
    })
    .context("files cannot be watched")?;
    watcher
        .watch(&prepared.app.root, RecursiveMode::Recursive)
        .with_context(|| format!("{} cannot be watched", prepared.app.root.display()))?;
    let reloader = Reloader {
        root: prepared.app.root.clone(),
        data_dir: workspace.data_dir.canonicalize().unwrap_or(workspace.data_dir.clone()),
        known: broken(&prepared.problems),
        closed: Closed::default(),
        settings_changed: false,
        workspace,
        handle,
    };
    let runtime = Handle::current();
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        let _entered = runtime.enter();
        reloader.run(&receive);
    })?;
    Ok(watcher)
}

struct Reloader {
    root: PathBuf,
    data_dir: PathBuf,
    workspace: Workspace,
    handle: SiteHandle,
    /// What was broken already when the app that is served was loaded.
    known: BTreeSet<(String, String)>,
    /// What was closed while this program served it.
    closed: Closed,
    settings_changed: bool,
}

impl Reloader {
    fn run(mut self, events: &Receiver<notify::Result<Event>>) {
        self.closed.note(self.handle.site().endpoints());
        while let Ok(event) = events.recv() {
            if !self.concerns(&event) {
                continue;
            }
            if !self.settle(events, QUIET_TIME, BUSY_TIME) {
                return;
            }
            let Some(prepared) = self.prepare() else { continue };
            let opened = self.closed.opened_by(prepared.site.endpoints());
            let prepared = if opened.is_empty() {
                Some(prepared)
            } else {
                tell_opened(&opened);
                if !self.settle(events, QUIET_TIME_OF_OPENING, BUSY_TIME_OF_OPENING) {
                    return;
                }
                self.prepare()
            };
            if let Some(prepared) = prepared {
                self.serve(prepared);
            }
            if mem::take(&mut self.settings_changed) {
                terminal::warning(&format!(
                    "{SETTINGS_FILE} is read at the start only; what changed in it does not count"
                ));
            }
        }
    }

    /// Waits for a quiet moment. False when the program ends.
    fn settle(
        &mut self,
        events: &Receiver<notify::Result<Event>>,
        quiet_time: Duration,
        busy_time: Duration,
    ) -> bool {
        let end = Instant::now() + busy_time;
        let mut quiet = Instant::now() + quiet_time;
        loop {
            let left = quiet.min(end).saturating_duration_since(Instant::now());
            match events.recv_timeout(left) {
                _ if left.is_zero() => return true,
                Ok(event) if self.concerns(&event) => quiet = Instant::now() + quiet_time,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Whether an event is about the app: not about what is only read, nor about our own data.
    fn concerns(&mut self, event: &notify::Result<Event>) -> bool {
        let Ok(event) = event else { return true };
        // Events were lost: anything may have changed.
        if event.need_rescan() {
            return true;
        }
        let is_change = !matches!(event.kind, EventKind::Access(_) | EventKind::Other);
        let settings = self.root.join(SETTINGS_FILE);
        self.settings_changed |= is_change && event.paths.contains(&settings);
        is_change && event.paths.iter().any(|path| self.is_of_app(path))
    }

    fn is_of_app(&self, path: &Path) -> bool {
        // Where the app itself lies does not matter.
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let hidden = |part: &str| inside.iter().any(|one| one == part);
        !path.starts_with(&self.data_dir) && !hidden(".git") && !hidden(".hookstead")
    }

    /// The app as it is now, unless it cannot be read at all.
    fn prepare(&mut self) -> Option<Prepared> {
        match self.workspace.prepare_to_run() {
            Ok(prepared) => Some(prepared),
            Err(error) => {
                terminal::error(&format!("{error:#}"));
                terminal::warning("the app is broken; the last good one goes on");
                None
            }
        }
    }

    fn serve(&mut self, prepared: Prepared) {
        tell_problems(&prepared.problems);
        let broken = broken(&prepared.problems);
        if !broken.is_subset(&self.known) {
            let site = self.handle.site();
            if !closes(site.endpoints(), &prepared) {
                return terminal::warning("the app is broken; the last good one goes on");
            }
            // Whatever else is broken, nobody may call through a door that was just locked.
            terminal::warning("the app is broken; it is served all the same, for it closes more");
        }
        self.known = broken;
        self.closed.note(prepared.site.endpoints());
        self.handle.replace(prepared.site);
        terminal::note("loaded the app anew");
    }
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
    let closed = |route: &&Route<'_>| route.disabled || is_locked(route.listing.protection);
    let meets = |open: &Listing, closed: &Listing| {
        let is_same_method = open.method == closed.method;
        let is_same = (open.kind, &open.path) == (closed.kind, &closed.path);
        is_same && (is_same_method || open.method == ANY || closed.method == ANY)
    };
    let routes = routes::of_app(&prepared.app, prepared.site.endpoints());
    routes
        .iter()
        .filter(closed)
        .any(|route| served.iter().filter(is_open).any(|open| meets(open, route.listing)))
}

/// What is broken, and where.
fn broken(problems: &[Problem]) -> BTreeSet<(String, String)> {
    problems
        .iter()
        .filter(|one| one.severity == Severity::Error && BROKEN.contains(&one.code))
        .map(|one| (one.code.to_owned(), one.file.clone()))
        .collect()
}
