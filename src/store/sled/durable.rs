//! Makes sled's flush survive a power cut.
//!
//! sled 0.34.7 makes its writes durable with `sync_file_range(2)`, which by its manual page flushes
//! neither the file's length nor the disk's own cache: in power-cut trials whole databases were
//! lost, and opened as empty ones. The symbol of that name below wins over the C library's when the
//! program is linked, and does what sled means: `fdatasync(2)`, which returns when the data, and
//! the length needed to read it, are on the device. `SledStore::open` checks that it is in force.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the flushes that went through here.
static FLUSHES: AtomicU64 = AtomicU64::new(0);

/// Flushes the data of `fd`, whatever range was asked for.
///
/// # Safety As the function of the C library: it takes no pointers, and a bad descriptor is an
/// error (`EBADF`), no harm.
#[cfg(target_os = "linux")]
#[unsafe(no_mangle)]
#[expect(
    unsafe_code,
    reason = "the durability shim: sled calls this symbol, and only C can answer"
)]
unsafe extern "C" fn sync_file_range(
    fd: libc::c_int,
    _offset: libc::off64_t,
    _bytes: libc::off64_t,
    _flags: libc::c_uint,
) -> libc::c_int {
    FLUSHES.fetch_add(1, Ordering::Relaxed);
    // SAFETY: `fdatasync` takes a number and no memory; sled holds the file open during the call.
    unsafe { libc::fdatasync(fd) }
}

/// Returns how many flushes went through the shim.
///
/// Names the shim, so that whoever links this function links the shim as well.
pub(super) fn flushes() -> u64 {
    #[cfg(target_os = "linux")]
    {
        let shim: unsafe extern "C" fn(
            libc::c_int,
            libc::off64_t,
            libc::off64_t,
            libc::c_uint,
        ) -> libc::c_int = sync_file_range;
        std::hint::black_box(shim);
    }
    FLUSHES.load(Ordering::Relaxed)
}

/// Tells whether flushes go through the shim, given the count before one. Elsewhere than on Linux
/// sled syncs well itself.
pub(super) fn is_in_force(flushes_before: u64) -> bool {
    !cfg!(target_os = "linux") || flushes() > flushes_before
}
