//! The pages of facts in `docs/behaviour/`: each fact says how certain it is.

use super::Finding;
use crate::repo::Repo;

const FOLDER: &str = "docs/behaviour/";
const INDEX: &str = "README.md";

/// The words that the index defines.
const CERTAINTIES: [&str; 4] = ["documented", "observed", "deduced", "choice"];

pub(super) fn check(repo: &Repo, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let index = repo.read(&format!("{FOLDER}{INDEX}"))?;
    for file in repo.files_with("md") {
        let Some(page) = file.strip_prefix(FOLDER).filter(|page| *page != INDEX) else { continue };
        if !index.contains(&format!("]({page})")) {
            findings.push(Finding::new(file, 0, format!("{FOLDER}{INDEX} does not list it")));
        }
        for line in uncertain(&repo.read(file)?) {
            let message = format!("a fact ends with one of {CERTAINTIES:?} and what is behind it");
            findings.push(Finding::new(file, line, message));
        }
    }
    Ok(())
}

/// The lines with a fact that does not say how certain it is: items of lists, which end with it in
/// parentheses, and rows of tables, which have it in their last cell.
fn uncertain(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &str| line.starts_with("|-");
    let is_uncertain = |(at, line): &(usize, &&str)| {
        let is_head = is_rule(line) || lines.get(at + 1).is_some_and(|next| is_rule(next));
        match line.chars().next() {
            Some('-') => !line.ends_with(')') || !line.split(" (").skip(1).any(is_certain),
            Some('|') if !is_head => {
                let cells = line.trim_end_matches(['|', ' ']);
                !cells.rsplit("| ").next().is_some_and(is_certain)
            }
            _ => false,
        }
    };
    lines.iter().enumerate().filter(is_uncertain).map(|(at, _)| at + 1).collect()
}

fn is_certain(text: &str) -> bool {
    CERTAINTIES.iter().any(|word| {
        let rest = text.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

#[cfg(test)]
mod tests {
    use super::uncertain;

    #[test]
    fn facts_without_their_certainty_are_found() {
        let text = "# A\nB.\n- b (choice)\n- c (observed: d; deduced: e (f))\n- g (chosen)\n- h\n\
            | a | b |\n|---|---|\n| c | documented: d |\n| choice | e |\n";
        assert_eq!(uncertain(text), [5, 6, 10]);
    }
}
