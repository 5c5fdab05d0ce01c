//! Commands that change one collection, and the indexes that an operator declares.

pub(crate) mod changes;
pub(crate) mod indexes;
pub(crate) mod inserts;
pub(crate) mod moved;
pub(crate) mod work;
