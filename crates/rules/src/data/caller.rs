//! Who asks.

use std::{fmt, sync::Arc};

use bson::{RawDocument, RawDocumentBuf};

use crate::{App, Documents, Scope};

/// Who asks, and what the conditions of the rules are evaluated with.
pub struct Caller {
    /// `%%values`, `%%environment` and `%function`.
    pub app: Arc<dyn App>,
    /// `%%user`, as [`crate::user_document`] makes it.
    pub user: Option<RawDocumentBuf>,
    /// `%%request`.
    pub request: Option<RawDocumentBuf>,
}

impl Caller {
    /// What conditions about these documents are evaluated with.
    pub(super) fn scope<'a>(&'a self, documents: Documents<'a>) -> Scope<'a> {
        let document = |document: &'a Option<RawDocumentBuf>| document.as_deref();
        let (user, request): (Option<&RawDocument>, _) =
            (document(&self.user), document(&self.request));
        Scope { app: &*self.app, user, request, args: None, documents }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}
