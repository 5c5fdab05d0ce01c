//! The way into a nested specification, for messages.
//!
//! Each level knows its own name and the level outside of it. The whole path becomes a text only
//! where somebody asks for it: a copy of it for every field below would take as many bytes as the
//! names outside have, times the number of fields.

use std::borrow::Cow;

use crate::{QueryError, depth::check_names};

/// A place in a nested specification or document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trail<'t> {
    outer: Option<&'t Trail<'t>>,
    /// One name, or several with dots between them; nothing at the outermost place.
    name: &'t str,
    /// How many names there are from the outermost place on.
    count: usize,
}

impl<'t> Trail<'t> {
    /// The outermost place.
    pub(crate) const ROOT: Trail<'static> = Trail { outer: None, name: "", count: 0 };

    /// The place below, if the way there is not too long.
    pub(crate) fn below(&'t self, name: &'t str) -> Result<Self, QueryError> {
        let below = self.below_unchecked(name, name.split('.').count());
        check_names(below.count)?;
        Ok(below)
    }

    /// The place below, for who has checked how long the way is.
    pub(crate) fn below_unchecked(&'t self, name: &'t str, names: usize) -> Self {
        Self { outer: Some(self), name, count: self.count + names }
    }

    /// Whether it is the outermost place.
    pub(crate) fn is_root(&self) -> bool {
        self.outer.is_none()
    }

    /// How many names lead here.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The names of the last step.
    pub(crate) fn name(&self) -> &'t str {
        self.name
    }

    /// The first name of all.
    pub(crate) fn first(&self) -> &str {
        let mut here = self;
        while let Some(outer) = here.outer.filter(|outer| !outer.is_root()) {
            here = outer;
        }
        here.name.split('.').next().unwrap_or_default()
    }

    /// The whole path.
    pub(crate) fn text(&self) -> Cow<'t, str> {
        let Some(outer) = self.outer.filter(|outer| !outer.is_root()) else {
            return Cow::Borrowed(self.name);
        };
        let mut names = vec![self.name];
        let mut here = outer;
        loop {
            names.push(here.name);
            match here.outer {
                Some(outer) if !outer.is_root() => here = outer,
                _ => break,
            }
        }
        names.reverse();
        Cow::Owned(names.join("."))
    }

    /// The path with one name more.
    pub(crate) fn text_with(&self, name: &str) -> String {
        if self.is_root() { name.to_owned() } else { format!("{}.{name}", self.text()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Trail;
    use crate::depth::PATH_NAMES_MAX;

    #[test]
    fn a_trail_is_a_path() {
        let a = Trail::ROOT.below("a.b").unwrap();
        let c = a.below("c").unwrap();
        assert_eq!((a.text().as_ref(), c.text().as_ref()), ("a.b", "a.b.c"));
        assert_eq!((c.first(), c.name(), c.count()), ("a", "c", 3));
        assert_eq!(Trail::ROOT.text_with("x"), "x");
        assert_eq!(c.text_with("x"), "a.b.c.x");
        let long = vec!["x"; PATH_NAMES_MAX - 3].join(".");
        assert!(c.below(&long).unwrap().below("y").is_err());
    }
}
