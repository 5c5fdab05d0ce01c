//! Where the engine counts down to its next look at the time.
//!
//! The number lies in the context, at a place that the engine does not tell. A signal handler sets
//! it to zero, so that the engine looks at the time at the next call or round of a loop
//! ([`Frame::hurry`](crate::frame::Frame::hurry)): without that, ten thousand of them can take
//! minutes. So an engine in which it is not found does not start.

use std::ffi::{CStr, c_int};

use rquickjs_sys as qjs;

use super::context::Engine;
use crate::Thrown;

impl Engine {
    /// Where the engine counts down to its next look at the time.
    ///
    /// It counts calls and rounds of loops, not time: loops of known length leave their mark.
    pub(super) fn find_countdown(self) -> Result<*mut c_int, Thrown> {
        const WORDS: usize = 256;
        let rounds = |text: &CStr| {
            let length = text.count_bytes() as qjs::size_t;
            let flags = qjs::JS_EVAL_TYPE_GLOBAL as c_int;
            // SAFETY: the text ends in a zero byte, and the context is alive. So many bytes of the
            // arena lie behind its start: all that the engine made after it.
            unsafe {
                self.hold(qjs::JS_Eval(self.context, text.as_ptr(), length, c"".as_ptr(), flags))?;
                Ok::<_, Thrown>(self.context.cast::<[c_int; WORDS]>().read())
            }
        };
        let first = rounds(c"1")?;
        let second = rounds(c"for (let n = 0; n < 50; n++);")?;
        let third = rounds(c"for (let n = 0; n < 150; n++);")?;
        let mut marks = (0..WORDS).filter(|&index| {
            let fell = first[index].wrapping_sub(second[index]);
            let fell_next = second[index].wrapping_sub(third[index]);
            // A round counts once or a few times; the script around the loop counts, too.
            (1..=4).any(|per_round| {
                let around = fell.wrapping_sub(50 * per_round);
                (0..10).contains(&around) && fell_next.wrapping_sub(150 * per_round) == around
            })
        });
        match (marks.next(), marks.next()) {
            (Some(index), None) => Ok(self.context.cast::<c_int>().wrapping_add(index)),
            _ => Err(Thrown::new("InternalError", "the engine counts down where nobody finds it")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Bytecode, Detail, Script};

    #[test]
    fn the_countdown_of_the_linked_engine_is_found() {
        // Every engine looks for it when it is made, and is not made without it.
        let script = Script { name: "a.js".into(), source: "1".into(), lines_before: 0 };
        let compiled = Bytecode::compile(&script, Detail::Full);
        assert!(compiled.is_ok(), "{:?}", compiled.err());
    }
}
