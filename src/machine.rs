//! What the machine says: free disk, memory in use, descriptors to be had.

use std::path::Path;

use rustix::process::Resource;

/// Returns the bytes that an unprivileged process may still write on the disk of `path`, or of its nearest parent that
/// exists; `None` when the system does not say.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let existing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    // What has no blocks, as /proc, is no disk that could be full.
    let disk = rustix::fs::statvfs(existing).ok().filter(|disk| disk.f_blocks > 0)?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Returns the bytes of memory that this process has resident; 0 when the system does not say.
pub fn memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1_024)
}

/// Takes all the descriptors that this process may have, and returns how many; `None` is any number.
///
/// The limit that a process starts with is often 1024, for programs that use `select`; the one it may go up to is the
/// operator's word.
pub fn take_descriptors() -> Option<u64> {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    match rustix::process::setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_answers() {
        assert!(free_bytes(Path::new("/no/such/place")).is_some_and(|bytes| bytes > 0));
        assert_eq!(free_bytes(Path::new("/proc/no-such")), None);
        assert!(memory_bytes() > 1 << 20, "a test uses more than a mebibyte");
    }
}
