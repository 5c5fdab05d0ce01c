//! One budget of bytes for everything that callers can make the program hold.
//!
//! A [`Budget`] knows how much there is and how much of it is taken. A run has an [`Account`] of
//! it, with a limit of its own; its JavaScript memory, the answers of partners, cursors and log
//! lines are taken from that account. What belongs to no run (bodies of requests, responses that
//! were not read yet, isolates) is a [`Share`] of the budget itself.
//!
//! - The last eighth of the budget is for small runs, so that they go on while large ones use the
//!   rest.
//! - Who finds no room waits in the order of arrival ([`Account::begin`], [`Account::room`]).
//! - Where every large run waits for more, none of them would ever end: the last one that asked is
//!   refused.

mod account;
mod budget;
mod machine;
mod queue;

pub use account::{Account, Held, RUN_BYTES, Refused};
pub use budget::{Budget, Part, Share};
pub use machine::{Limit, memory_limit, memory_limit_in};
pub use queue::Wait;
