//! Versions of packages, and the ranges of them that npm understands.

use std::cmp::Ordering;

/// Whether a version lies in a range; `None` where one of them is not understood, such as the
/// address of a repository.
pub fn satisfies(version: &str, range: &str) -> Option<bool> {
    let version = Version::parse(version)?;
    let mut is_within = false;
    for alternative in range.split("||") {
        is_within |= is_in_all(&version, alternative)?;
    }
    Some(is_within)
}

/// A version, without what it says of its build.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version<'v> {
    numbers: [u64; 3],
    pre: Option<&'v str>,
}

impl<'v> Version<'v> {
    fn parse(text: &'v str) -> Option<Self> {
        let (partial, pre) = Partial::parse(text)?;
        let [Some(major), Some(minor), Some(patch)] = partial.0 else { return None };
        Some(Self { numbers: [major, minor, patch], pre })
    }

    fn of(numbers: [u64; 3]) -> Self {
        Self { numbers, pre: None }
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre, other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(own), Some(other)) => compare_pre(own, other),
        })
    }
}

fn compare_pre(own: &str, other: &str) -> Ordering {
    let number = |part: &str| part.parse::<u64>().ok();
    let (mut own, mut other) = (own.split('.'), other.split('.'));
    loop {
        let order = match (own.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (number(a), number(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// A version of which parts may be missing or stand for any number.
struct Partial([Option<u64>; 3]);

impl Partial {
    fn parse(text: &str) -> Option<(Self, Option<&str>)> {
        let text = text.trim().trim_start_matches(['v', '=']);
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let (numbers, pre) = match text.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (text, None),
        };
        // Whatever else stands there is a path or an address, to npm.
        let is_known = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-');
        if !pre.unwrap_or_default().chars().chain(build.chars()).all(is_known) {
            return None;
        }
        let mut partial = [None; 3];
        let mut parts = numbers.split('.');
        for (slot, part) in partial.iter_mut().zip(&mut parts) {
            match part {
                "x" | "X" | "*" | "" => break,
                digits => *slot = Some(digits.parse().ok()?),
            }
        }
        let is_whole = partial.iter().all(Option::is_some);
        (parts.next().is_none() || !is_whole).then_some((Self(partial), pre))
    }

    fn low(&self) -> [u64; 3] {
        self.0.map(Option::unwrap_or_default)
    }

    /// The first version behind all that begin with the same numbers, up to a part.
    fn behind(&self, part: usize) -> Option<[u64; 3]> {
        let last = self.0.iter().take(part + 1).rposition(Option::is_some)?;
        let mut numbers = self.low();
        numbers[last] = numbers[last].saturating_add(1);
        numbers[last + 1..].fill(0);
        Some(numbers)
    }
}

fn is_in_all(version: &Version<'_>, range: &str) -> Option<bool> {
    if let Some((low, high)) = range.split_once(" - ") {
        return Some(
            is_in(version, &format!(">={}", low.trim()))?
                && is_in(version, &format!("<={}", high.trim()))?,
        );
    }
    let mut is_within = true;
    let mut operator = "";
    for word in range.split_whitespace() {
        // A blank may stand between an operator and its version.
        if word.chars().all(|one| matches!(one, '<' | '>' | '=' | '^' | '~')) {
            operator = word;
            continue;
        }
        is_within &= is_in(version, &format!("{operator}{word}"))?;
        operator = "";
    }
    Some(is_within)
}

fn is_in(version: &Version<'_>, comparator: &str) -> Option<bool> {
    let start = comparator.find(|one| !matches!(one, '<' | '>' | '=' | '^' | '~'));
    let (operator, text) = comparator.split_at(start?);
    if matches!(text, "latest" | "next") {
        return Some(true);
    }
    let (partial, pre) = Partial::parse(text)?;
    let low = Version { numbers: partial.low(), pre };
    let below = |end: Option<[u64; 3]>| end.is_none_or(|end| *version < Version::of(end));
    Some(match operator {
        ">=" => *version >= low,
        "<" => *version < low,
        ">" => partial.behind(2).is_some_and(|behind| match partial.0[2] {
            Some(_) => *version > low,
            None => *version >= Version::of(behind),
        }),
        "<=" => match partial.0[2] {
            Some(_) => *version <= low,
            None => below(partial.behind(2)),
        },
        "~" => *version >= low && below(partial.behind(1)),
        "^" => {
            let first = partial.0.iter().position(|part| *part != Some(0)).unwrap_or(2);
            *version >= low && below(partial.behind(first))
        }
        "" | "=" => match partial.0[2] {
            Some(_) => *version == low,
            None => *version >= low && below(partial.behind(2)),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::satisfies;

    #[test]
    fn ranges_mean_what_npm_means_with_them() {
        let cases = [
            ("1.2.3", "1.2.3", Some(true)),
            ("1.2.3", "=v1.2.3", Some(true)),
            ("1.2.4", "1.2.3", Some(false)),
            ("1.2.4", "^1.2.3", Some(true)),
            ("2.0.0", "^1.2.3", Some(false)),
            ("1.2.2", "^1.2.3", Some(false)),
            ("0.2.9", "^0.2.3", Some(true)),
            ("0.3.0", "^0.2.3", Some(false)),
            ("0.0.4", "^0.0.3", Some(false)),
            ("0.5.0", "^0", Some(true)),
            ("1.2.9", "~1.2.3", Some(true)),
            ("1.3.0", "~1.2.3", Some(false)),
            ("1.9.0", "~1", Some(true)),
            ("1.9.0", "1.x", Some(true)),
            ("2.0.0", "1.x", Some(false)),
            ("9.0.0", "*", Some(true)),
            ("9.0.0", "", Some(true)),
            ("9.0.0", "latest", Some(true)),
            ("1.5.0", ">=1.2 <2", Some(true)),
            ("1.5.0", ">= 1.2 < 1.5", Some(false)),
            ("1.5.0", ">1", Some(false)),
            ("2.0.0", ">1", Some(true)),
            ("1.9.9", "<=1", Some(true)),
            ("1.5.0", "1.2 - 1.4", Some(false)),
            ("1.4.9", "1.2 - 1.4", Some(true)),
            ("3.0.0", "^1 || ^3", Some(true)),
            ("1.0.0-beta.2", ">=1.0.0-beta.1", Some(true)),
            ("1.0.0-beta.2", "1.0.0", Some(false)),
            ("1.0.0", "1.0.0+build", Some(true)),
            ("1.0.0", "github:a/b", None),
            ("1.0.0", "1-a/b", None),
            ("1.0.0", "1.0.0+a/b", None),
            ("1.0.0", "1-x:y", None),
            ("1.0.0", "1.0.0.0", None),
            ("one", "1", None),
        ];
        for (version, range, expected) in cases {
            assert_eq!(satisfies(version, range), expected, "{version} in {range}");
        }
    }
}
