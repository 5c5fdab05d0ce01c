//! Three signals that have to do with turns.
//!
//! - A write to a page of the image that is still read-only: the page is warmed up (`pages`) and
//!   the write happens again.
//! - A touch of the guard below a turn's stack, from code of the engine that does not look how deep
//!   it is: the turn is given up.
//! - The signal of the thread's timer (`alarm`) or of the watchdog: the turn is suspended right
//!   there, if it is in the engine's own code or in a function of the C library's that only copies,
//!   fills or compares memory (`leaves`). The kernel's frame stays on the turn's stack and returns
//!   when the turn is resumed.
//!
//! Every other fault goes where it went before.

use std::{ffi::c_int, mem, ptr, sync::Once};

use crate::{
    alarm,
    frame::{self, Frame, Step},
    heap,
    pages::Pages,
};

/// Nobody uses it for anything, and who does not expect it ignores it.
pub(crate) const DISTURBANCE: c_int = libc::SIGURG;
/// The signals of a forbidden access; which one depends on the system.
const FAULTS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];
/// A handler on a turn's stack needs no more than this, the kernel's frame included.
const HANDLER_STACK_BYTES: usize = 32 << 10;

static mut PREVIOUS: [mem::MaybeUninit<libc::sigaction>; 2] = [mem::MaybeUninit::zeroed(); 2];

/// Installs the handlers, once for the process.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        heap::map_large_blocks();
        text::find();
        leaves::find();
        for (index, signal) in FAULTS.into_iter().enumerate() {
            // SAFETY: the handler does what handlers may; what was there before is kept.
            unsafe {
                let mut action = action(on_fault, libc::SA_ONSTACK);
                // Whatever else comes has to wait: the signal stack has room for one frame, where
                // processors have many registers.
                libc::sigfillset(&raw mut action.sa_mask);
                libc::sigaction(signal, &raw const action, (&raw mut PREVIOUS[index]).cast());
            }
        }
        // Not on the signal stack: the frame stays where it is while the turn is suspended.
        // SAFETY: as above; nobody else uses this signal.
        unsafe {
            let action = action(on_disturbance, libc::SA_RESTART);
            libc::sigaction(DISTURBANCE, &raw const action, ptr::null_mut());
        }
    });
}

/// Disturbs a thread, which must be alive.
pub(crate) fn disturb(thread: libc::pthread_t) {
    // SAFETY: the caller vouches for the thread, and the handler is installed.
    unsafe { libc::pthread_kill(thread, DISTURBANCE) };
}

type Handler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void);

fn action(handler: Handler, flags: c_int) -> libc::sigaction {
    // SAFETY: all zeroes is a valid value of the struct.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | flags;
    action
}

unsafe extern "C" fn on_fault(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: the kernel hands over valid pointers; a turn that runs has a frame.
    unsafe {
        let address = (*info).si_addr().addr();
        if let Some(frame) = frame::current().as_ref() {
            if let Some((pages, page)) =
                Pages::of(frame).and_then(|pages| Some((pages, pages.page_of(address)?)))
                && pages.warm_up(page).is_ok_and(|was_cold| was_cold)
            {
                return;
            }
            let context = context.cast::<libc::ucontext_t>();
            let is_overflow = frame.is_guard(address) || is_frame_refused(frame, info, context);
            if is_overflow && frame.is_in_engine() {
                frame.calm_down();
                registers::leave(context, frame);
                return;
            }
        }
        // Not ours: with the handler of before, the same fault happens again.
        let index = usize::from(signal != FAULTS[0]);
        libc::sigaction(signal, (&raw const PREVIOUS[index]).cast(), ptr::null_mut());
    }
}

/// Whether the kernel found no room on the turn's stack for the frame of another signal.
unsafe fn is_frame_refused(
    frame: &Frame,
    info: *const libc::siginfo_t,
    context: *const libc::ucontext_t,
) -> bool {
    /// The kernel says so itself; `libc` does not have it on every system.
    const SI_KERNEL: c_int = 0x80;
    // SAFETY: the caller vouches for the pointers.
    let (code, (_, stack)) = unsafe { ((*info).si_code, registers::place(context)) };
    code == SI_KERNEL && frame.stack_left(stack).is_some_and(|left| left <= HANDLER_STACK_BYTES)
}

unsafe extern "C" fn on_disturbance(
    _signal: c_int,
    _info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: the kernel hands over a valid pointer; a turn that runs has a frame.
    unsafe {
        let context = context.cast::<libc::ucontext_t>();
        let Some(frame) = frame::current().as_ref() else {
            alarm::fired(None, false);
            return;
        };
        let (counter, stack) = registers::place(context);
        let has_room = frame.stack_left(stack).is_some_and(|left| left > HANDLER_STACK_BYTES);
        let can_suspend =
            frame.is_preemptible() && has_room && is_suspendable(counter, stack, context);
        alarm::fired(Some(frame), can_suspend);
        if !frame.is_over() {
            // The signal was for the turn before.
            return;
        }
        if !can_suspend {
            // The signal comes again.
            frame.hurry();
            return;
        }
        frame.calm_down();
        mask(libc::SIG_UNBLOCK);
        frame.suspend(Step::SliceOver);
        // The turn may have come to another thread, with a mask and a signal stack of its own.
        let mask = mask(libc::SIG_UNBLOCK);
        // The kernel's sets have 64 signals, those of `libc` have room for more.
        let kept = (&raw mut (*context).uc_sigmask).cast::<u64>();
        kept.write((&raw const mask).cast::<u64>().read());
        libc::sigaltstack(ptr::null(), &raw mut (*context).uc_stack);
        frame.stir_up();
    }
}

/// Whether the code at this place can be left and resumed on another thread: the engine's, or a
/// leaf of the C library's that the engine has called.
unsafe fn is_suspendable(counter: usize, stack: usize, context: *const libc::ucontext_t) -> bool {
    text::contains(counter)
        || leaves::contain(counter)
            // SAFETY: the caller vouches for the context; the turn's stack can be read.
            && text::contains(unsafe { registers::return_address(stack, context) })
}

/// Blocks or unblocks disturbances of this thread; the mask that it had.
unsafe fn mask(how: c_int) -> libc::sigset_t {
    // SAFETY: all zeroes is a valid set of signals.
    unsafe {
        let (mut disturbance, mut before) = (mem::zeroed(), mem::zeroed());
        libc::sigaddset(&raw mut disturbance, DISTURBANCE);
        libc::pthread_sigmask(how, &raw const disturbance, &raw mut before);
        before
    }
}

/// Where this program's own code lies. In the C library a turn may hold a lock.
mod text {
    use std::{
        ffi::c_int,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use crate::code::{Segment, segments};

    static START: AtomicUsize = AtomicUsize::new(0);
    static END: AtomicUsize = AtomicUsize::new(0);

    pub(super) fn contains(address: usize) -> bool {
        (START.load(Ordering::Relaxed)..END.load(Ordering::Relaxed)).contains(&address)
    }

    /// Finds the executable segment that holds this very function.
    pub(super) fn find() {
        // With the C library linked in, its code cannot be told from the engine's.
        if cfg!(target_feature = "crt-static") {
            return;
        }
        // SAFETY: the callback gets valid pointers and keeps none.
        unsafe { libc::dl_iterate_phdr(Some(on_object), std::ptr::null_mut()) };
    }

    unsafe extern "C" fn on_object(
        object: *mut libc::dl_phdr_info,
        _bytes: libc::size_t,
        _data: *mut libc::c_void,
    ) -> c_int {
        let here = find as *const () as usize;
        // SAFETY: the loader hands over a valid object.
        let mut segments = unsafe { segments(object) };
        let is_code = |segment: &Segment| {
            segment.flags & libc::PF_X != 0 && segment.addresses.contains(&here)
        };
        let Some(Segment { addresses, .. }) = segments.find(is_code) else { return 0 };
        START.store(addresses.start, Ordering::Relaxed);
        END.store(addresses.end, Ordering::Relaxed);
        1
    }
}

mod leaves;

/// What differs between processors.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod registers {
    use super::{Frame, Step};

    /// Where the interrupted code was: program counter and stack pointer.
    pub(super) unsafe fn place(context: *const libc::ucontext_t) -> (usize, usize) {
        // SAFETY: the caller vouches for the context.
        let registers = unsafe { &(*context).uc_mcontext.gregs };
        (registers[libc::REG_RIP as usize] as usize, registers[libc::REG_RSP as usize] as usize)
    }

    /// Where the interrupted function returns to, if it has no frame of its own.
    pub(super) unsafe fn return_address(stack: usize, _: *const libc::ucontext_t) -> usize {
        // SAFETY: the caller vouches for the stack.
        unsafe { std::ptr::with_exposed_provenance::<usize>(stack).read_unaligned() }
    }

    /// Lets the interrupted code go on at the end of its turn.
    ///
    /// # Safety
    /// The interrupted code must be the frame's turn, with nothing on its stack that owns anything.
    pub(super) unsafe fn leave(context: *mut libc::ucontext_t, frame: &Frame) {
        // SAFETY: the caller vouches for the context and for the stack, which starts anew.
        unsafe {
            let entry = frame.trap().setup_trap_handler(|| Step::OutOfStack);
            let registers = &mut (*context).uc_mcontext.gregs;
            for (register, value) in [
                (libc::REG_RIP, entry.rip),
                (libc::REG_RSP, entry.rsp),
                (libc::REG_RBP, entry.rbp),
                (libc::REG_RDI, entry.rdi),
                (libc::REG_RSI, entry.rsi),
            ] {
                registers[register as usize] = value.cast_signed();
            }
        }
    }
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod registers {
    use super::{Frame, Step};

    /// Where the interrupted code was: program counter and stack pointer.
    pub(super) unsafe fn place(context: *const libc::ucontext_t) -> (usize, usize) {
        // SAFETY: the caller vouches for the context.
        let machine = unsafe { &(*context).uc_mcontext };
        (machine.pc as usize, machine.sp as usize)
    }

    /// Where the interrupted function returns to, if it has not called another one.
    pub(super) unsafe fn return_address(_: usize, context: *const libc::ucontext_t) -> usize {
        // SAFETY: the caller vouches for the context.
        unsafe { (*context).uc_mcontext.regs[30] as usize }
    }

    /// Lets the interrupted code go on at the end of its turn.
    ///
    /// # Safety
    /// The interrupted code must be the frame's turn, with nothing on its stack that owns anything.
    pub(super) unsafe fn leave(context: *mut libc::ucontext_t, frame: &Frame) {
        // SAFETY: the caller vouches for the context and for the stack, which starts anew.
        unsafe {
            let entry = frame.trap().setup_trap_handler(|| Step::OutOfStack);
            let machine = &mut (*context).uc_mcontext;
            (machine.pc, machine.sp) = (entry.pc, entry.sp);
            machine.regs[0] = entry.x0;
            machine.regs[1] = entry.x1;
            machine.regs[29] = entry.x29;
            machine.regs[30] = entry.lr;
        }
    }
}

#[cfg(test)]
mod tests;
