//! The checks of a request.

pub(crate) mod identity;
pub(crate) mod origin;
pub(crate) mod proof;
pub(crate) mod route;
