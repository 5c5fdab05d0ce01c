//! Mails that the program sends by itself, over the operator's SMTP server.
//!
//! A [`Mailer`] takes a mail into a queue in memory and returns at once; [`Mailer::run`] sends what
//! is in the queue, and tries again where the server could not take it. What callers can make it
//! send is limited by mailbox, by network and in all ([`MailLimits`]).
//!
//! The server is named by the operator, so that no guard of outgoing calls applies to it: it may
//! have a private address.

mod address;
mod delivery;
mod failure;
mod limits;
mod mailer;
mod message;
mod smtp_server;

pub use address::{AddressError, Recipient, Sender};
pub use delivery::{Delivery, Outcome};
pub use limits::{LimitReached, MailLimits};
pub use mailer::{Mailer, MailerOptions, Reservation};
pub use message::Mail;
pub use smtp_server::{SmtpServer, SmtpUrlError};
