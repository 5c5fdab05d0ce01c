//! Change streams: the changes of a collection, as they are committed
//! (docs/behaviour/watch.md#events).
//!
//! A store reads each change once and hands it to all who watch the collection: a [`Channel`] has
//! a [`Queue`](queue::Queue) for each of them. A stream that begins at an earlier change reads what
//! it has missed by itself, and joins the channel when it has caught up.

pub(crate) mod channel;
pub(crate) mod difference;
mod event;
pub(crate) mod interest;
pub(crate) mod queue;
pub(crate) mod watch;

pub use difference::difference;
pub use event::{Change, ChangeKind, UpdateDescription};
pub use interest::{Interest, key_of_id};
pub use watch::{Changes, ConditionOfEvents, Watch, WatchLimits};
