//! What a condition may be at most.

/// The most levels of objects and lists in one another.
pub(crate) const DEPTH_MAX: usize = 64;

/// The most objects, lists and values of a condition together.
pub(crate) const PARTS_MAX: usize = 100_000;

/// More that is not understood in one condition is not told: one part refuses it already.
pub(crate) const PROBLEMS_MAX: usize = 100;

/// The most names in a path such as `%%root.a.b`.
pub(crate) const PATH_NAMES_MAX: usize = 64;
