//! What is known about the servers: who answers, and why the others do not.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use mongodb::event::{EventHandler, sdam::SdamEvent};

use super::failure::cause;

/// The servers of a deployment, each with the reason why it does not answer.
#[derive(Default)]
pub(super) struct Watch {
    silent: Mutex<BTreeMap<String, Option<String>>>,
}

impl Watch {
    /// Hears what the driver's monitors find out.
    pub(super) fn handler(self: &Arc<Self>) -> EventHandler<SdamEvent> {
        let watch = Arc::clone(self);
        EventHandler::callback(move |event| watch.hear(event))
    }

    /// `host:port: why; host:port: why`, of the servers that do not answer.
    pub(super) fn silent(&self) -> Option<String> {
        let servers = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = servers
            .iter()
            .filter_map(|(host, cause)| Some(format!("{host}: {}", cause.as_ref()?)))
            .collect::<Vec<_>>();
        (!silent.is_empty()).then(|| silent.join("; "))
    }

    /// Whether any of them answers.
    pub(super) fn has_answer(&self) -> bool {
        let servers = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        servers.values().any(Option::is_none)
    }

    fn hear(&self, event: SdamEvent) {
        let mut servers = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            SdamEvent::ServerHeartbeatSucceeded(event) => {
                servers.insert(event.server_address.to_string(), None);
            }
            SdamEvent::ServerHeartbeatFailed(event) => {
                servers.insert(event.server_address.to_string(), Some(cause(&event.failure)));
            }
            SdamEvent::ServerClosed(event) => {
                servers.remove(&event.address.to_string());
            }
            _ => {}
        }
    }
}
