use std::{
    hint::black_box,
    process::Command,
    ptr,
    time::{Duration, Instant},
};

use super::*;
use crate::{frame::Seat, limits::stack, turn::Turn};

/// A turn without an engine.
fn turn(seat: &Seat, body: impl FnOnce()) -> Turn {
    install();
    let stack = stack::take(64 << 10).expect("a stack");
    // SAFETY: the seat outlives the turns of these tests, and nobody looks for pages or a table.
    unsafe { Turn::new(stack, seat, ptr::null(), ptr::null_mut(), body) }
}

fn disturb_this_thread() {
    // SAFETY: asks who this thread is.
    disturb(unsafe { libc::pthread_self() });
}

/// Calls itself until there is so little stack, and is disturbed there.
fn dig(left_bytes: usize) -> usize {
    let here = black_box([0_u8; 64]);
    // SAFETY: this runs within a turn.
    let left = unsafe { (*frame::current()).stack_left(here.as_ptr().addr()) };
    if left.is_some_and(|left| left > left_bytes) {
        return dig(left_bytes) + usize::from(here[0]);
    }
    disturb_this_thread();
    black_box(usize::from(here[63]))
}

#[test]
fn a_turn_without_room_for_a_signal_is_out_of_stack() {
    for left_bytes in [2048, 4096, 8192, 16384, 65536] {
        let seat = Seat::new();
        let mut turn = turn(&seat, || assert_eq!(dig(left_bytes), 0));
        // So late that the watchdog does not come in between.
        let step = turn.resume(Instant::now() + Duration::from_secs(60));
        assert!(matches!(step, Step::OutOfStack | Step::Done), "{left_bytes}: {step:?}");
        assert!(left_bytes > 2048 || step == Step::OutOfStack, "{step:?}");
    }
}

#[test]
fn a_signal_that_comes_too_late_does_not_suspend_the_next_turn() {
    let seat = Seat::new();
    let mut turn = turn(&seat, disturb_this_thread);
    assert_eq!(turn.resume(Instant::now() + Duration::from_secs(60)), Step::Done);
}

/// The stack for signals has room for one of them.
#[test]
fn while_a_fault_is_handled_every_other_signal_waits() {
    install();
    for signal in FAULTS {
        // SAFETY: the system fills in what is asked for.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            assert_eq!(libc::sigaction(signal, ptr::null(), &raw mut action), 0);
            for other in [DISTURBANCE, libc::SIGTERM, libc::SIGCHLD, libc::SIGALRM] {
                assert_eq!(libc::sigismember(&raw const action.sa_mask, other), 1);
            }
        }
    }
}

/// A turn is suspended in its own code, resumed by another thread, and disturbed there again.
#[test]
fn a_suspended_turn_goes_on_on_any_thread() {
    let seat = Seat::new();
    let rounds = std::sync::atomic::AtomicU64::new(0);
    let mut turn = turn(&seat, || {
        for _ in 0..3_000_000_000_u64 {
            rounds.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    for _ in 0..5 {
        std::thread::scope(|scope| {
            let step = scope.spawn(|| turn.resume(Instant::now())).join();
            assert_eq!(step.expect("it does not panic"), Step::SliceOver);
        });
    }
    drop(turn);
    assert!(rounds.into_inner() > 5);
}

/// Other faults are reported as ever. This test runs itself once more, to die.
#[test]
fn the_overflow_of_another_stack_is_still_reported() {
    const DIES: &str = "HOOKSTEAD_TEST_OVERFLOWS";
    if std::env::var_os(DIES).is_some() {
        install();
        let thread = std::thread::Builder::new().name("digger".into()).stack_size(256 << 10);
        let overflow = || black_box(overflow as fn(u64) -> u64)(0);
        let _ = thread.spawn(overflow).map(std::thread::JoinHandle::join);
        return;
    }
    let this = std::env::current_exe().expect("this program");
    let name = "signals::tests::the_overflow_of_another_stack_is_still_reported";
    let output = Command::new(this).args([name, "--exact", "--nocapture"]).env(DIES, "1").output();
    let output = output.expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("has overflowed its stack"), "{said}");
}

fn overflow(depth: u64) -> u64 {
    let here = black_box([depth; 64]);
    black_box(overflow as fn(u64) -> u64)(depth + 1) + here[7]
}
