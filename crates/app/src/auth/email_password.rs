//! `local-userpass`: email address and password (docs/behaviour/users.md#email-and-password).

use super::{Declared, called, join_path};
use crate::{
    Confirmation, EmailLink, EmailPasswordSetup, PasswordReset, ProblemCode, fields::Fields,
    functions::Functions, reader::Reader,
};

/// Longer subjects were refused by the hosted service.
const SUBJECT_CHARS_MAX: usize = 256;

/// Reads `config`; what cannot be understood is a doubt of it.
pub(super) fn read(config: &mut Fields<'_>) -> EmailPasswordSetup {
    config.unused("mailConfig");
    for key in ["confirmationFunctionId", "resetFunctionId"] {
        config.raw(key);
    }
    let is_automatic = config.guard_flag("autoConfirm");
    let by_function = config.guard_flag("runConfirmationFunction");
    if is_automatic && by_function {
        let message = "new users are to be confirmed in two ways".to_owned();
        let remedy = "keep `autoConfirm` or `runConfirmationFunction`, the one that is meant";
        config.doubt(ProblemCode::ProviderSetting, "runConfirmationFunction", message, remedy);
    }
    let confirmation_link = link(config, "emailConfirmationUrl", "confirmEmailSubject");
    let confirmation_function = config.text("confirmationFunctionName").unwrap_or_default();
    let confirmation = match (is_automatic, by_function) {
        (true, _) => Confirmation::Automatic,
        (_, true) => Confirmation::Function(confirmation_function.to_owned()),
        (false, false) => {
            let lack = "new users get no link that confirms them";
            check_link(config, "emailConfirmationUrl", &confirmation_link, lack);
            Confirmation::Email(confirmation_link)
        }
    };
    let reset_link = link(config, "resetPasswordUrl", "resetPasswordSubject");
    let reset_function = config.text("resetFunctionName").unwrap_or_default();
    let reset = if config.guard_flag("runResetFunction") {
        PasswordReset::Function(reset_function.to_owned())
    } else {
        let lack = "who forgot a password gets no link to set a new one";
        check_link(config, "resetPasswordUrl", &reset_link, lack);
        PasswordReset::Email(reset_link)
    };
    EmailPasswordSetup { confirmation, reset }
}

/// Tells of functions that are not there: what they decide fails, and nobody is let in by it.
pub(super) fn check_functions(
    reader: &mut Reader,
    functions: &Functions,
    declared: &Declared<'_>,
    setup: &EmailPasswordSetup,
) {
    let spot = |key: &str| declared.file.spot(&join_path(declared.path, &format!("config.{key}")));
    if let Confirmation::Function(name) = &setup.confirmation {
        let spot = spot("confirmationFunctionName");
        let consequence = "nobody can register with an email address";
        called::report_lack(reader, functions, (spot, name), consequence);
    }
    if let PasswordReset::Function(name) = &setup.reset {
        let spot = spot("resetFunctionName");
        let consequence = "nobody can reset a password";
        called::report_lack(reader, functions, (spot, name), consequence);
    }
}

fn link(config: &mut Fields<'_>, url: &'static str, subject: &'static str) -> EmailLink {
    let url = config.filled_text(url).map(str::to_owned);
    let text = config.filled_text(subject);
    if text.is_some_and(|text| text.chars().count() > SUBJECT_CHARS_MAX) {
        let message = format!("`{subject}` is longer than {SUBJECT_CHARS_MAX} characters");
        config.oddity(ProblemCode::ProviderSetting, subject, message);
    }
    EmailLink { url, subject: text.map(str::to_owned) }
}

fn check_link(config: &mut Fields<'_>, key: &'static str, link: &EmailLink, lack: &str) {
    if link.url.is_none() {
        let message = format!("there is no `{key}`; {lack}");
        let remedy = "write the URL of the page that the link leads to";
        config.oddity_with(ProblemCode::ProviderSetting, key, message, remedy);
    }
}
