//! The anchors that GitHub gives the headings of a Markdown file.

use std::collections::BTreeMap;

use crate::repo::Repo;

/// Whether there is no such file or folder, or no such heading in it. Without an anchor, no heading
/// is asked for.
pub(super) fn missing(repo: &Repo, path: &str, anchor: &str) -> bool {
    let has_heading = || {
        let text = repo.read(path).unwrap_or_default();
        anchors(&text).iter().any(|one| one == anchor)
    };
    !repo.has(path) || !(anchor.is_empty() || has_heading())
}

/// Every anchor of a text.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut in_code = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if in_code || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let anchor = anchor(title.trim());
        let count = seen.entry(anchor.clone()).or_default();
        anchors.push(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    anchors
}

fn anchor(title: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    title.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn anchors_are_those_of_github() {
        let text = "# One, two!\n```sh\n# no heading\n```\n## `a` & b\n## `a` & b\n#no\n";
        assert_eq!(super::anchors(text), ["one-two", "a--b", "a--b-1"]);
    }
}
