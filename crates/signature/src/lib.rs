//! Checks and makes the signatures of requests.
//!
//! How a provider signs is data, not code: a [`Scheme`] says which bytes are signed, with what,
//! how the result is spelt and where in the request it sits, and one function reads any of them.
//! Supporting another provider is a row in [`presets`], with its vectors in the tests.
//!
//! This crate does no I/O and holds no clock: the caller passes the time in. Nothing it returns
//! or prints holds a secret or a signature.

mod certificate;
mod certificate_url;
mod crc32;
mod fields;
mod form;
mod key;
mod locate;
mod methods;
pub mod presets;
mod reading;
mod reads;
mod refusal;
mod request;
mod rfc3339;
mod scheme;
mod sign;
mod template;
mod timestamp;
mod urls;
mod verify;

pub use certificate::{CERTIFICATE_FILE_BYTES_MAX, Certificate};
pub use key::Key;
pub use methods::{method_name, of_method};
pub use refusal::Refusal;
pub use request::RequestParts;
pub use scheme::{
    CertificateHosts, Encoding, FieldPath, Hash, KeyAlgorithm, KeyDecoding, Place, Proof, Scheme,
    Several, Source, TimeUnit, Timestamp, TimestampSource, Token, UrlForms, Way, When,
};
pub use sign::{Signed, sign};
pub use verify::{Clock, signed_at, verify};
