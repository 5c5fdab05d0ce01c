//! Values by name, in the order in which they were added.
//!
//! A few names are found by looking at each. For more there is an index, so that a command with
//! very many fields is read, and applied, without comparing each name with each.

use std::collections::HashMap;

/// So many names are looked at one by one.
const SCAN_MAX: usize = 16;

/// Values by name.
#[derive(Debug)]
pub(crate) struct Named<T> {
    entries: Vec<(Box<str>, T)>,
    /// Where each name stands; empty as long as there are few.
    places: HashMap<Box<[u8]>, usize>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), places: HashMap::new() }
    }
}

impl<T> Named<T> {
    /// Where a name stands.
    pub(crate) fn position(&self, name: &[u8]) -> Option<usize> {
        if self.entries.len() > SCAN_MAX {
            return self.places.get(name).copied();
        }
        self.entries.iter().position(|(known, _)| known.as_bytes() == name)
    }

    pub(crate) fn at(&self, place: usize) -> Option<&T> {
        self.entries.get(place).map(|(_, value)| value)
    }

    pub(crate) fn at_mut(&mut self, place: usize) -> Option<&mut T> {
        self.entries.get_mut(place).map(|(_, value)| value)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.position(name.as_bytes()).and_then(|place| self.at(place))
    }

    /// Adds a name that is not there, and tells where it stands.
    pub(crate) fn push(&mut self, name: &str, value: T) -> usize {
        let place = self.entries.len();
        self.entries.push((name.into(), value));
        if place == SCAN_MAX {
            let names = self.entries.iter().map(|(name, _)| name.as_bytes().into());
            self.places = names.zip(0..).collect();
        } else if place > SCAN_MAX {
            self.places.insert(name.as_bytes().into(), place);
        }
        place
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(name, value)| (&**name, value))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Names that were met, to find one that comes twice.
#[derive(Debug, Default)]
pub(crate) struct Seen<'n> {
    few: Vec<&'n str>,
    many: std::collections::HashSet<&'n str>,
}

impl<'n> Seen<'n> {
    /// Adds a name; whether it was not there before.
    pub(crate) fn insert(&mut self, name: &'n str) -> bool {
        if self.many.is_empty() {
            if self.few.contains(&name) {
                return false;
            }
            self.few.push(name);
            if self.few.len() > SCAN_MAX {
                self.many = self.few.drain(..).collect();
            }
            return true;
        }
        self.many.insert(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Named, SCAN_MAX, Seen};

    #[test]
    fn few_names_and_many_are_found_alike() {
        let mut named = Named::default();
        let mut seen = Seen::default();
        let names: Vec<String> = (0..3 * SCAN_MAX).map(|number| format!("n{number}")).collect();
        for (number, name) in names.iter().enumerate() {
            assert!(named.get(name).is_none() && seen.insert(name));
            assert_eq!(named.push(name, number), number);
            for (number, name) in names.iter().enumerate().take(number + 1) {
                assert_eq!(named.get(name), Some(&number));
                assert!(!seen.insert(name));
            }
        }
        assert!(named.iter().map(|(name, _)| name).eq(&names));
    }
}
