//! Where users are kept, and what lasts when an app is loaded anew.

use std::sync::Arc;

use hookstead_data::Store;

/// Where users are kept, and what lasts when an app is loaded anew: keys, queues, memories.
pub struct Directory {
    #[expect(dead_code, reason = "a skeleton")]
    store: Arc<dyn Store>,
}

/// What the operator decides about it.
#[derive(Debug, Clone)]
pub struct DirectoryOptions {
    /// The database of the users.
    pub database: String,
}

impl Directory {
    /// A directory of users in a store.
    pub fn new(store: Arc<dyn Store>, _options: DirectoryOptions) -> Self {
        Self { store }
    }
}
