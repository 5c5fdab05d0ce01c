//! Which secrets an app needs: they never come with an export.

use std::collections::BTreeMap;

use crate::{App, AppValue, Place, Protection, SecretSource};

/// A secret that an app needs, and everywhere it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretNeed {
    /// The name of the secret.
    pub name: String,
    /// Where it is used; never empty.
    pub used_in: Vec<Place>,
}

impl App {
    /// Every secret that the app needs, by name, with everywhere it is used.
    pub fn secret_names(&self) -> Vec<SecretNeed> {
        let mut needs = Needs::default();
        for endpoint in &self.endpoints {
            needs.of_protection(&endpoint.protection, &endpoint.declared_in, "secret_name");
        }
        for service in self.services.values() {
            for (key, name) in &service.secret_config {
                let field = format!("secret_config.{key}");
                needs.add(name, Place { file: service.declared_in.file.clone(), field });
            }
            for webhook in service.webhooks.values() {
                needs.of_protection(&webhook.protection, &webhook.declared_in, "options.secret");
            }
        }
        for (value, kind) in &self.values {
            if let AppValue::FromSecret(name) = kind {
                let file = format!("values/{value}.json");
                needs.add(name, Place { file, field: "value".to_owned() });
            }
        }
        for provider in self.auth_providers.values() {
            let Place { file, field: path } = &provider.declared_in;
            for (key, name) in provider.setup.secrets() {
                let separator = if path.is_empty() { "" } else { "." };
                let field = format!("{path}{separator}secret_config.{key}");
                needs.add(name, Place { file: file.clone(), field });
            }
        }
        needs.0.into_iter().map(|(name, used_in)| SecretNeed { name, used_in }).collect()
    }
}

#[derive(Default)]
struct Needs(BTreeMap<String, Vec<Place>>);

impl Needs {
    fn of_protection(&mut self, protection: &Protection, place: &Place, key: &str) {
        let Protection::Signed { secrets, .. } = protection else { return };
        let separator = if place.field.is_empty() { "" } else { "." };
        for source in secrets {
            if let SecretSource::Named(name) = source {
                let field = format!("{}{separator}{key}", place.field);
                self.add(name, Place { file: place.file.clone(), field });
            }
        }
    }

    fn add(&mut self, name: &str, place: Place) {
        if !name.is_empty() {
            self.0.entry(name.to_owned()).or_default().push(place);
        }
    }
}
