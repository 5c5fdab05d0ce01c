//! The program as people meet it: its commands, their output, their exit status.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod browser;
mod check;
mod check_users;
mod client_libraries;
mod codes;
mod computing;
mod data;
mod data_dir;
mod data_sources;
mod documents;
mod function;
mod hostile;
mod licenses;
mod log_in;
mod logs;
mod mail;
mod memory;
mod messages;
mod odd_files;
mod packages;
mod parts;
mod program;
mod quickstart;
mod reload;
mod rules;
mod secrets;
mod serve;
mod sign;
mod usage;
mod users;
mod validation;
