//! Checks and makes the signatures of requests.
//!
//! How a provider signs is data, not code: a [`Scheme`] says which bytes are signed, with what,
//! how the result is spelt and where in the request it sits, and one function reads any of them.
//! Supporting another provider is a row in [`presets`], with its vectors in the tests.
//!
//! This crate does no I/O and holds no clock: the caller passes the time in. Nothing it returns
//! or prints holds a secret or a signature.

mod key;
mod locate;
pub mod presets;
mod refusal;
mod request;
mod scheme;
mod sign;
mod template;
mod timestamp;
mod verify;

pub use key::Key;
pub use refusal::Refusal;
pub use request::RequestParts;
pub use scheme::{
    Encoding, Hash, KeyDecoding, Place, Proof, Scheme, Several, TimeUnit, Timestamp,
    TimestampSource, Token, Way,
};
pub use sign::{Signed, sign};
pub use verify::verify;
