//! Archives that are good, and archives that are made to do harm.

use std::{fs, io::Write as _};

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder},
};

use super::*;

/// An entry of a tar archive: its type, its path, its content or where it leads to.
type Entry<'a> = (tar::EntryType, &'a str, &'a [u8]);

const FILE: tar::EntryType = tar::EntryType::Regular;

/// The path is written as it is, as no program that means well would.
fn tar_of(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, path, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        let is_file = kind.is_file();
        if !is_file && !content.is_empty() {
            header.as_ustar_mut().unwrap().linkname[..content.len()].copy_from_slice(content);
        }
        let content = if is_file { content } else { &[][..] };
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Deflated entries, without the checksums that nobody asks for.
fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let number = |value: usize, bytes: usize| value.to_le_bytes()[..bytes].to_vec();
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (path, content) in entries {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        let packed = encoder.finish().unwrap();
        // Version, flags, method, time and date, checksum, sizes, lengths of the texts.
        let mut head = [number(20, 2), number(0, 2), number(8, 2), vec![0; 8]].concat();
        head.extend(number(packed.len(), 4));
        head.extend(number(content.len(), 4));
        head.extend(number(path.len(), 2));
        head.extend(number(0, 2));
        let at = archive.len();
        archive.extend([b"PK\x03\x04", &head[..], path.as_bytes(), &packed].concat());
        let rest = [vec![0; 10], number(at, 4)].concat();
        directory.extend([b"PK\x01\x02\x14\0", &head[..], &rest, path.as_bytes()].concat());
    }
    let (start, bytes, count) = (archive.len(), directory.len(), entries.len());
    archive.extend(directory);
    archive.extend([b"PK\x05\x06", &[0; 4][..]].concat());
    archive.extend([number(count, 2), number(count, 2), number(bytes, 4)].concat());
    archive.extend([number(start, 4), number(0, 2)].concat());
    archive
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn open(name: &str, bytes: &[u8], limits: &ArchiveLimits) -> Result<Archive, ArchiveError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, bytes).unwrap();
    Archive::open(&file, limits)
}

#[test]
fn packages_are_found_in_archives_of_every_kind() {
    let entries: &[Entry<'_>] = &[
        (tar::EntryType::Directory, "node_modules/", b""),
        (FILE, "./node_modules/a/index.js", b"1"),
        (FILE, "node_modules/a/lib/b.json", b"{}"),
        (FILE, "node_modules/a/readme.md", b"words"),
        (FILE, "package.json", b"{}"),
        (tar::EntryType::Symlink, "node_modules/.bin/a", b"../a/index.js"),
    ];
    let tar = tar_of(entries);
    let files: Vec<_> = entries[1..5].iter().map(|(_, path, content)| (*path, *content)).collect();
    let archives = [
        ("node_modules.tar", tar.clone()),
        ("node_modules.tar.gz", gzipped(&tar)),
        ("node_modules.tgz", gzipped(&tar)),
        ("node_modules.zip", zip_of(&files)),
    ];
    for (name, bytes) in archives {
        let archive = open(name, &bytes, &ArchiveLimits::default()).unwrap();
        let at = |path: &str| format!("functions/node_modules/{path}");
        assert_eq!(archive.read(&at("a/index.js")), Some(&b"1"[..]), "{name}");
        assert_eq!(archive.kind(&at("a/lib")), Some(ModuleFileKind::Folder), "{name}");
        assert_eq!(archive.kind(PACKAGES), Some(ModuleFileKind::Folder), "{name}");
        assert_eq!(archive.kind(&at("b")), None, "{name}");
        assert_eq!(archive.read(&at("a/readme.md")), None, "{name}");
        assert_eq!(archive.list(&at("a/lib")), ["b.json"], "{name}");
        assert_eq!(archive.read("functions/package.json"), None, "{name}");
    }
}

#[test]
fn what_leads_out_of_the_folder_of_packages_is_refused_with_its_name() {
    use tar::EntryType::{Block, Char, Fifo, Link, Symlink};
    let cases: &[(Entry<'_>, &str)] = &[
        ((FILE, "../evil.js", b"1"), "leads out"),
        ((FILE, "node_modules/../../evil.js", b"1"), "leads out"),
        ((FILE, "/etc/evil.js", b"1"), "leads out"),
        ((FILE, "node_modules\\evil.js", b"1"), "leads out"),
        ((FILE, "C:/evil.js", b"1"), "leads out"),
        ((Symlink, "node_modules/a", b"/etc"), "leads out"),
        ((Symlink, "node_modules/a", b"../../etc"), "leads out"),
        ((Symlink, "node_modules/a", b".."), "leads out"),
        ((Link, "node_modules/a", b"etc/passwd"), "leads out"),
        ((Char, "node_modules/null", b""), "neither"),
        ((Block, "node_modules/disk", b""), "neither"),
        ((Fifo, "node_modules/pipe", b""), "neither"),
    ];
    for (entry, expected) in cases {
        let error = open("a.tar", &tar_of(&[*entry]), &ArchiveLimits::default()).err();
        let message = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(expected), "{}: {message}", entry.1);
    }
    let deep = format!("node_modules/{}a.js", "a/".repeat(PATH_PARTS_MAX));
    for path in ["../evil.js", "/evil.js", deep.as_str()] {
        let zip = zip_of(&[(path, b"1")]);
        assert!(open("a.zip", &zip, &ArchiveLimits::default()).is_err(), "{path}");
    }
}

#[test]
fn an_archive_that_unpacks_to_more_than_the_limits_allow_is_refused() {
    let limits = ArchiveLimits { bytes_max: 100_000, unpacked_bytes_max: 1 << 20, entries_max: 5 };
    let zeroes = vec![0; 3 << 20];
    let big = |path| tar_of(&[(FILE, path, &zeroes)]);
    let many = vec![(FILE, "node_modules/a.js", &b""[..]); 6];
    let cases = [
        ("a.tar.gz", gzipped(&big("node_modules/a.js")), "unpacks to more than 1 MiB"),
        ("a.tar.gz", gzipped(&big("node_modules/a.bin")), "unpacks to more than 1 MiB"),
        ("a.zip", zip_of(&[("node_modules/a.js", &zeroes)]), "unpacks to more than 1 MiB"),
        ("a.tar", tar_of(&many), "more than 5 entries"),
        ("a.tar", vec![0; 100_001], "archive_mib"),
    ];
    for (name, bytes, expected) in cases {
        let error = open(name, &bytes, &limits).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|e| e.contains(expected)), "{name}: {error:?}");
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    let whole = tar_of(&[(FILE, "node_modules/a.js", &[b'1'; 2000])]);
    let cases = [
        ("a.zip", b"PK\x03\x04 no".to_vec()),
        ("a.tar.gz", b"not gzip".to_vec()),
        ("a.tar.gz", gzipped(&whole)[..40].to_vec()),
        ("a.tar", whole[..1000].to_vec()),
        ("a.tar", vec![b'x'; 4096]),
    ];
    for (name, bytes) in cases {
        assert!(open(name, &bytes, &ArchiveLimits::default()).is_err(), "{name}");
    }
}

#[test]
fn a_path_that_is_longer_than_any_is_not_held_in_memory() {
    for parts in [600, 1 << 17] {
        let path = format!("node_modules/{}b.js", "a/".repeat(parts));
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        builder.append_data(&mut header, &path, &b"1"[..]).unwrap();
        let archive = builder.into_inner().unwrap();
        let error = open("a.tar", &archive, &ArchiveLimits::default()).err();
        let message = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("too long") && message.len() < 200, "{parts}: {message}");
    }
}
