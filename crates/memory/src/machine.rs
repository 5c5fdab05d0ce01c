//! How much memory this process may use: what its control groups say, or else what the machine has.
//!
//! Groups nest, and the tightest limit on the way to the root counts. A container often sees its
//! own group as the root; then the path that the kernel names does not exist, and the root's files
//! are those of the container.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// How many bytes there are, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The bytes.
    pub bytes: u64,
    /// The file that says so.
    pub source: PathBuf,
}

/// Numbers from here on stand for "no limit" in version 1, which has no word for it.
const UNLIMITED_BYTES: u64 = 1 << 60;

/// What this process may use; `None` where nothing can be found out.
pub fn memory_limit() -> Option<Limit> {
    memory_limit_in(Path::new("/"))
}

/// The same for a system whose files lie in a folder.
pub fn memory_limit_in(root: &Path) -> Option<Limit> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let limits = groups.lines().flat_map(|line| limits_of_group(root, line));
    let machine = machine(&root.join("proc/meminfo"));
    let Some(limit) = limits.min_by_key(|limit| limit.bytes) else { return machine };
    // A group may allow more than the machine has.
    match machine {
        Some(machine) if machine.bytes < limit.bytes => Some(machine),
        _ => Some(limit),
    }
}

/// The limits that a line of `/proc/self/cgroup` leads to: `number:controllers:path`.
fn limits_of_group(root: &Path, line: &str) -> Vec<Limit> {
    let mut parts = line.splitn(3, ':');
    let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
    else {
        return Vec::new();
    };
    let (folders, files): (&[&str], &[&str]) = if controllers.is_empty() {
        (&["sys/fs/cgroup", "sys/fs/cgroup/unified"], &["memory.max", "memory.high"])
    } else if controllers.split(',').any(|controller| controller == "memory") {
        (&["sys/fs/cgroup/memory"], &["memory.limit_in_bytes"])
    } else {
        return Vec::new();
    };
    // A path that leads out of the mount (`/../other`) is one of somebody else's groups.
    let parts = Path::new(path).components();
    let path: PathBuf = parts.filter(|part| matches!(part, Component::Normal(_))).collect();
    let mut limits = Vec::new();
    for folder in folders {
        for group in path.ancestors() {
            let group = root.join(folder).join(group);
            limits.extend(files.iter().filter_map(|file| limit_of_file(group.join(file))));
        }
    }
    limits
}

fn limit_of_file(source: PathBuf) -> Option<Limit> {
    let text = fs::read_to_string(&source).ok()?;
    // "max" is no number.
    let bytes = text.trim().parse().ok().filter(|bytes| *bytes < UNLIMITED_BYTES)?;
    Some(Limit { bytes, source })
}

/// What the machine has left: other programs use it as well.
fn machine(source: &Path) -> Option<Limit> {
    let text = fs::read_to_string(source).ok()?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let kibibytes = field("MemAvailable:").or_else(|| field("MemTotal:"))?;
    Some(Limit { bytes: kibibytes.saturating_mul(1024), source: source.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system of these files, and the limit that is expected of it.
    struct Case {
        name: &'static str,
        files: &'static [(&'static str, &'static str)],
        bytes: Option<u64>,
        file: &'static str,
    }

    const MACHINE: (&str, &str) =
        ("proc/meminfo", "MemTotal:  4000 kB\nMemFree: 1 kB\nMemAvailable:  3000 kB\n");
    const V2: (&str, &str) = ("proc/self/cgroup", "0::/system.slice/a.service\n");
    const V1: (&str, &str) = ("proc/self/cgroup", "5:cpu,cpuacct:/\n4:hugetlb,memory:/a/b\n");

    const CASES: &[Case] = &[
        Case { name: "nothing at all", files: &[], bytes: None, file: "" },
        Case {
            name: "no groups",
            files: &[MACHINE],
            bytes: Some(3000 << 10),
            file: "proc/meminfo",
        },
        Case {
            name: "an old kernel without MemAvailable",
            files: &[("proc/meminfo", "MemTotal: 7 kB\n")],
            bytes: Some(7 << 10),
            file: "proc/meminfo",
        },
        Case {
            name: "version 2, the process's own group",
            files: &[MACHINE, V2, ("sys/fs/cgroup/system.slice/a.service/memory.max", "1000\n")],
            bytes: Some(1000),
            file: "sys/fs/cgroup/system.slice/a.service/memory.max",
        },
        Case {
            name: "version 2, a tighter parent",
            files: &[
                MACHINE,
                V2,
                ("sys/fs/cgroup/system.slice/a.service/memory.max", "1000\n"),
                ("sys/fs/cgroup/system.slice/memory.max", "900\n"),
            ],
            bytes: Some(900),
            file: "sys/fs/cgroup/system.slice/memory.max",
        },
        Case {
            name: "version 2, a high mark below the limit",
            files: &[
                MACHINE,
                V2,
                ("sys/fs/cgroup/system.slice/a.service/memory.max", "max\n"),
                ("sys/fs/cgroup/system.slice/a.service/memory.high", "800\n"),
            ],
            bytes: Some(800),
            file: "sys/fs/cgroup/system.slice/a.service/memory.high",
        },
        Case {
            name: "version 2, max everywhere",
            files: &[MACHINE, V2, ("sys/fs/cgroup/system.slice/a.service/memory.max", "max\n")],
            bytes: Some(3000 << 10),
            file: "proc/meminfo",
        },
        Case {
            name: "version 2, a container that sees its group as the root",
            files: &[MACHINE, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "77")],
            bytes: Some(77),
            file: "sys/fs/cgroup/memory.max",
        },
        Case {
            name: "version 2, a path of the host that the container does not see",
            files: &[
                MACHINE,
                ("proc/self/cgroup", "0::/../../docker/abc\n"),
                ("sys/fs/cgroup/memory.max", "78\n"),
            ],
            bytes: Some(78),
            file: "sys/fs/cgroup/memory.max",
        },
        Case {
            name: "version 1, nested",
            files: &[
                MACHINE,
                V1,
                ("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n"),
                ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "600\n"),
            ],
            bytes: Some(600),
            file: "sys/fs/cgroup/memory/a/memory.limit_in_bytes",
        },
        Case {
            name: "version 1, no limit",
            files: &[
                MACHINE,
                V1,
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ],
            bytes: Some(3000 << 10),
            file: "proc/meminfo",
        },
        Case {
            name: "both versions at once",
            files: &[
                MACHINE,
                ("proc/self/cgroup", "4:memory:/a\n0::/\n"),
                ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "500"),
                ("sys/fs/cgroup/unified/memory.max", "max"),
            ],
            bytes: Some(500),
            file: "sys/fs/cgroup/memory/a/memory.limit_in_bytes",
        },
        Case {
            name: "a group that allows more than the machine has",
            files: &[
                MACHINE,
                ("proc/self/cgroup", "0::/"),
                ("sys/fs/cgroup/memory.max", "9000000"),
            ],
            bytes: Some(3000 << 10),
            file: "proc/meminfo",
        },
        Case {
            name: "files that make no sense",
            files: &[
                MACHINE,
                ("proc/self/cgroup", "what\n0:\n::\n0::/x\n"),
                ("sys/fs/cgroup/x/memory.max", "-1\n"),
                ("sys/fs/cgroup/memory.max", ""),
            ],
            bytes: Some(3000 << 10),
            file: "proc/meminfo",
        },
    ];

    #[test]
    fn the_tightest_limit_counts() {
        for case in CASES {
            let folder = tempfile::tempdir().unwrap();
            for (path, text) in case.files {
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            let expected =
                case.bytes.map(|bytes| Limit { bytes, source: folder.path().join(case.file) });
            assert_eq!(memory_limit_in(folder.path()), expected, "{}", case.name);
        }
    }
}
