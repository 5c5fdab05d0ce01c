//! Mails to the users of an app, with links that confirm an address or set a new password
//! (docs/behaviour/users.md#mails).

use std::net::IpAddr;

use hookstead_app::{App, Confirmation, EmailLink, PasswordReset, ProviderSetup};
use hookstead_mail::{LimitReached, Mail, Mailer, Recipient, Reservation};
use url::Url;

/// What a mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPurpose {
    /// To confirm the address of a new user.
    Confirmation,
    /// To set a new password.
    Reset,
}

/// Why there is no mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoMail {
    /// The app does it in another way.
    AnotherWay,
    /// The app names no page for the link, or one that is no URL.
    Page,
    /// The name of the user is no address that a mail can be sent to.
    Address,
    /// There are too many mails.
    Limit(LimitReached),
}

/// Sends the mails of an app.
pub struct UserMails {
    mailer: Mailer,
    /// The name of the app, on one line.
    app: String,
    confirmation: Option<EmailLink>,
    reset: Option<EmailLink>,
}

/// A mail that waits for its link. It counts for the limits, unless it is dropped.
pub struct UserMail<'a> {
    reservation: Reservation,
    purpose: MailPurpose,
    app: &'a str,
    page: &'a str,
    subject: Option<&'a str>,
}

impl UserMails {
    /// The mails of an app; `None` where it has no provider that sends some.
    pub(crate) fn new(app: &App, mailer: &Mailer) -> Option<Self> {
        let provider = app.auth_providers.get("local-userpass")?;
        let ProviderSetup::EmailPassword(setup) = &provider.setup else { return None };
        let confirmation = match &setup.confirmation {
            Confirmation::Email(link) => Some(link.clone()),
            Confirmation::Automatic | Confirmation::Function(_) => None,
        };
        let reset = match &setup.reset {
            PasswordReset::Email(link) => Some(link.clone()),
            PasswordReset::Function(_) => None,
        };
        let words: Vec<_> = app.name.split_whitespace().collect();
        let name = words.join(" ").chars().filter(|char| !char.is_control()).collect();
        Some(Self { mailer: mailer.clone(), app: name, confirmation, reset })
    }

    /// Takes a place for the mail to a user, whom somebody in `network` asks for. To be called
    /// before there is a link.
    ///
    /// # Errors
    /// There is no mail.
    pub fn reserve(
        &self,
        purpose: MailPurpose,
        email: &str,
        network: IpAddr,
    ) -> Result<UserMail<'_>, NoMail> {
        let link = match purpose {
            MailPurpose::Confirmation => &self.confirmation,
            MailPurpose::Reset => &self.reset,
        };
        let EmailLink { url, subject } = link.as_ref().ok_or(NoMail::AnotherWay)?;
        let is_url = |url: &&str| link_url(url, "", "").is_some();
        let page = url.as_deref().filter(is_url).ok_or(NoMail::Page)?;
        let to = Recipient::parse(email).map_err(|_| NoMail::Address)?;
        let reservation = self.mailer.reserve(to, network).map_err(NoMail::Limit)?;
        let subject = subject.as_deref();
        Ok(UserMail { reservation, purpose, app: &self.app, page, subject })
    }
}

impl UserMail<'_> {
    /// Puts the mail into the queue, with the link of a token.
    pub fn send(self, token: &str, token_id: &str) {
        let Self { reservation, purpose, app, page, subject } = self;
        let Some(link) = link_url(page, token, token_id) else { return };
        let (label, default_subject) = match purpose {
            MailPurpose::Confirmation => {
                ("the mail to confirm an address", format!("Confirm your email address for {app}"))
            }
            MailPurpose::Reset => {
                ("the mail to reset a password", format!("Reset your password for {app}"))
            }
        };
        reservation.send(Mail {
            label,
            subject: subject.map_or(default_subject, str::to_owned),
            text: text(purpose, app, &link),
            secret: token.to_owned(),
        });
    }
}

/// A page with a token in its query, before a fragment; `None` where its URL is none.
pub fn link_url(page: &str, token: &str, token_id: &str) -> Option<String> {
    let mut url = Url::parse(page).ok()?;
    url.query_pairs_mut().append_pair("token", token).append_pair("tokenId", token_id);
    Some(url.into())
}

fn text(purpose: MailPurpose, app: &str, link: &str) -> String {
    let (what, otherwise) = match purpose {
        MailPurpose::Confirmation => (
            format!(
                "somebody has registered at {app} with this email address.\n\
                 To confirm that it was you, open this link within 30 minutes:"
            ),
            "If it was not you, ignore this mail: the address is not confirmed then.",
        ),
        MailPurpose::Reset => (
            format!(
                "somebody has asked for a new password at {app} for this email address.\n\
                 To set a new password, open this link within 30 minutes:"
            ),
            "If it was not you, ignore this mail: the password stays as it is then.",
        ),
    };
    format!("Hello,\n\n{what}\n\n{link}\n\n{otherwise}\n")
}

#[cfg(test)]
mod tests {
    use super::link_url;

    #[test]
    fn a_link_is_the_page_with_token_and_token_id() {
        for (page, link) in [
            ("https://a.example/reset", "https://a.example/reset?token=a%2Bb&tokenId=c"),
            ("https://a.example/?", "https://a.example/?token=a%2Bb&tokenId=c"),
            ("https://a.example/?x=1#y", "https://a.example/?x=1&token=a%2Bb&tokenId=c#y"),
            ("https://a.example/#/reset", "https://a.example/?token=a%2Bb&tokenId=c#/reset"),
            ("my-app://reset", "my-app://reset?token=a%2Bb&tokenId=c"),
        ] {
            assert_eq!(link_url(page, "a+b", "c").as_deref(), Some(link));
        }
        assert_eq!(link_url("/reset", "a", "b"), None);
    }
}
