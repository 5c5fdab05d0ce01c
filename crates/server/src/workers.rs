//! The threads that answer requests.
//!
//! Each has a runtime of its own, and a connection lives on one of them from its first byte to
//! its last: reading, checking, running and answering need no other thread, so nothing is handed
//! over and nobody is woken. What is handed over are runs, and only when their own worker has one
//! under way while another has fewer.

use std::{
    convert::Infallible,
    io,
    num::NonZeroUsize,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    thread,
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle},
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{interval, timeout},
};

/// How long the threads get to end. One that is stuck is left behind.
const END_TIME: Duration = Duration::from_millis(200);

/// No limit of a run's time is shorter.
const TICK_TIME: Duration = Duration::from_secs(1);

/// The threads; they end when this is dropped.
pub(crate) struct Workers {
    team: Arc<[Worker]>,
    /// Dropped, they tell the threads to end.
    ends: Vec<oneshot::Sender<Infallible>>,
    /// Closed when the last thread has ended.
    alive: mpsc::Receiver<Infallible>,
}

/// What the workers know of each other.
struct Worker {
    runtime: Handle,
    connections: AtomicUsize,
    runs: AtomicUsize,
}

/// What a worker runs. It is boxed before it is passed on, for it is large and moving it is not
/// free.
pub(crate) type Run<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The place of a connection on a worker.
pub(crate) struct Seat {
    team: Arc<[Worker]>,
    index: usize,
}

impl Workers {
    /// Starts this many threads; as many as there are processors for 0.
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        let processors = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = if threads == 0 { processors() } else { threads };
        let (life, alive) = mpsc::channel(1);
        let started: io::Result<Vec<_>> =
            (0..count).map(|index| Worker::start(index, life.clone())).collect();
        let (team, ends): (Vec<_>, _) = started?.into_iter().unzip();
        Ok(Self { team: team.into(), ends, alive })
    }

    /// Lets a connection live on the worker that has the fewest.
    pub(crate) fn seat<F>(&self, connections: &mut JoinSet<()>, connection: impl FnOnce(Seat) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let load = |index: &usize| self.team[*index].connections.load(Ordering::Relaxed);
        let index = (0..self.team.len()).min_by_key(load).unwrap_or(0);
        let seat = Seat::take(&self.team, index);
        connections.spawn_on(connection(seat), &self.team[index].runtime);
    }

    /// Ends the threads, and with them whatever still runs on them.
    pub(crate) async fn stop(mut self) {
        self.ends.clear();
        let _ = timeout(END_TIME, self.alive.recv()).await;
    }
}

impl Worker {
    fn start(
        index: usize,
        life: mpsc::Sender<Infallible>,
    ) -> io::Result<(Self, oneshot::Sender<Infallible>)> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        let zero = || AtomicUsize::new(0);
        let handle = runtime.handle().clone();
        let worker = Self { runtime: handle, connections: zero(), runs: zero() };
        thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = ended => {}
                    () = tick() => {}
                }
            });
            // A name that is being looked up keeps its thread; nobody waits for it.
            runtime.shutdown_background();
            drop(life);
        })?;
        Ok((worker, end))
    }
}

/// Wakes the thread from time to time. Where a thread waits without a timer, the next one that is
/// set wakes it by a call into the system, be it far away; and every run sets one.
async fn tick() {
    let mut ticks = interval(TICK_TIME);
    loop {
        ticks.tick().await;
    }
}

impl Seat {
    fn take(team: &Arc<[Worker]>, index: usize) -> Self {
        team[index].connections.fetch_add(1, Ordering::Relaxed);
        Self { team: Arc::clone(team), index }
    }

    /// Runs something to its end, even when nobody waits for it any more: here, or on a worker
    /// that has less to do. `None` when it panicked elsewhere or its worker has ended.
    pub(crate) async fn run<T: Send + 'static>(&self, run: Run<T>) -> Option<T> {
        let index = self.idlest();
        let load = Load::add(&self.team, index);
        let run = Lasting { run: Some(run), load: Some(load) };
        if index == self.index {
            return Some(run.await);
        }
        self.team[index].runtime.spawn(run).await.ok()
    }

    /// Waits until the other requests that have arrived here have had their turn, so that responses
    /// leave together: a client on this machine, such as a proxy, is woken for all of them at once.
    /// While runs are under way here nobody waits, for each could take a slice of time first.
    pub(crate) async fn gather(&self) {
        if self.team[self.index].runs.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// The worker with the fewest runs; this one unless another has clearly fewer, because handing
    /// over a run and its result wakes two threads.
    fn idlest(&self) -> usize {
        let load = |index: usize| self.team[index].runs.load(Ordering::Relaxed);
        let here = load(self.index);
        // Where nothing runs, the others need not be looked at.
        if here == 0 {
            return self.index;
        }
        let idlest = (0..self.team.len()).min_by_key(|index| load(*index)).unwrap_or(self.index);
        if load(idlest) < here - here / 2 { idlest } else { self.index }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.team[self.index].connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A run that a worker counts.
struct Load {
    team: Arc<[Worker]>,
    index: usize,
}

impl Load {
    fn add(team: &Arc<[Worker]>, index: usize) -> Self {
        team[index].runs.fetch_add(1, Ordering::Relaxed);
        Self { team: Arc::clone(team), index }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.team[self.index].runs.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A run that goes on in a task of its own when it is dropped before its end.
struct Lasting<T: Send + 'static> {
    run: Option<Run<T>>,
    /// Dropped with the run's end.
    load: Option<Load>,
}

impl<T: Send + 'static> Future for Lasting<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // Taken out while it is polled, so that one that panics is not gone on with.
        let Some(mut run) = self.run.take() else { return Poll::Pending };
        let poll = run.as_mut().poll(cx);
        if poll.is_pending() {
            self.run = Some(run);
        } else {
            self.load = None;
        }
        poll
    }
}

impl<T: Send + 'static> Drop for Lasting<T> {
    fn drop(&mut self) {
        let (Some(run), load) = (self.run.take(), self.load.take()) else { return };
        // Without a runtime everything ends here anyway.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                run.await;
                drop(load);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    /// What a connection finds out, told by a channel.
    async fn on_seat<F>(workers: &Workers, visit: impl FnOnce(Seat) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send,
    {
        let mut connections = JoinSet::new();
        workers.seat(&mut connections, async move |seat| visit(seat).await);
        while let Some(ended) = connections.join_next().await {
            ended.unwrap();
        }
    }

    fn thread_name() -> String {
        thread::current().name().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn connections_spread_over_the_workers() {
        let workers = Workers::start(2).unwrap();
        let mut connections = JoinSet::new();
        let (send, mut names) = mpsc::unbounded_channel();
        for _ in 0..4 {
            let send = send.clone();
            workers.seat(&mut connections, async move |_seat| {
                send.send(thread_name()).unwrap();
                sleep(Duration::from_secs(60)).await;
            });
        }
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(names.recv().await.unwrap());
        }
        seen.sort();
        assert_eq!(seen, ["worker-0", "worker-0", "worker-1", "worker-1"]);
        connections.shutdown().await;
        let left = |worker: &Worker| worker.connections.load(Ordering::Relaxed);
        assert_eq!(workers.team.iter().map(left).sum::<usize>(), 0);
        workers.stop().await;
    }

    #[tokio::test]
    async fn runs_stay_where_they_are_unless_another_worker_has_fewer() {
        let workers = Workers::start(2).unwrap();
        on_seat(&workers, async |seat| {
            let own = thread_name();
            assert_eq!(seat.run(Box::pin(async { thread_name() })).await, Some(own.clone()));
            let busy = Load::add(&seat.team, seat.index);
            let other = seat.run(Box::pin(async { thread_name() })).await.unwrap();
            assert_ne!(other, own);
            let busy = (busy, Load::add(&seat.team, 1 - seat.index));
            assert_eq!(seat.run(Box::pin(async { thread_name() })).await, Some(own));
            drop(busy);
            assert!(seat.team.iter().all(|worker| worker.runs.load(Ordering::Relaxed) == 0));
        })
        .await;
    }

    /// In which order two connections come to an end that begin one after the other.
    async fn order_of_two(is_busy: bool) -> Vec<&'static str> {
        let workers = Workers::start(1).unwrap();
        let (send, mut ended) = mpsc::unbounded_channel();
        on_seat(&workers, async move |seat| {
            let _run = is_busy.then(|| Load::add(&seat.team, seat.index));
            let first = async {
                seat.gather().await;
                send.send("first").unwrap();
            };
            let second = async { send.send("second").unwrap() };
            tokio::join!(biased; first, second);
        })
        .await;
        vec![ended.recv().await.unwrap(), ended.recv().await.unwrap()]
    }

    #[tokio::test]
    async fn responses_wait_for_who_is_ready_but_not_for_runs() {
        assert_eq!(order_of_two(false).await, ["second", "first"]);
        assert_eq!(order_of_two(true).await, ["first", "second"]);
    }

    #[tokio::test]
    async fn a_run_that_nobody_waits_for_goes_on() {
        let workers = Workers::start(1).unwrap();
        let (send, mut done) = mpsc::unbounded_channel();
        let (open, gate) = oneshot::channel::<()>();
        on_seat(&workers, async move |seat| {
            let run = seat.run(Box::pin(async move {
                gate.await.unwrap();
                send.send("done").unwrap();
            }));
            assert!(timeout(Duration::from_millis(10), run).await.is_err());
        })
        .await;
        open.send(()).unwrap();
        assert_eq!(done.recv().await, Some("done"));
    }

    #[tokio::test]
    async fn the_end_does_not_wait_for_a_worker_that_is_stuck() {
        let workers = Workers::start(1).unwrap();
        let (send, mut begun) = mpsc::unbounded_channel();
        let (open, gate) = std::sync::mpsc::channel::<()>();
        workers.team[0].runtime.spawn(async move {
            send.send(()).unwrap();
            gate.recv()
        });
        begun.recv().await.unwrap();
        workers.stop().await;
        drop(open);
    }
}
