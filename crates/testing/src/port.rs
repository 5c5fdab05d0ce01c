//! A port of this machine that no other test uses.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, TcpStream},
    path::Path,
};

/// Below what systems hand out to clients: a connection that happens to be open must not sit on
/// the port of a server that is about to come back.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port, ours as long as this lives.
pub(crate) struct Port {
    pub(crate) number: u16,
    _lock: File,
}

impl Port {
    /// A free one. The locks lie in `folder`.
    pub(crate) fn lease(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let start = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or(0);
        for step in 0..COUNT {
            // A prime keeps processes with neighbouring ids out of each other's way.
            let offset = (u32::from(start) * 31 + u32::from(step)) % u32::from(COUNT);
            let number = FIRST + u16::try_from(offset).unwrap_or(0);
            let lock = File::create(folder.join(format!("{number}.lock")))?;
            if lock.try_lock().is_ok() && TcpStream::connect((Ipv4Addr::LOCALHOST, number)).is_err()
            {
                return Ok(Self { number, _lock: lock });
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "no port of this machine is free"))
    }
}
