//! The engine's own messages: what each is about, and what it should say.

use super::{
    sites::{Kind, Place, Site, Sites},
    text::UNNAMED,
};

/// What a message is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum About<'m> {
    /// Something that was called is no function.
    Call,
    /// Something after `new` is no class.
    New,
    /// The property of something that is `undefined` or `null`.
    Read {
        name: &'m str,
        of: &'m str,
    },
    Write {
        name: &'m str,
        of: &'m str,
    },
    Iterate {
        of: Option<&'m str>,
    },
    Destructure,
    /// A class that was called without `new`.
    Class,
    /// A name, whose place the engine knows.
    Name,
    /// Anything else: an error that was made where the stack begins.
    Made,
}

/// The property that makes something iterable, as the engine names it.
const ITERATOR: &str = "Symbol.iterator";

impl<'m> About<'m> {
    /// Both the engine's own messages and what they have become.
    pub(super) fn of(message: &'m str) -> Self {
        let of_member = |begin: &str, between: &str| {
            let (name, of) = message.strip_prefix(begin)?.rsplit_once(between)?;
            matches!(of, "undefined" | "null").then_some((name, of))
        };
        let told = |begin: &str, between: &str| {
            let (of, name) = message.strip_prefix(begin)?.split_once(between)?;
            Some((name.strip_suffix("')")?, of))
        };
        if let Some((name, of)) = of_member("cannot read property '", "' of ") {
            if name == ITERATOR { Self::Iterate { of: Some(of) } } else { Self::Read { name, of } }
        } else if let Some((name, of)) = told("Cannot read properties of ", " (reading '") {
            Self::Read { name, of }
        } else if let Some((name, of)) = of_member("cannot set property '", "' of ") {
            Self::Write { name, of }
        } else if let Some((name, of)) = told("Cannot set properties of ", " (setting '") {
            Self::Write { name, of }
        } else if message.ends_with("not a function") {
            Self::Call
        } else if message.ends_with("not a constructor") {
            Self::New
        } else if message.ends_with("is not iterable") {
            Self::Iterate { of: None }
        } else if message == "class constructors must be invoked with 'new'"
            || message == "must be called with new"
            || message.ends_with(" cannot be invoked without 'new'")
        {
            Self::Class
        } else if message == "Cannot convert undefined or null to object"
            || message.starts_with("Cannot destructure ")
        {
            Self::Destructure
        } else if ["is not defined", "is not initialized", "is read-only"]
            .iter()
            .any(|end| message.ends_with(end))
        {
            Self::Name
        } else {
            Self::Made
        }
    }

    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Call => &[Kind::Call, Kind::New],
            Self::New | Self::Made => &[Kind::New],
            Self::Read { .. } => &[Kind::Read],
            Self::Write { .. } => &[Kind::Write],
            Self::Iterate { .. } => &[Kind::Iterate],
            Self::Destructure => &[Kind::Destructure],
            Self::Name | Self::Class => &[],
        }
    }

    /// What may have failed at a place.
    pub(super) fn sites(self, sites: &Sites, place: Place) -> Vec<&Site> {
        let found = sites.at(place, self.kinds());
        match self {
            Self::Read { name, .. } | Self::Write { name, .. } => {
                let all: Vec<&Site> = found.collect();
                let named: Vec<&Site> =
                    all.iter().copied().filter(|site| site.name == name).collect();
                let unnamed = || all.into_iter().filter(|site| site.name.is_empty()).collect();
                if named.is_empty() { unnamed() } else { named }
            }
            _ => {
                let all: Vec<&Site> = found.collect();
                let named: Vec<&Site> =
                    all.iter().copied().filter(|site| site.text != UNNAMED).collect();
                if named.is_empty() { all } else { named }
            }
        }
    }

    /// What surely has failed at a place.
    pub(super) fn place(self, sites: &Sites, place: Place) -> Option<&Site> {
        match self.sites(sites, place)[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// What the message should be; `None` where it says enough.
    pub(super) fn told(self, found: &[&Site], in_native: bool) -> Option<String> {
        let texts = |text: fn(&Site) -> Option<&str>, separator: &str| {
            let mut texts: Vec<&str> = found.iter().filter_map(|site| text(site)).collect();
            texts.dedup();
            let known = !texts.is_empty() && texts.iter().all(|text| !text.is_empty());
            known.then(|| texts.join(separator))
        };
        let text = if in_native {
            texts(|site| Some(site.argument.as_deref().unwrap_or("undefined")), " or ")
        } else {
            texts(|site| Some(&site.text), " or ")
        };
        match self {
            Self::Call if !in_native && found.iter().all(|site| site.kind == Kind::New) => {
                text.map(|text| format!("{text} is not a constructor"))
            }
            Self::Call => text.map(|text| format!("{text} is not a function")),
            Self::New => text.map(|text| format!("{text} is not a constructor")),
            Self::Read { name, of } => {
                Some(format!("Cannot read properties of {of} (reading '{name}')"))
            }
            Self::Write { name, of } => {
                Some(format!("Cannot set properties of {of} (setting '{name}')"))
            }
            Self::Iterate { of } => match (text, of) {
                (Some(text), _) => Some(format!("{text} is not iterable")),
                (None, Some(of)) => Some(format!("{of} is not iterable")),
                (None, None) => None,
            },
            Self::Destructure if in_native => None,
            Self::Destructure => match found {
                [only] if !only.text.is_empty() && !only.name.is_empty() => Some(format!(
                    "Cannot destructure property '{}' of '{}' as it is undefined or null",
                    only.name, only.text
                )),
                [only] if !only.text.is_empty() => {
                    Some(format!("Cannot destructure '{}' as it is undefined or null", only.text))
                }
                _ => texts(|site| Some(&site.name), "' or '").map(|names| {
                    format!("Cannot destructure property '{names}' of undefined or null")
                }),
            },
            Self::Class | Self::Name | Self::Made => None,
        }
    }
}
