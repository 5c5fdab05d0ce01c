//! Many threads at once: nothing is lost, and nobody is left waiting.

use std::{
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use hookstead_memory::{Account, Held, Refused, Wait};

use crate::{MIB, budget};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on(wait: Wait) -> Result<Held, Refused> {
    let mut wait = Box::pin(wait);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(outcome) = wait.as_mut().poll(&mut Context::from_waker(&waker)) {
            return outcome;
        }
        thread::park();
    }
}

/// Each thread begins runs that grow until they hold much, or are refused. It ends, because where
/// all wait one is refused.
#[test]
fn runs_that_want_more_than_there_is_all_come_to_an_end() {
    let budget = budget(64);
    thread::scope(|scope| {
        for number in 0..8_usize {
            let budget = &budget;
            scope.spawn(move || {
                for round in 0..200 {
                    let account = Account::new(budget, usize::MAX);
                    block_on(account.begin()).expect("a run begins").keep();
                    let mut held = account.nothing();
                    for step in 0..(number + round) % 9 {
                        match block_on(account.room((step + 1) * MIB)) {
                            Ok(more) => held.merge(more),
                            Err(Refused::NoRoom | Refused::Limit) => break,
                        }
                        assert!(budget.used_bytes() <= budget.bytes_max());
                    }
                }
            });
        }
    });
    assert_eq!(budget.used_bytes(), 0);
}
