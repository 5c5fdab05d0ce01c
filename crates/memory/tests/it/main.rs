//! The budget: no more than there is, in the order of arrival, and nobody waits for ever.

mod races;

use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use hookstead_memory::{Account, Budget, Held, RUN_BYTES, Refused, Wait};

const MIB: usize = 1 << 20;

fn budget(mebibytes: usize) -> Arc<Budget> {
    Budget::new(mebibytes * MIB, Duration::from_secs(60))
}

/// A run that has begun and may hold so much as one run may.
fn run(budget: &Arc<Budget>) -> Arc<Account> {
    let account = Account::new(budget, usize::MAX);
    assert!(account.try_begin(), "there is room for a run");
    account
}

fn poll(wait: &mut Pin<&mut Wait>) -> Poll<Result<Held, Refused>> {
    wait.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn is_pending(wait: &mut Pin<&mut Wait>) -> bool {
    poll(wait).is_pending()
}

#[test]
fn no_more_is_taken_than_there_is_and_all_of_it_comes_back() {
    let budget = budget(100);
    let account = run(&budget);
    let mut held = account.take(30 * MIB).unwrap();
    assert_eq!(held.grow(20 * MIB), Err(Refused::Limit), "half of the budget is one run's limit");
    let share = budget.take(50 * MIB).unwrap();
    assert!(budget.take(20 * MIB).is_none());
    assert_eq!(held.grow(10 * MIB), Err(Refused::NoRoom));
    assert_eq!(budget.used_bytes(), 80 * MIB + RUN_BYTES);
    drop(share);
    held.grow(10 * MIB).unwrap();
    held.shrink_to(MIB);
    assert_eq!(budget.used_bytes(), MIB + RUN_BYTES);
    drop((held, account));
    assert_eq!(budget.used_bytes(), 0);
}

#[test]
fn what_is_in_use_already_is_counted_even_beyond_the_budget() {
    let budget = budget(10);
    let account = run(&budget);
    let held = account.take_anyway(20 * MIB);
    assert!(budget.used_bytes() > budget.bytes_max());
    assert_eq!(account.take(1).err(), Some(Refused::Limit));
    let share = held.into_share();
    drop(account);
    assert_eq!(budget.used_bytes(), 20 * MIB, "a share outlives its run");
    drop(share);
    assert_eq!(budget.used_bytes(), 0);
}

#[test]
fn the_last_eighth_is_for_small_holders() {
    let budget = budget(800);
    let large = [run(&budget), run(&budget)];
    let held: Vec<_> = large.iter().map(|run| run.take(349 * MIB).unwrap()).collect();
    assert_eq!(large[0].take(5 * MIB).err(), Some(Refused::NoRoom));
    assert!(budget.take(5 * MIB).is_none());
    let small: Vec<_> = (0..90).map(|_| run(&budget)).collect();
    let grown: Vec<_> = small.iter().map(|run| run.take(MIB / 2).unwrap()).collect();
    assert_eq!(small[0].take(5 * MIB).err(), Some(Refused::NoRoom));
    drop((held, grown));
    small[0].take(5 * MIB).expect("there is room again");
}

#[test]
fn runs_begin_in_the_order_of_arrival() {
    let budget = budget(10);
    let all = budget.take_anyway(10 * MIB);
    let accounts: Vec<_> = (0..3).map(|_| Account::new(&budget, MIB)).collect();
    let mut waits: Vec<_> = accounts.iter().map(|account| Box::pin(account.begin())).collect();
    for wait in &mut waits {
        assert!(is_pending(&mut wait.as_mut()));
    }
    drop(all);
    // They have been given what they need, so that nobody comes in between.
    assert_eq!(budget.used_bytes(), 3 * RUN_BYTES);
    for wait in &mut waits {
        let Poll::Ready(Ok(held)) = poll(&mut wait.as_mut()) else { panic!("its turn has come") };
        held.keep();
    }
    drop((waits, accounts));
    assert_eq!(budget.used_bytes(), 0);
}

#[test]
fn nobody_overtakes_who_waits_to_begin() {
    let budget = budget(10);
    let almost_all = budget.take_anyway(10 * MIB - RUN_BYTES / 2);
    let first = Account::new(&budget, MIB);
    let mut wait = pin!(first.begin());
    assert!(is_pending(&mut wait));
    let second = Account::new(&budget, MIB);
    assert!(!second.try_begin());
    drop(almost_all);
    assert!(matches!(poll(&mut wait), Poll::Ready(Ok(_))));
    assert!(second.try_begin());
}

#[test]
fn who_gives_up_waiting_stands_in_nobodys_way() {
    let budget = budget(10);
    let most = run(&budget).take_anyway(6 * MIB);
    let other = run(&budget);
    {
        let mut too_much = Box::pin(other.room(5 * MIB - RUN_BYTES));
        assert!(is_pending(&mut too_much.as_mut()));
        let small = run(&budget);
        let mut behind = Box::pin(small.room(3 * MIB));
        assert!(is_pending(&mut behind.as_mut()), "the first one's turn is the first");
        let more = budget.take_anyway(MIB);
        drop(too_much);
        drop(more);
        assert!(matches!(poll(&mut behind.as_mut()), Poll::Pending | Poll::Ready(Ok(_))));
    }
    drop(most);
    // Given and not taken: it goes back.
    {
        let full = budget.take_anyway(10 * MIB);
        let mut given = Box::pin(other.room(MIB));
        assert!(is_pending(&mut given.as_mut()));
        drop(full);
        assert!(budget.used_bytes() >= MIB);
    }
    drop(other);
    assert_eq!(budget.used_bytes(), 0);
}

#[test]
fn where_all_large_runs_wait_the_one_that_asked_last_is_refused() {
    let budget = budget(100);
    let runs = [run(&budget), run(&budget), run(&budget)];
    let mut held: Vec<_> = runs.iter().map(|run| run.take(29 * MIB).unwrap()).collect();
    let mut first = pin!(runs[0].room(10 * MIB));
    let mut second = pin!(runs[1].room(10 * MIB));
    let mut third = pin!(runs[2].room(10 * MIB));
    assert!(is_pending(&mut first) && is_pending(&mut second));
    assert!(matches!(poll(&mut third), Poll::Ready(Err(Refused::NoRoom))));
    assert!(is_pending(&mut first) && is_pending(&mut second), "it has yet to end");
    drop(held.pop());
    for wait in [&mut first, &mut second] {
        assert!(matches!(poll(wait), Poll::Ready(Ok(_))), "there is room when it has ended");
    }
}

#[test]
fn a_large_run_that_is_alone_does_not_wait_for_itself() {
    let budget = budget(100);
    let others = budget.take_anyway(60 * MIB);
    let run = run(&budget);
    let _held = run.take(25 * MIB).unwrap();
    let mut wait = pin!(run.room(10 * MIB));
    assert!(matches!(poll(&mut wait), Poll::Ready(Err(Refused::NoRoom))));
    drop(others);
}

#[test]
fn a_run_waits_for_another_large_one_that_goes_on() {
    let budget = budget(100);
    let (one, other) = (run(&budget), run(&budget));
    let _held = one.take(40 * MIB).unwrap();
    let others = other.take(40 * MIB).unwrap();
    let mut wait = pin!(one.room(9 * MIB));
    assert!(is_pending(&mut wait));
    // The other one ends without having waited.
    drop((others, other));
    assert!(matches!(poll(&mut wait), Poll::Ready(Ok(_))));
}

#[test]
fn when_the_last_run_that_went_on_ends_and_leaves_too_little_somebody_is_refused() {
    let budget = budget(100);
    let kept = budget.take_anyway(40 * MIB);
    let runs = [run(&budget), run(&budget), run(&budget)];
    let held: Vec<_> = runs[..2].iter().map(|run| run.take(20 * MIB).unwrap()).collect();
    let last = runs[2].take(2 * MIB).unwrap();
    let mut first = pin!(runs[0].room(20 * MIB));
    let mut second = pin!(runs[1].room(20 * MIB));
    assert!(is_pending(&mut first) && is_pending(&mut second));
    drop(last);
    assert!(is_pending(&mut first));
    assert!(matches!(poll(&mut second), Poll::Ready(Err(Refused::NoRoom))));
    drop((held, kept));
}

#[test]
fn what_is_kept_for_speed_alone_is_given_back_before_anybody_waits() {
    let budget = budget(10);
    let kept = Arc::new(std::sync::Mutex::new(Some(budget.take_anyway(10 * MIB))));
    let asked = Arc::new(AtomicUsize::new(0));
    let (shares, count) = (Arc::clone(&kept), Arc::clone(&asked));
    budget.when_scarce(move || {
        count.fetch_add(1, Ordering::Relaxed);
        shares.lock().unwrap().take();
        false
    });
    let account = Account::new(&budget, MIB);
    let mut wait = pin!(account.begin());
    let Poll::Ready(Ok(held)) = poll(&mut wait) else { panic!("there is room now") };
    drop(held);
    assert!(budget.take(100 * MIB).is_none());
    assert_eq!(asked.load(Ordering::Relaxed), 1, "it said that it is not needed any more");
}

#[test]
fn a_part_has_a_limit_of_its_own() {
    let budget = budget(100);
    let bodies = budget.part(16 * MIB);
    let first = bodies.take(14 * MIB).unwrap();
    assert!(bodies.take(2 * MIB).is_none(), "the last eighth is for small ones here, too");
    let small = bodies.take(MIB).unwrap();
    assert_eq!((bodies.used_bytes(), budget.used_bytes()), (15 * MIB, 15 * MIB));
    let share = bodies.adopt(budget.take_anyway(20 * MIB)).unwrap_err();
    drop(share);
    let adopted = bodies.adopt(budget.take_anyway(MIB / 2)).unwrap();
    assert_eq!(bodies.used_bytes(), 15 * MIB + MIB / 2);
    drop((first, small, adopted));
    assert_eq!((bodies.used_bytes(), budget.used_bytes()), (0, 0));
}
