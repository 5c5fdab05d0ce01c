//! Real servers for tests, started and killed at will. Nothing that ships uses this crate.

mod port;
mod python;
mod secantus;

pub use secantus::{SecantusDb, StartError};
