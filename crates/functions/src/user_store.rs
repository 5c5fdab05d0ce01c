//! The store of a user outside of a run.

use std::sync::Arc;

use hookstead_rules::RuledStore;

use crate::{
    Caller, Functions,
    conditions::{AppOfCaller, ruled_store},
};

impl Functions {
    /// A data source as a user reaches it; `None` where there is no such one.
    pub fn user_store(&self, source: &str, caller: &Caller) -> Option<RuledStore> {
        let store = self.program.data.get(source)?;
        let program = Arc::clone(&self.program);
        let app = AppOfCaller::new(program, Arc::new(self.clone()), caller.clone(), 0);
        Some(ruled_store(app, source, store))
    }
}
