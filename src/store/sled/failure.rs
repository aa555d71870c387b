//! sled's errors in the words of the store.

use std::any::Any;
use std::io;

use super::StoreError;
use crate::store::codec::Key;

/// The engine's name, as in `config.toml`.
const ENGINE: &str = "sled";

/// Returns what makes an error of sled ours, given what was attempted.
pub(super) fn failed(operation: &'static str) -> impl Fn(::sled::Error) -> StoreError {
    move |error| match error {
        ::sled::Error::Corruption { at, .. } => StoreError::Corrupt {
            key: "page".to_owned(),
            what: at.map_or_else(
                || format!("failed to {operation}: damage in the engine's own files"),
                |at| format!("failed to {operation}: damage at {at:?}"),
            ),
        },
        ::sled::Error::Io(error) => io_failed(operation)(error),
        error @ (::sled::Error::CollectionNotFound(_)
        | ::sled::Error::Unsupported(_)
        | ::sled::Error::ReportableBug(_)) => {
            StoreError::Engine { operation, engine: ENGINE, source: Box::new(error) }
        }
    }
}

/// Returns what makes an error of the file system ours, given what was attempted.
pub(super) fn io_failed(operation: &'static str) -> impl Fn(io::Error) -> StoreError {
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Engine { operation, engine: ENGINE, source: Box::new(error) },
    }
}

/// Returns the error that a panic of sled is to us.
pub(super) fn panicked(operation: &'static str, panic: &(dyn Any + Send)) -> StoreError {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    StoreError::Engine {
        operation,
        engine: ENGINE,
        source: format!("the engine panicked: {words}").into(),
    }
}

/// Returns the error for a record that is not as it should be.
pub(super) fn corrupt(key: Key<'_>, what: &str) -> StoreError {
    StoreError::Corrupt { key: key.to_string(), what: what.to_owned() }
}
