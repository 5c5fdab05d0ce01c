//! `hookstead users list`.

use std::io::Write as _;

use hookstead_identity::{AuthError, ListedUser, Users};
use serde_json::{Value as Json, json};

use super::place::{Home, Place, explain, print};
use crate::{
    exit::Exit,
    terminal::{self, DIM, YELLOW, clean, paint},
};

/// Users that are read at once.
const PAGE_USERS: u64 = 500;

/// List the users with their ids, and who waits for confirmation
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print a JSON array, as the Admin API of App Services does; users who wait for confirmation
    /// have email and status
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    home: Home,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let place = args.home.open()?;
    let failed = |error| explain(error, "the users");
    let pending = place.runtime.block_on(place.users.list_pending()).map_err(failed)?;
    if args.json {
        let mut users = all_as_json(&place)?;
        let waiting = |email| json!({ "email": email, "status": "pending" });
        users.extend(pending.into_iter().map(waiting));
        print(&Json::Array(users))?;
        return Ok(Exit::Success);
    }
    let mut out = anstream::stdout().lock();
    let mut count = pending.len();
    for email in pending {
        let state = paint(YELLOW, "waits for confirmation");
        writeln!(out, "{:24}  {}  {state}", "", clean(&email))?;
    }
    each_page(&place, |page| {
        count += page.len();
        page.iter().try_for_each(|user| Ok(writeln!(out, "{}", line(user))?))
    })?;
    if count == 0 {
        terminal::note("the app has no users");
    }
    Ok(Exit::Success)
}

/// Every user, as the Admin API of App Services gives them.
pub(super) fn all_as_json(place: &Place) -> anyhow::Result<Vec<Json>> {
    let domain_id = place.prepared.site.domain_id();
    let mut users = Vec::new();
    each_page(place, |page| {
        users.extend(page.iter().map(|user| user.to_json(domain_id)));
        Ok(())
    })?;
    Ok(users)
}

/// Hands over the users page by page, in the order of their ids.
fn each_page(
    place: &Place,
    mut take: impl FnMut(&[ListedUser]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = place.runtime.block_on(next_page(&place.users, after.as_deref()));
        let page = page.map_err(|error| explain(error, "the users"))?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.user.id.clone());
        take(&page)?;
    }
}

async fn next_page(users: &Users, after: Option<&str>) -> Result<Vec<ListedUser>, AuthError> {
    users.list(after, PAGE_USERS).await
}

/// A user as one line: the id, what is known, the providers and the state.
fn line(listed: &ListedUser) -> String {
    let user = &listed.user;
    let name = ["email", "name"].iter().find_map(|key| user.data.get_str(key).ok());
    let providers: Vec<&str> =
        user.identities.iter().map(|identity| identity.provider_type.as_str()).collect();
    let mut line = format!("{}  {}", user.id, clean(name.unwrap_or("-")));
    line.push_str(&format!("  {}", paint(DIM, &clean(&providers.join(", ")))));
    if listed.disabled {
        line.push_str(&format!("  {}", paint(YELLOW, "disabled")));
    }
    line
}
