//! Addresses of mails: who gets them, and who they come from.

use lettre::{Address, message::Mailbox};

/// The longest address that SMTP can carry.
const ADDRESS_BYTES_MAX: usize = 254;

/// The longest part before the `@`.
const USER_BYTES_MAX: usize = 64;

/// Why a text is no address that mails are sent to or from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no email address such as name@example.com")]
pub struct AddressError;

/// Somebody who gets a mail: one address that is safe in a header and in a command of SMTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient(Address);

impl Recipient {
    /// Reads an address, as a caller wrote it.
    ///
    /// # Errors
    /// It is no plain address: names, comments, quoted local parts, several addresses and literal
    /// IP addresses are refused.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let address: Address = text.parse().map_err(|_| AddressError)?;
        let has_domain = address.domain().contains('.') && !address.domain().ends_with('.');
        let is_short = text.len() <= ADDRESS_BYTES_MAX && address.user().len() <= USER_BYTES_MAX;
        // The library checks as well; a quoted local part could hold any of these.
        if is_short && has_domain && text.chars().all(is_plain) {
            return Ok(Self(address));
        }
        Err(AddressError)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    pub(crate) fn address(&self) -> &Address {
        &self.0
    }

    /// What mails are counted by: letter case and what follows a `+` lead to the same mailbox with
    /// most servers.
    pub(crate) fn mailbox_key(&self) -> String {
        let user = self.0.user();
        let user = user.split_once('+').map_or(user, |(user, _)| user);
        format!("{user}@{}", self.0.domain()).to_lowercase()
    }
}

/// Who mails come from: an address, and a name where there is one.
#[derive(Debug, Clone)]
pub struct Sender(Mailbox);

impl Sender {
    /// Reads `name@example.com` or `Name <name@example.com>`.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mailbox: Mailbox = text.parse().map_err(|_| AddressError)?;
        let is_clean = mailbox.name.as_ref().is_none_or(|name| !name.contains(char::is_control));
        // A server in the same network may have a name without a dot.
        if is_clean && mailbox.email.to_string().chars().all(is_plain) {
            return Ok(Self(mailbox));
        }
        Err(AddressError)
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0
    }

    /// The name of the machine that the program introduces itself with, and of the ids of mails.
    pub(crate) fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

fn is_plain(char: char) -> bool {
    !(char.is_control() || char.is_whitespace() || r#"<>()[]\,;:""#.contains(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_one_plain_address() {
        let long = format!("{}@example.com", "x".repeat(65));
        for (text, is_address) in [
            ("ada@example.com", true),
            ("Ada.Lovelace+news@mail.example.com", true),
            ("jörg@bücher.example", true),
            ("o'brien@example.com", true),
            ("", false),
            ("ada", false),
            ("@example.com", false),
            ("ada@", false),
            ("ada@localhost", false),
            ("ada@example.com.", false),
            ("Ada <ada@example.com>", false),
            ("ada@example.com, eve@example.com", false),
            ("ada@example.com\r\nBcc: eve@example.com", false),
            ("ada@example.com\nBcc:eve@example.com", false),
            ("ada\r\nRCPT TO:<eve@example.com>@example.com", false),
            ("ada\0@example.com", false),
            ("\"ada> SIZE=1\"@example.com", false),
            ("\"a b\"@example.com", false),
            ("ada@[127.0.0.1]", false),
            ("ada(comment)@example.com", false),
            ("ada@example.com\u{2028}x", false),
            (&long, false),
        ] {
            assert_eq!(Recipient::parse(text).is_ok(), is_address, "{text:?}");
        }
    }

    #[test]
    fn spellings_of_one_mailbox_count_together() {
        for text in ["ada@example.com", "ADA@Example.com", "ada+1@example.com", "Ada+@example.COM"]
        {
            let key = Recipient::parse(text).unwrap().mailbox_key();
            assert_eq!(key, "ada@example.com", "{text}");
        }
    }

    #[test]
    fn a_sender_may_have_a_name() {
        for (text, is_sender) in [
            ("app@example.com", true),
            ("App <app@example.com>", true),
            ("Bücher & Co <app@example.com>", true),
            ("root@localhost", true),
            ("App", false),
            ("App <app>", false),
            ("A\r\nBcc: eve@example.com <app@example.com>", false),
            ("", false),
        ] {
            assert_eq!(Sender::parse(text).is_ok(), is_sender, "{text:?}");
        }
    }
}
