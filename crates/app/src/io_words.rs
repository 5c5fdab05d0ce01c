//! Errors of the operating system in plain words.

use std::io::{self, ErrorKind};

/// What an error says, without the number that the system has for it.
pub fn io_words(error: &io::Error) -> String {
    // Whoever made the error with a text of its own knows better.
    if error.get_ref().is_some() {
        return error.to_string();
    }
    let words = match error.kind() {
        ErrorKind::NotFound => "it does not exist",
        ErrorKind::NotADirectory => "a part of the path is a file, not a folder",
        ErrorKind::IsADirectory => "it is a folder",
        ErrorKind::PermissionDenied => "this user is not allowed to",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        ErrorKind::AddrInUse => "another program uses this address",
        ErrorKind::AddrNotAvailable => "this machine has no such address",
        ErrorKind::ConnectionRefused => "nothing listens there",
        ErrorKind::InvalidData => "it is not UTF-8 text",
        _ => {
            let text = error.to_string();
            let end = text.find(" (os error ").unwrap_or(text.len());
            return text[..end].to_owned();
        }
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_error_is_left_out() {
        let not_utf8 = io::read_to_string(&b"\xff"[..]).unwrap_err();
        for (error, expected) in [
            (ErrorKind::NotFound.into(), "it does not exist"),
            (io::Error::from_raw_os_error(13), "this user is not allowed to"),
            (not_utf8, "it is not UTF-8 text"),
            (io::Error::new(ErrorKind::NotFound, "it is a link"), "it is a link"),
        ] {
            assert_eq!(io_words(&error), expected);
        }
        let other = io_words(&io::Error::from_raw_os_error(24));
        assert!(!other.is_empty() && !other.contains("os error"), "{other}");
    }
}
