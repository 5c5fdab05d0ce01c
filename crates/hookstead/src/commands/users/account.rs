//! Commands about one user.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Context as _;
use hookstead_app::{PasswordReset, ProviderSetup, Secret};
use hookstead_site::link_url;
use serde_json::{Value as Json, json};

use super::place::{Home, Place, explain, id, print};
use crate::{
    exit::{Exit, REMEDY, UsageError},
    input,
    terminal::{self, clean},
};

/// Create a user with an email address and a password, confirmed at once
///
/// Prints a JSON object with the _id of the user.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// Email address; its letter case counts
    email: String,

    /// Read the password from standard input; one line break at its end does not count
    #[arg(long)]
    password_stdin: bool,

    #[command(flatten)]
    home: Home,
}

/// Refuse a user: no log-in, and no token any more
#[derive(Debug, clap::Args)]
pub(crate) struct DisableArgs {
    #[command(flatten)]
    user: UserArgs,
}

/// Let a user who is disabled log in again
#[derive(Debug, clap::Args)]
pub(crate) struct EnableArgs {
    #[command(flatten)]
    user: UserArgs,
}

/// Delete a user with all sessions and API keys
#[derive(Debug, clap::Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    user: UserArgs,
}

#[derive(Debug, clap::Args)]
struct UserArgs {
    /// Id of the user: 24 hexadecimal digits
    #[arg(value_parser = id)]
    id: String,

    /// Print a JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    home: Home,
}

/// Confirm a user who has registered
#[derive(Debug, clap::Args)]
pub(crate) struct ConfirmArgs {
    /// Email address; its letter case counts
    email: String,

    /// Print a JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    home: Home,
}

/// Print a link with which a user sets a new password, for 30 minutes and once
///
/// Whoever has the link can log in as the user. It leads to resetPasswordUrl of the provider;
/// without one, token and tokenId are printed, which the client sends.
#[derive(Debug, clap::Args)]
pub(crate) struct ResetLinkArgs {
    /// Email address; its letter case counts
    email: String,

    /// Print a JSON object with token, tokenId and url
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    home: Home,
}

pub(super) fn create(args: &CreateArgs) -> anyhow::Result<Exit> {
    let password = password(args)?;
    let place = args.home.open()?;
    let created = place.users.create(&args.email, password.expose());
    let id = place.runtime.block_on(created).map_err(|error| explain(error, &args.email))?;
    print(&json!({ "_id": id, "email": args.email }))?;
    Ok(Exit::Success)
}

fn password(args: &CreateArgs) -> anyhow::Result<Secret> {
    if args.password_stdin {
        return input::read_secret(io::stdin().lock(), "standard input");
    }
    if !io::stdin().is_terminal() {
        let message = format!(
            "there is no password{REMEDY}give it on standard input, with --password-stdin; it \
             must not stand on the command line, where others see it"
        );
        return Err(UsageError(message).into());
    }
    let password = rpassword::prompt_password(format!("password of {}: ", clean(&args.email)));
    Ok(Secret::new(password.context("cannot read the password from the terminal")?))
}

pub(super) fn disable(args: &DisableArgs) -> anyhow::Result<Exit> {
    set_enabled(&args.user, false)
}

pub(super) fn enable(args: &EnableArgs) -> anyhow::Result<Exit> {
    set_enabled(&args.user, true)
}

fn set_enabled(args: &UserArgs, enabled: bool) -> anyhow::Result<Exit> {
    let place = args.home.open()?;
    let done = place.users.set_enabled(&args.id, enabled);
    place.runtime.block_on(done).map_err(|error| explain(error, &args.id))?;
    let word = if enabled { "enabled" } else { "disabled" };
    tell(
        args.json,
        &json!({ "_id": args.id, "disabled": !enabled }),
        &format!("{word} the user {}", args.id),
    )
}

pub(super) fn delete(args: &DeleteArgs) -> anyhow::Result<Exit> {
    let UserArgs { id, json, home } = &args.user;
    let place = home.open()?;
    place.runtime.block_on(place.users.delete(id)).map_err(|error| explain(error, id))?;
    tell(*json, &json!({ "_id": id, "deleted": true }), &format!("deleted the user {id}"))
}

pub(super) fn confirm(args: &ConfirmArgs) -> anyhow::Result<Exit> {
    let place = args.home.open()?;
    let done = place.users.confirm_by_operator(&args.email);
    place.runtime.block_on(done).map_err(|error| explain(error, &args.email))?;
    let text = format!("confirmed {}", clean(&args.email));
    tell(args.json, &json!({ "email": args.email, "confirmed": true }), &text)
}

pub(super) fn reset_link(args: &ResetLinkArgs) -> anyhow::Result<Exit> {
    let place = args.home.open()?;
    let link = place.users.reset_link_by_operator(&args.email);
    let link = place.runtime.block_on(link).map_err(|error| explain(error, &args.email))?;
    let url = page(&place).and_then(|page| link_url(page, &link.token, &link.token_id));
    let mut told = json!({ "token": link.token, "tokenId": link.token_id });
    match (&url, args.json) {
        (Some(url), false) => writeln!(io::stdout(), "{url}")?,
        (url, _) => {
            if let Some(url) = url {
                told["url"] = json!(url);
            }
            print(&told)?;
        }
    }
    terminal::note("the link is good for 30 minutes and for one new password");
    Ok(Exit::Success)
}

/// The page of the app that sets new passwords, where the app has one.
fn page(place: &Place) -> Option<&str> {
    let provider = place.prepared.app.auth_providers.get("local-userpass")?;
    let ProviderSetup::EmailPassword(setup) = &provider.setup else { return None };
    match &setup.reset {
        PasswordReset::Email(link) => link.url.as_deref(),
        PasswordReset::Function(_) => None,
    }
}

/// Tells what was done: as JSON on standard output, or in words on standard error.
fn tell(as_json: bool, json: &Json, words: &str) -> anyhow::Result<Exit> {
    match as_json {
        true => print(json)?,
        false => terminal::note(words),
    }
    Ok(Exit::Success)
}
