//! Calls to other servers: for the keys that they publish, and for what they say of users.

use std::sync::Arc;

use hookstead_memory::{Account, Budget, Held};
use hookstead_outbound::Client;
use serde::Deserialize;
use serde_json::Value as Json;

/// Makes calls to other servers.
#[derive(Clone)]
pub(crate) struct Fetcher {
    pub(crate) client: Arc<Client>,
    pub(crate) budget: Arc<Budget>,
}

/// The response to a call.
pub(crate) struct Fetched {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The memory of the body.
    _held: Held,
}

#[derive(Deserialize)]
struct ResponseHead {
    #[serde(rename = "statusCode")]
    status_code: u16,
}

impl Fetcher {
    /// Makes a call and reads at most so many bytes of the response. An error never holds the URL,
    /// the headers or the body: they may hold secrets.
    pub(crate) async fn call(
        &self,
        request: &Json,
        body: Option<Vec<u8>>,
        bytes_max: usize,
    ) -> Result<Fetched, String> {
        let account = Account::new(&self.budget, bytes_max);
        let response = Arc::clone(&self.client).perform(request.to_string(), body, account).await;
        let response = response.map_err(|error| {
            let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("{error}{detail}")
        })?;
        let head: ResponseHead = serde_json::from_str(&response.head)
            .map_err(|error| format!("the head of the response cannot be read: {error}"))?;
        Ok(Fetched { status: head.status_code, body: response.body, _held: response.held })
    }
}
