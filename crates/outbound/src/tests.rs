//! Calls to real servers on this machine.

mod authentication;
mod bodies;
mod cookies;
mod guarding;
mod redirects;
mod requests;
mod responses;
mod server;
mod tls;

use std::{sync::Arc, time::Duration};

use hookstead_memory::Account;
use serde_json::{Value as Json, json};

use self::server::Server;
use crate::{CallError, Client, Outbound};

const BODY_BYTES_MAX: usize = 1 << 20;
const TIME: Duration = Duration::from_secs(20);

/// What a call came to.
#[derive(Debug)]
struct Reply {
    head: Json,
    body: Vec<u8>,
}

impl Reply {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn allow(addresses: &[&str]) -> Outbound {
    let allow = addresses.iter().map(|address| (*address).to_owned()).collect();
    Outbound { allow, ..Outbound::default() }
}

/// A client that may call these servers.
fn client_of(servers: &[&Server]) -> Arc<Client> {
    let addresses: Vec<_> = servers.iter().map(|server| server.address.as_str()).collect();
    client(&allow(&addresses))
}

fn client(outbound: &Outbound) -> Arc<Client> {
    Arc::new(Client::new(outbound, BODY_BYTES_MAX, TIME).unwrap())
}

async fn call(client: &Arc<Client>, document: Json) -> Result<Reply, CallError> {
    call_with(client, document, None).await
}

async fn call_with(
    client: &Arc<Client>,
    mut document: Json,
    body: Option<&[u8]>,
) -> Result<Reply, CallError> {
    if document.get("method").is_none() {
        document["method"] = json!("GET");
    }
    let body = body.map(<[u8]>::to_vec);
    let performed = Arc::clone(client).perform(document.to_string(), body, Account::unlimited());
    let response = performed.await?;
    Ok(Reply { head: serde_json::from_str(&response.head).unwrap(), body: response.body })
}

/// The message of a call that fails for a reason other than the guard's.
async fn failure(client: &Arc<Client>, document: Json) -> String {
    let error = call(client, document).await.unwrap_err();
    assert!(!matches!(error, CallError::Refused(_)), "{error}");
    error.message().strip_prefix("http request: ").unwrap().to_owned()
}

/// The message of a call that the guard refuses.
async fn refusal(client: &Arc<Client>, document: Json) -> String {
    let error = call(client, document).await.unwrap_err();
    assert!(matches!(error, CallError::Refused(_)), "{error}");
    error.message()
}
