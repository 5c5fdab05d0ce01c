//! A function as clients call it by its name (docs/behaviour/client-api.md#functions).

use std::{collections::HashMap, sync::Arc};

use hookstead_app::App;
use hookstead_rules::Condition;

use crate::{
    conditions::can_evaluate,
    config::ApplicationAuthentication,
    rights::{self, Access, Unmet},
    target::function_script,
};

/// A function that clients can call.
pub struct ClientFunction {
    /// Its name.
    pub name: Arc<str>,
    /// Whose rights it runs with: [`Access::Application`] are those of the user who calls.
    pub access: Access,
    /// Why every call is refused, where every one is.
    pub unmet: Option<Unmet>,
    /// What has to hold for it to run.
    pub conditions: Vec<Condition>,
}

/// The functions that clients can call: those that are not private and have a source.
pub(crate) fn client_functions(app: &App) -> HashMap<String, Arc<ClientFunction>> {
    let functions = app.functions.values();
    let open = functions.filter(|function| !function.private && function.file.is_some());
    let described = open.map(|function| {
        // Whoever calls has proven to be a user, so that no setting has to do without one.
        let required = ApplicationAuthentication::Required;
        let access = rights::access(&function.run_as, function_script(&function.name), required);
        let conditions = Vec::from_iter(can_evaluate(function.can_evaluate.as_ref()));
        let unmet = Unmet::new(&access, true, &conditions);
        let name = function.name.as_str().into();
        (function.name.clone(), Arc::new(ClientFunction { name, access, unmet, conditions }))
    });
    described.collect()
}
