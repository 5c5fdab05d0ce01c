//! The mail server, as the settings of `[mail]` name it.

use std::time::Duration;

use hookstead_mail::{MailLimits, Mailer, MailerOptions, Sender, SmtpServer, SmtpUrlError};

use crate::{
    exit::{REMEDY, UsageError},
    prepare::size,
    settings::MailSettings,
    workspace::Workspace,
};

impl Workspace {
    /// What sends mails; `None` where no mail server is named.
    pub(crate) fn mailer(&self) -> anyhow::Result<Option<Mailer>> {
        self.mailer.get_or_make(|| {
            let Some(options) = self.mailer_options()? else { return Ok(None) };
            Ok(Some(Mailer::new(options).map_err(|error| in_url("smtp_url", error))?))
        })
    }

    /// What the settings say of mails; `None` where no mail server is named.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub(crate) fn mailer_options(&self) -> anyhow::Result<Option<MailerOptions>> {
        let settings = &self.settings.mail;
        let Some(server) = self.smtp_server()? else { return Ok(None) };
        let from = settings.from.get().ok_or_else(|| {
            UsageError(format!(
                "[mail] from is not set, so that no mail can be sent{REMEDY}name who mails come \
                 from, such as from = \"My App <no-reply@example.com>\""
            ))
        })?;
        let from = Sender::parse(from).map_err(|error| {
            UsageError(format!("[mail] from: {error}{REMEDY}write \"My App <app@example.com>\""))
        })?;
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Some(MailerOptions {
            send_time: Duration::from_secs(settings.send_time_s),
            limits: MailLimits {
                queue_max: size(settings.queue_max, 0),
                per_hour_max: size(settings.mails_per_hour_max, 0),
                per_mailbox_and_hour_max: count(settings.mails_to_address_per_hour_max),
                per_network_and_hour_max: count(settings.mails_of_network_per_hour_max),
            },
            ..MailerOptions::new(server, from)
        }))
    }

    fn smtp_server(&self) -> anyhow::Result<Option<SmtpServer>> {
        let settings = &self.settings.mail;
        let read = |key, url: &str| SmtpServer::parse(url).map_err(|error| in_url(key, error));
        match (settings.smtp_url.get(), settings.smtp_url_secret.get()) {
            (None, None) => Ok(None),
            (Some(url), None) => Ok(Some(read("smtp_url", url)?)),
            (None, Some(name)) => {
                let secret = self.secrets()?.get(name)?.ok_or_else(|| {
                    UsageError(format!(
                        "the secret `{name}` of [mail] smtp_url_secret is not set{REMEDY}\
                         `hookstead secrets set {name}`"
                    ))
                })?;
                Ok(Some(read("smtp_url_secret", secret.expose())?))
            }
            (Some(_), Some(_)) => {
                let message = "[mail] smtp_url and smtp_url_secret are both set";
                Err(UsageError(format!("{message}{REMEDY}keep one of them")).into())
            }
        }
    }
}

impl MailSettings {
    /// Whether a mail server is named.
    pub(crate) fn has_server(&self) -> bool {
        self.smtp_url.get().is_some() || self.smtp_url_secret.get().is_some()
    }
}

/// The URL is not shown: there is a password in it.
fn in_url(key: &str, error: SmtpUrlError) -> UsageError {
    UsageError(format!("[mail] {key}: {error}"))
}
