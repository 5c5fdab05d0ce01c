//! What a condition may be at most.

/// The most levels of objects and lists in one another.
pub(crate) const DEPTH_MAX: usize = 64;

/// The most objects, lists and values of a condition together.
pub(crate) const PARTS_MAX: usize = 100_000;

/// The most names in a path such as `%%root.a.b`.
pub(crate) const PATH_NAMES_MAX: usize = 64;
