//! Whose files the store's are. Root may work on the store of another user (the service's), and leaves every file with
//! that user; anyone else who does not own it is turned away, before a file is made that the owner could not open.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};

use super::StoreError;

/// The user a store belongs to, where that is not the one who works on it. Gives its files back when dropped.
pub(super) struct Owner {
    dir: PathBuf,
    uid: u32,
    gid: u32,
}

/// Finds out who owns the store in `dir`; `None`: we do, or there is none yet.
///
/// # Errors
/// `NotOwner`, when another user does and we are not root.
pub(super) fn owner(dir: &Path) -> Result<Option<Owner>, StoreError> {
    let us = rustix::process::geteuid().as_raw();
    let refused = |owner| StoreError::NotOwner { path: dir.display().to_string(), owner, us };
    match fs::metadata(dir) {
        Ok(facts) if facts.uid() == us => Ok(None),
        Ok(facts) if us == 0 => {
            Ok(Some(Owner { dir: dir.to_owned(), uid: facts.uid(), gid: facts.gid() }))
        }
        Ok(facts) => Err(refused(facts.uid().to_string())),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(refused("another".to_owned()))
        }
        // What else may be wrong is told by the opening itself.
        Err(_) => Ok(None),
    }
}

impl Owner {
    /// Gives the owner every file that root made.
    pub(super) fn give_back(&self) {
        if let Err(error) = give(&self.dir, self.uid, self.gid) {
            tracing::warn!(%error, path = %self.dir.display(), "failed to give files to the owner of the store");
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn give(path: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let facts = match fs::symlink_metadata(path) {
        Ok(facts) => facts,
        // The engine replaces its files; one that has gone needs no owner.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if facts.uid() != uid || facts.gid() != gid {
        lchown(path, Some(uid), Some(gid))?;
    }
    if facts.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), uid, gid)?;
        }
    }
    Ok(())
}
