//! JavaScript in a world of its own: every run starts clean and leaves nothing behind.
//!
//! A caller makes an [`Image`] once (a prelude and scripts, compiled), and hands it with a
//! [`Host`] to a [`Pool`] for every run. The host is the run's table: natives work on it, pending
//! work sits in it, and it comes back to the caller when the run has ended. JavaScript and natives
//! exchange numbers, strings and copied bytes ([`Value`]); no JavaScript object ever owns memory
//! or anything else of Rust's, so that a run's memory can be thrown away as it is.
//!
//! Today a run gets a fresh runtime and context on a thread of its own. What stands behind
//! [`Pool::run`] may become anything that keeps the promises above.
//!
//! This crate knows nothing of HTTP, of App Services or of MongoDB.
//! It is the only one with `unsafe`, nearly all of it in `engine` and `memory`.

mod clock;
mod drive;
#[expect(unsafe_code, reason = "the border to the engine")]
mod engine;
mod host;
mod image;
#[expect(unsafe_code, reason = "the engine's allocator")]
mod memory;
mod pool;
mod value;

pub use drive::Ending;
pub use host::{Hook, Host, Native, Wake};
pub use image::{Image, Script, ScriptError};
pub use pool::{Busy, Pool, PoolLimits, RunLimits};
pub use value::{Thrown, Value};
