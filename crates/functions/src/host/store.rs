//! Which store a function gets, by its rights (docs/behaviour/databases.md#users). Functions get
//! stores from here and from nowhere else.

use std::sync::Arc;

use hookstead_data::Store;
use hookstead_isolate::Thrown;

use super::RunHost;
use crate::conditions::{NO_RULE_MATCHED, ruled_store};

/// Whose rights a function has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    /// The system user's, whom no rule binds.
    System,
    /// Those of the user of the run.
    User,
}

impl RunHost {
    /// The store of a data source; `None` where there is no such one. For a user it does what the
    /// rules permit, and is the same throughout a run: sessions are told apart by their stores.
    ///
    /// # Errors
    /// A run that has the rights of a user, and nothing to evaluate conditions with.
    pub(crate) fn store(
        &mut self,
        rights: Rights,
        source: &str,
    ) -> Result<Option<Arc<dyn Store>>, Thrown> {
        let Some(store) = self.program.data.get(source) else { return Ok(None) };
        match rights {
            Rights::System => Ok(Some(store)),
            Rights::User => self.user_store(source, store).map(Some),
        }
    }

    fn user_store(
        &mut self,
        source: &str,
        inner: Arc<dyn Store>,
    ) -> Result<Arc<dyn Store>, Thrown> {
        if let Some(store) = self.user_stores.get(source) {
            return Ok(Arc::clone(store));
        }
        let app = self.app_of_caller(false);
        let app = app.ok_or_else(|| Thrown::new("FunctionError", NO_RULE_MATCHED))?;
        let store: Arc<dyn Store> = Arc::new(ruled_store(app, source, inner));
        self.user_stores.insert(source.to_owned(), Arc::clone(&store));
        Ok(store)
    }
}
