//! What an operator can say about a MongoDB server, besides its URI.

use std::{collections::HashMap, time::Duration};

use mongodb::options::{ReadPreference as Driver, ReadPreferenceOptions, SelectionCriteria};

use crate::{DataError, ErrorKind};

/// How a store talks to its servers. What the URI says itself takes precedence.
#[derive(Debug, Clone)]
pub struct MongoOptions {
    /// How long a command waits for a server that can take it.
    pub server_selection_time: Duration,
    /// How long making a connection may take.
    pub connect_time: Duration,
    /// How long a server may work on a command, and how long one waits for its answer.
    pub operation_time: Duration,
    /// How many connections to one server.
    pub pool_connections_max: u32,
    /// What the servers' logs call this client.
    pub app_name: String,
    /// Which members of a replica set answer reads; takes precedence over the URI.
    pub read_preference: Option<ReadPreference>,
}

impl Default for MongoOptions {
    fn default() -> Self {
        Self {
            server_selection_time: Duration::from_secs(5),
            connect_time: Duration::from_secs(5),
            operation_time: Duration::from_secs(60),
            pool_connections_max: 100,
            app_name: "hookstead".to_owned(),
            read_preference: None,
        }
    }
}

/// Which members of a replica set answer reads.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPreference(Driver);

impl ReadPreference {
    /// From the words of an export: `config.readPreference` and `config.readPreferenceTagSets`.
    ///
    /// Tags say nothing about a primary, of which there is only one, and are not used for it.
    ///
    /// # Errors
    /// No mode has this name.
    pub fn named(mode: &str, tag_sets: Vec<HashMap<String, String>>) -> Result<Self, DataError> {
        let tag_sets = Some(tag_sets).filter(|tag_sets| !tag_sets.is_empty());
        let options = tag_sets
            .map(|tag_sets| ReadPreferenceOptions::builder().tag_sets(Some(tag_sets)).build());
        Ok(Self(match mode {
            "primary" => Driver::Primary,
            "primaryPreferred" => Driver::PrimaryPreferred { options },
            "secondary" => Driver::Secondary { options },
            "secondaryPreferred" => Driver::SecondaryPreferred { options },
            "nearest" => Driver::Nearest { options },
            mode => {
                let message = format!("there is no read preference {mode:?}");
                return Err(DataError::new(ErrorKind::Refused, message));
            }
        }))
    }

    pub(super) fn criteria(&self) -> SelectionCriteria {
        SelectionCriteria::ReadPreference(self.0.clone())
    }
}
