//! JavaScript in a world of its own: every run starts clean and leaves nothing behind.
//!
//! A caller makes an [`Image`] once: a prelude and scripts, compiled and evaluated as far as they
//! are the same for every run. It hands the image with a [`Host`] to a [`Pool`] for every run. The
//! host is the run's table: natives work on it, pending work sits in it, and it comes back to the
//! caller when the run has ended. JavaScript and natives exchange numbers, strings and copied bytes
//! ([`Value`]); no JavaScript object ever owns memory or anything else of Rust's.
//!
//! That is what makes a clean world cheap. An image lies in an `arena`, bookkeeping and all; after
//! a run the `pages` that it wrote to are copied back, and nothing of the run is left, whatever
//! state the engine was in. So a run may be stopped anywhere: it computes on a stack of its own
//! (`turn`), which is simply left when memory or time is over.
//!
//! This crate knows nothing of HTTP, of App Services or of MongoDB.
//! It is the only one with `unsafe`.

#![expect(unsafe_code, reason = "the engine's border, its memory and its stacks")]

mod alarm;
mod arena;
mod background;
mod code;
mod compiler;
mod engine;
mod frame;
mod fresh;
mod heap;
mod host;
mod image;
mod isolate;
mod isolates;
mod limits;
mod lock;
mod mapping;
mod pace;
mod packed;
mod pages;
mod place;
mod pool;
mod processors;
mod recipe;
mod run;
mod signals;
mod turn;
mod value;
mod watchdog;
mod zone;

pub use background::{FreedElsewhere, LongWork, background_work, in_background, pause};
pub use code::forget_code;
pub use engine::{Detail, OWN_NATIVES};
pub use heap::give_back_early;
pub use host::{Answer, Hook, Host, Native, NativeCall, Pure, Wake};
pub use image::{Image, ImageParts, ScriptError};
pub use limits::{
    Ending, RunLimits,
    runs::{Busy, PoolLimits},
};
pub use pace::Pace;
pub use packed::{Item, PackedReader, PackedWriter};
pub use pool::Pool;
pub use recipe::{Bytecode, Code, Script};
pub use value::{Thrown, Value};
pub use zone::live_in_utc;
