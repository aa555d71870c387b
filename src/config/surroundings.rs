//! What a configuration means on this machine: where relative paths start, what systemd passed.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::problem::fault;
use super::section::Section;

/// Looks up an environment variable.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The directory of the main file and the variables that systemd sets.
pub(super) struct Surroundings<'a> {
    pub(super) directory: PathBuf,
    pub(super) env: Env<'a>,
}

impl Surroundings<'_> {
    /// Makes a path of the configuration absolute.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// Returns a directory that systemd passed; of several (`a:b`) the first.
    pub(super) fn passed_directory(&self, variable: &str) -> Option<PathBuf> {
        let value = (self.env)(variable)?;
        let first = value.split(':').next().filter(|first| !first.is_empty())?;
        Some(PathBuf::from(first))
    }

    /// Returns where a secret file is: among the credentials if it is there, else by its path.
    pub(super) fn credential(&self, name: &str) -> PathBuf {
        let passed = self.passed_directory("CREDENTIALS_DIRECTORY").map(|dir| dir.join(name));
        passed.filter(|path| path.is_file()).unwrap_or_else(|| self.resolve(name))
    }
}

/// Warns when a store could not be made or written in a directory.
pub(super) fn check_state_directory(path: &Path, store: &Section<'_>) {
    let Some(existing) = path.ancestors().find(|ancestor| ancestor.exists()) else { return };
    let remedy = "run as the user who owns it, or set [store] path";
    if !existing.is_dir() {
        let message = format!("{} is no directory", existing.display());
        store.warn("path", fault(message, remedy));
    } else if let Err(error) = try_write(existing) {
        let message =
            format!("the state directory cannot be written: {}: {error}", existing.display());
        store.warn("path", fault(message, remedy));
    }
}

/// Opens a file without a name in a directory: the kernel checks the permission and the mount, and
/// nobody who watches the directory is woken. Where a file system has no such files, one with a name is made for an
/// instant: root may write everywhere, and yet /proc keeps nothing.
fn try_write(directory: &Path) -> std::io::Result<()> {
    let opened = OpenOptions::new().write(true).custom_flags(libc::O_TMPFILE).open(directory);
    match opened.map(drop) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR)) => {
            let named = directory.join(format!(".feedmill-check-{}", std::process::id()));
            OpenOptions::new().write(true).create_new(true).open(&named)?;
            std::fs::remove_file(named)
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_keeps_nothing_is_seen_by_root_too() {
        let held = tempfile::tempdir().unwrap();
        for (directory, can_write) in
            [(held.path(), true), (Path::new("/proc"), false), (Path::new("/sys"), false)]
        {
            assert_eq!(try_write(directory).is_ok(), can_write, "{}", directory.display());
        }
        assert_eq!(std::fs::read_dir(held.path()).unwrap().count(), 0, "nothing is left");
    }
}
