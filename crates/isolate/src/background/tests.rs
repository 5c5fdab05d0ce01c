use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

const ENDLESS: Duration = Duration::from_secs(3600);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// Work that does not end by itself, and how many pieces it has done.
fn endless() -> (LongWork, Arc<AtomicU64>) {
    let pieces = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&pieces);
    let work = async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            pause().await;
        }
    };
    (Box::pin(work), pieces)
}

fn short() -> LongWork {
    Box::pin(async { Ok(Value::Number(7.0)) })
}

fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::yield_now();
    }
}

/// One thread, so that what is finished has not been run beside the others.
#[test]
fn a_short_call_is_done_while_a_hundred_long_ones_go_on() {
    let threads = Arc::new(Threads::new(1));
    let jobs: Vec<_> = (0..100).map(|_| endless()).collect();
    let counts: Vec<_> = jobs.iter().map(|(_, pieces)| Arc::clone(pieces)).collect();
    let tickets: Vec<_> =
        { jobs }.into_iter().map(|(job, _)| threads.begin(job, ENDLESS)).collect();
    for _ in 0..20 {
        let finished = block_on(threads.begin(short(), ENDLESS).finished()).expect("a thread");
        assert_eq!(finished.outcome, Some(Ok(Value::Number(7.0))));
    }
    // And none of the long ones is left out.
    wait_until(|| counts.iter().all(|pieces| pieces.load(Ordering::Relaxed) > 0));
    drop(tickets);
}

#[test]
fn long_work_goes_on_however_much_short_work_comes() {
    let threads = Arc::new(Threads::new(1));
    let (work, pieces) = endless();
    let ticket = threads.begin(work, ENDLESS);
    for _ in 0..3 {
        let before = pieces.load(Ordering::Relaxed);
        let tickets: Vec<_> = (0..50).map(|_| threads.begin(endless().0, ENDLESS)).collect();
        wait_until(|| pieces.load(Ordering::Relaxed) > before);
        drop(tickets);
    }
    drop(ticket);
}

#[test]
fn work_that_nobody_waits_for_ends_and_frees_what_it_holds() {
    struct Held(Arc<AtomicBool>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let threads = Arc::new(Threads::new(1));
    let is_freed: Vec<_> = (0..3).map(|_| Arc::new(AtomicBool::new(false))).collect();
    let held = is_freed.iter().map(|is_freed| Held(Arc::clone(is_freed)));
    let tickets: Vec<_> = held
        .map(|held| {
            let (work, _) = endless();
            let work: LongWork = Box::pin(async move {
                let _held = held;
                work.await
            });
            threads.begin(work, ENDLESS)
        })
        .collect();
    drop(tickets);
    wait_until(|| is_freed.iter().all(|is_freed| is_freed.load(Ordering::SeqCst)));
    wait_until(|| {
        let queue = lock(&threads.queue);
        queue.waiting() + queue.running == 0
    });
}

#[test]
fn work_beyond_its_processor_time_is_stopped() {
    let threads = Arc::new(Threads::new(1));
    let allowed = Duration::from_millis(20);
    let finished = block_on(threads.begin(endless().0, allowed).finished()).expect("a thread");
    assert!(finished.outcome.is_none() && finished.used >= allowed);
}

#[test]
fn a_panic_is_an_exception() {
    let threads = Arc::new(Threads::new(1));
    let work: LongWork = Box::pin(async { panic!("long work panics on purpose") });
    let finished = block_on(threads.begin(work, ENDLESS).finished()).expect("a thread");
    assert!(finished.outcome.is_some_and(|outcome| outcome.is_err()));
    let finished = block_on(threads.begin(short(), ENDLESS).finished()).expect("a thread");
    assert_eq!(finished.outcome, Some(Ok(Value::Number(7.0))));
}

#[test]
fn work_of_requests_has_an_answer_unless_it_panics() {
    assert_eq!(block_on(in_background(|| 7)), Some(7));
    let panics = || panic!("work of a request panics on purpose");
    assert_eq!(block_on(in_background::<()>(panics)), None);
}

#[test]
fn there_are_no_more_threads_than_there_may_be() {
    let threads = Arc::new(Threads::new(2));
    let tickets: Vec<_> = (0..50).map(|_| threads.begin(endless().0, ENDLESS)).collect();
    for _ in 0..10 {
        block_on(threads.begin(short(), ENDLESS).finished());
        assert!(lock(&threads.queue).threads <= 2);
    }
    drop(tickets);
}

#[test]
fn a_pause_elsewhere_is_none() {
    let mut future = Box::pin(pause());
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_ready());
}
