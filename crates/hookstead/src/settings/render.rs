//! The commented file that documents every setting.

use std::fmt::Write as _;

use super::{
    data_sources, endpoints,
    load::variable,
    schema::{Key, Settings},
};

const HEAD: &str = "\
# Every setting of Hookstead with its default.
# Copy what you change into `hookstead.toml` in the folder of your app.
# A variable wins over the file, a flag wins over both.
# This file is made from the code: `HOOKSTEAD_BLESS=1 cargo test -p hookstead settings`.
";

/// The text of the file.
#[cfg_attr(not(test), expect(dead_code, reason = "a test holds the file to it"))]
pub(super) fn default_file() -> String {
    let mut text = HEAD.to_owned();
    for section in Settings::sections() {
        text.push('\n');
        comment(&mut text, section.doc);
        let _ = writeln!(text, "[{}]", section.name);
        for key in Settings::keys().iter().filter(|key| key.section == section.name) {
            text.push('\n');
            write_key(&mut text, key);
        }
    }
    text.push_str(data_sources::DOC);
    text.push_str(endpoints::DOC);
    text
}

fn write_key(text: &mut String, key: &Key) {
    comment(text, key.doc);
    let _ = writeln!(text, "# Variable: {}", variable(key.section, key.name));
    match &key.default {
        toml::Value::Table(_) => {
            let _ = writeln!(text, "[{}.{}]", key.section, key.name);
        }
        value => {
            let _ = writeln!(text, "{} = {value}", key.name);
        }
    }
}

fn comment(text: &mut String, lines: &[&str]) {
    for line in lines {
        let _ = writeln!(text, "#{line}");
    }
}
