//! A mail, and the message that goes over the wire.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    time::{SystemTime, UNIX_EPOCH},
};

use lettre::message::{
    Mailbox, Message,
    header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0},
};

use crate::{Recipient, Sender};

/// A longer subject is cut.
const SUBJECT_CHARS_MAX: usize = 256;

/// A mail without its recipient. There is no `Debug`: it holds a link that whoever has it may use.
pub struct Mail {
    /// What it is, for the journal, such as "the mail to confirm an address".
    pub label: &'static str,
    /// Its subject; control characters in it become blanks.
    pub subject: String,
    /// Its text, in lines that end with `\n`.
    pub text: String,
    /// What of the text must not be told to anybody else, whatever a server answers.
    pub secret: String,
}

impl Mail {
    /// The message for one recipient. Headers are encoded, so that no text can add a line.
    pub(crate) fn message(
        &self,
        from: &Sender,
        to: &Recipient,
    ) -> Result<Message, lettre::error::Error> {
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        let automatic = HeaderValue::new(name, "auto-generated".to_owned());
        Message::builder()
            .from(from.mailbox().clone())
            .to(Mailbox::new(None, to.address().clone()))
            .subject(on_one_line(&self.subject))
            .message_id(Some(message_id(from.domain())))
            // Holiday notices and the like do not answer it.
            .raw_header(automatic)
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(self.text.clone())
    }
}

/// An id that no other mail has. It is no secret.
fn message_id(domain: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Each state has random keys of its own.
    let random = RandomState::new().hash_one(now.as_nanos());
    format!("<{:x}.{random:016x}@{domain}>", now.as_nanos())
}

fn on_one_line(subject: &str) -> String {
    let is_break = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
    let chars = subject.chars().take(SUBJECT_CHARS_MAX);
    chars.map(|char| if is_break(char) { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_subject_adds_a_header() {
        let from = Sender::parse("App <app@example.com>").unwrap();
        let to = Recipient::parse("ada@example.com").unwrap();
        for subject in [
            "Hi\r\nBcc: eve@example.com",
            "Hi\nBcc: eve@example.com",
            "Hi\r\n\r\n<script>",
            "Grüße\r\nBcc: eve@example.com",
            "\u{2028}Bcc: eve@example.com",
            &"x".repeat(5000),
        ] {
            let mail = Mail {
                label: "the mail",
                subject: subject.to_owned(),
                text: "text\n".to_owned(),
                secret: String::new(),
            };
            let message = mail.message(&from, &to).unwrap().formatted();
            let message = String::from_utf8(message).unwrap();
            let (head, _) = message.split_once("\r\n\r\n").unwrap();
            let names: Vec<_> = head
                .split("\r\n")
                .filter(|line| !line.starts_with([' ', '\t']))
                .map(|line| line.split_once(':').unwrap().0)
                .collect();
            let expected = [
                "From",
                "To",
                "Subject",
                "Message-ID",
                "Auto-Submitted",
                "Content-Type",
                "Content-Transfer-Encoding",
                "MIME-Version",
                "Date",
            ];
            let (mut names, mut expected) = (names, expected.to_vec());
            names.sort_unstable();
            expected.sort_unstable();
            assert_eq!(names, expected, "{head}");
        }
    }
}
