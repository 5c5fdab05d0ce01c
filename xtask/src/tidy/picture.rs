//! The picture of the crates in `ARCHITECTURE.md`, held to the arrows that they may have.
//!
//! The picture leaves out an arrow where a way over other crates leads to the same place, so what
//! is compared is which crates each of them leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, arrows::ARROWS};
use crate::repo::Repo;

const FILE: &str = "ARCHITECTURE.md";
const START: &str = "```mermaid\nflowchart TD\n";
const END: &str = "```";

/// Crates with those that an arrow leads to.
type Arrows<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let text = repo.read(FILE)?;
    let picture = text.split_once(START).and_then(|(_, rest)| rest.split_once(END));
    let drawn = reached(&drawn(picture.map_or("", |(lines, _)| lines)));
    let law = ARROWS.iter().map(|(name, allowed)| (*name, allowed.iter().copied().collect()));
    let law = reached(&law.collect());
    let names: BTreeSet<_> = law.keys().chain(drawn.keys()).collect();
    for name in names.into_iter().filter(|name| law.get(*name) != drawn.get(*name)) {
        let (law, drawn) = (law.get(name), drawn.get(name));
        let message = format!("{name} leads to {law:?}, and in the picture to {drawn:?}");
        findings.push(Finding::new(FILE, 0, message));
    }
    Ok(())
}

/// The arrows of lines such as `a & b --> c --> d`; a name alone is a crate without any.
fn drawn(lines: &str) -> Arrows<'_> {
    let mut arrows = Arrows::new();
    for line in lines.lines() {
        let ranks = line.split("-->").map(|rank| rank.split('&').map(str::trim));
        let ranks: Vec<Vec<&str>> = ranks.map(Iterator::collect).collect();
        for name in ranks.iter().flatten() {
            arrows.entry(name).or_default();
        }
        for pair in ranks.windows(2) {
            for name in &pair[0] {
                arrows.entry(name).or_default().extend(&pair[1]);
            }
        }
    }
    arrows
}

/// Every crate with all that its arrows lead to, over others as well.
fn reached<'a>(arrows: &Arrows<'a>) -> Arrows<'a> {
    let of_crate = |name: &&'a str| {
        let mut found = BTreeSet::new();
        let mut open = vec![*name];
        while let Some(name) = open.pop() {
            for other in arrows.get(name).into_iter().flatten() {
                if found.insert(*other) {
                    open.push(other);
                }
            }
        }
        (*name, found)
    };
    arrows.keys().map(of_crate).collect()
}

#[cfg(test)]
mod tests {
    use super::{drawn, reached};

    #[test]
    fn a_picture_leads_where_its_arrows_lead() {
        let reached = reached(&drawn("    a --> b & c\n    b & c --> d --> e\n    f\n"));
        let lines: Vec<String> = reached
            .iter()
            .map(|(name, others)| {
                let others: Vec<_> = others.iter().copied().collect();
                format!("{name}: {}", others.join(" "))
            })
            .collect();
        assert_eq!(lines, ["a: b c d e", "b: d e", "c: d e", "d: e", "e: ", "f: "]);
    }
}
