//! `--watch`: the app anew when a file of it changes, and the last good one when it broke.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use anyhow::Context as _;
use hookstead_app::{Problem, Severity};
use hookstead_server::SiteHandle;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::runtime::Handle;

use super::tell_problems;
use crate::{prepare::Prepared, terminal, workspace::Workspace};

/// Editors write a file in several steps: nothing happens until they have been quiet this long.
const QUIET_TIME: Duration = Duration::from_millis(150);

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
    let reloader = Reloader { known: broken(&prepared.problems), workspace, handle };
    let runtime = Handle::current();
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        let _entered = runtime.enter();
        reloader.run(&receive);
    })?;
    Ok(watcher)
}

struct Reloader {
    workspace: Workspace,
    handle: SiteHandle,
    /// What was broken already when the app that is served was loaded.
    known: BTreeSet<(String, String)>,
}

impl Reloader {
    fn run(mut self, events: &Receiver<notify::Result<Event>>) {
        while let Ok(event) = events.recv() {
            let mut changed = self.concerns(&event);
            loop {
                match events.recv_timeout(QUIET_TIME) {
                    Ok(event) => changed |= self.concerns(&event),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            if changed {
                self.reload();
            }
        }
    }

    /// Whether an event is about the app: not about what is only read, nor about our own data.
    fn concerns(&self, event: &notify::Result<Event>) -> bool {
        let Ok(event) = event else { return true };
        let is_change = !matches!(event.kind, EventKind::Access(_) | EventKind::Other);
        is_change && event.paths.iter().any(|path| self.is_of_app(path))
    }

    fn is_of_app(&self, path: &Path) -> bool {
        let hidden = |part: &str| path.iter().any(|one| one == part);
        !path.starts_with(&self.workspace.data_dir) && !hidden(".git") && !hidden(".hookstead")
    }

    fn reload(&mut self) {
        let prepared = match self.workspace.prepare() {
            Ok(prepared) => prepared,
            Err(error) => {
                terminal::error(&format!("{error:#}"));
                return terminal::warning("the app is broken; the last good one goes on");
            }
        };
        tell_problems(&prepared.problems);
        let broken = broken(&prepared.problems);
        if !broken.is_subset(&self.known) {
            return terminal::warning("the app is broken; the last good one goes on");
        }
        self.known = broken;
        self.handle.replace(prepared.site);
        terminal::note("loaded the app anew");
    }
}

/// What is broken, and where.
fn broken(problems: &[Problem]) -> BTreeSet<(String, String)> {
    problems
        .iter()
        .filter(|one| one.severity == Severity::Error && BROKEN.contains(&one.code))
        .map(|one| (one.code.to_owned(), one.file.clone()))
        .collect()
}
