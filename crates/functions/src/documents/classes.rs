//! The numbers of the classes in `js/src/structures.js`.

pub(super) const OBJECT_ID: u8 = 0;
pub(super) const BINARY: u8 = 1;
pub(super) const LONG: u8 = 2;
pub(super) const INT32: u8 = 3;
pub(super) const DOUBLE: u8 = 4;
pub(super) const DECIMAL128: u8 = 5;
pub(super) const REGULAR_EXPRESSION: u8 = 6;
pub(super) const TIMESTAMP: u8 = 7;
pub(super) const CODE: u8 = 8;
pub(super) const MIN_KEY: u8 = 9;
pub(super) const MAX_KEY: u8 = 10;
pub(super) const UUID: u8 = 11;
