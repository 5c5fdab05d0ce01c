//! What the operator decides: a file, variables and flags, in rising order.

mod data_sources;
mod endpoints;
mod error;
mod file;
mod listen;
mod load;
mod providers;
mod render;
mod schema;
mod types;
mod value;

pub(crate) use data_sources::IndexSetting;
pub(crate) use error::SettingErrors;
pub(crate) use hookstead_app::nearest;
pub(crate) use load::{FILE_NAME, Flag, Sources, load};
pub(crate) use schema::{Key, MailSettings, Settings};
pub(crate) use types::{ApplicationAuthentication, LogFormat};

#[cfg(test)]
mod tests;
