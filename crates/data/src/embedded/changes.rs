//! Change streams of the embedded store (docs/behaviour/watch.md#the-log).
//!
//! Whoever writes to a collection that is watched adds each change to a [`log`] in the file, in the
//! same transaction; nothing is added for a collection that nobody watches ([`watched`]). One
//! thread of a process, the [`watcher`], reads the log and hands each change to the streams of its
//! collection. It hears of commits by this process at once, and looks for those of others.

pub(crate) mod layout;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod lost;
pub(crate) mod registration;
pub(crate) mod signal;
mod stream;
pub(crate) mod token;
pub(crate) mod watched;
pub(crate) mod watcher;

use std::sync::Arc;

use crate::{
    Changes, Future, Namespace, Watch,
    changes::{interest::Interest, watch::parameters},
    embedded::{catalogue::names, data_source::EmbeddedStore},
};
use stream::EmbeddedChanges;

/// Opens a stream of the changes of a collection.
pub(crate) fn open(
    store: &EmbeddedStore,
    name: Namespace,
    watch: Watch,
) -> Future<'static, Box<dyn Changes>> {
    let store = store.clone();
    Box::pin(async move {
        names::check(&name).map_err(|failure| store.error(failure))?;
        let interest = Arc::new(Interest::new(&watch, &parameters())?);
        let stream = EmbeddedChanges::open(store, name, watch, interest).await?;
        Ok(Box::new(stream) as Box<dyn Changes>)
    })
}
