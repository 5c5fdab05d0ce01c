//! The mail that a call asks for: prepared before there is a link, sent with it
//! (docs/behaviour/users.md#mails).

use hookstead_identity::{Link, network_of};
use hookstead_site::{MailPurpose, NoMail, UserMail};

use crate::{admit::Asking, error_code::ErrorCode, refusal::Refusal};

/// A mail that waits for its link, or why there is none.
pub(super) struct Post<'a> {
    purpose: MailPurpose,
    mail: Result<UserMail<'a>, Lack>,
}

/// Why there is no mail: the operator can do without it.
#[derive(Clone, Copy)]
enum Lack {
    Server,
    Page,
    Address,
    /// The app does without it.
    Nothing,
}

impl<'a> Post<'a> {
    /// Takes a place for a mail where there may be one.
    ///
    /// # Errors
    /// There are too many mails: nothing has happened yet.
    pub(super) fn prepare(
        asking: Asking<'a>,
        purpose: MailPurpose,
        email: &str,
    ) -> Result<Self, Refusal> {
        let Some(mails) = asking.site.user_mails() else {
            return Ok(Self { purpose, mail: Err(Lack::Server) });
        };
        let mail = match mails.reserve(purpose, email, network_of(asking.caller.address)) {
            Ok(mail) => Ok(mail),
            Err(NoMail::AnotherWay) => Err(Lack::Nothing),
            Err(NoMail::Page) => Err(Lack::Page),
            Err(NoMail::Address) => Err(Lack::Address),
            Err(NoMail::Limit(limit)) => {
                return Err(Refusal::too_many_requests().with_hint(&limit.to_string()));
            }
        };
        Ok(Self { purpose, mail })
    }

    /// Refuses an address that cannot be confirmed, because no mail can be sent to it.
    pub(super) fn check_reachable(&self) -> Result<(), Refusal> {
        match self.mail {
            Err(Lack::Address) => {
                Err(Refusal::bad_request(ErrorCode::BadRequest, "invalid email address"))
            }
            _ => Ok(()),
        }
    }

    /// Sends the mail with the link. Answers what the operator is told where there is none.
    pub(super) fn send(self, link: &Link) -> Option<&'static str> {
        let lack = match self.mail {
            Ok(mail) => {
                mail.send(&link.token, &link.token_id);
                return None;
            }
            Err(lack) => lack,
        };
        match (lack, self.purpose) {
            (Lack::Nothing, _) => None,
            (Lack::Server, MailPurpose::Confirmation) => {
                Some("no mail is sent: the user waits until `hookstead users confirm`")
            }
            (Lack::Server, MailPurpose::Reset) => {
                Some("no mail is sent: `hookstead users reset-link` prints a link for the user")
            }
            (Lack::Page, MailPurpose::Confirmation) => Some(
                "no mail is sent, because `emailConfirmationUrl` is no URL: the user waits until \
                 `hookstead users confirm`",
            ),
            (Lack::Page, MailPurpose::Reset) => Some(
                "no mail is sent, because `resetPasswordUrl` is no URL: `hookstead users \
                 reset-link` prints the token for the user",
            ),
            (Lack::Address, MailPurpose::Confirmation) => Some(
                "no mail is sent, because the name is no email address: the user waits until \
                 `hookstead users confirm`",
            ),
            (Lack::Address, MailPurpose::Reset) => Some(
                "no mail is sent, because the name is no email address: `hookstead users \
                 reset-link` prints a link for the user",
            ),
        }
    }
}
