//! The data sources of an app, by the names that functions know.

use std::{collections::BTreeMap, fmt, sync::Arc};

use hookstead_data::Store;

/// The stores behind `context.services.get`.
#[derive(Clone, Default)]
pub struct DataSources {
    /// Those that the export declares.
    pub named: BTreeMap<String, Arc<dyn Store>>,
    /// What a name that the export does not declare leads to: the only data source there is.
    pub fallback: Option<Arc<dyn Store>>,
}

impl DataSources {
    /// The store of a name, declared or not.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<dyn Store>> {
        self.named.get(name).or(self.fallback.as_ref()).map(Arc::clone)
    }

    /// Whether clients may name it: it is declared, or the export declares none and there is one.
    pub(crate) fn is_for_clients(&self, name: &str) -> bool {
        self.is_declared(name) || (self.named.is_empty() && self.fallback.is_some())
    }

    /// Whether the export declares it.
    pub(crate) fn is_declared(&self, name: &str) -> bool {
        self.named.contains_key(name)
    }
}

impl fmt::Debug for DataSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.named.keys()).finish()
    }
}
