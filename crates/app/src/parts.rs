//! Parts of an export that this version does not serve (docs/behaviour/export.md#other-parts).
//!
//! Nothing here can close or open an endpoint. A file that cannot be read is told with what it
//! was for, and everything that is told is cut to a size that a person reads.

mod file;
mod graphql;
mod kind;
mod part;
mod platform;
mod triggers;

use self::file::Parts;
pub use self::{kind::PartKind, part::Part};
use crate::{App, layout::Layout, reader::Reader};

/// Finds every part of an export that is not served, the kinds in the order of [`PartKind`].
pub(crate) fn read(reader: &Reader, layout: &Layout, app: &App) -> Vec<Part> {
    let mut parts = Parts::new(&reader.folder, &reader.environment);
    triggers::read(&mut parts);
    platform::read_data_api(&mut parts, layout);
    graphql::read(&mut parts, app);
    platform::read_hosting(&mut parts, layout);
    platform::read_sync(&mut parts, app);
    platform::read_log_forwarders(&mut parts);
    platform::read_users(&mut parts, app);
    platform::read_unknown_folders(&mut parts);
    let mut found = parts.found;
    found.sort_by_key(|part| part.kind);
    found
}
