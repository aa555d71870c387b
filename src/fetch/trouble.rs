//! Puts whatever went wrong into one line and one kind.

use std::error::Error;
use std::io;

use crate::model::outcome::FailureKind;

/// Longest line kept, in characters.
const LINE_LENGTH_MAX: usize = 300;

/// A failure, before it is known which answer belongs to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) kind: FailureKind,
    pub(super) line: String,
}

impl Trouble {
    /// Takes the words down as one line: control characters become blanks, what is too long is cut.
    pub(super) fn new(kind: FailureKind, words: impl AsRef<str>) -> Self {
        let blank = |letter: char| if letter.is_control() { ' ' } else { letter };
        let line = words.as_ref().chars().map(blank).take(LINE_LENGTH_MAX).collect();
        Self { kind, line }
    }

    /// Takes down why something may not be asked.
    pub(super) fn refused(words: impl AsRef<str>) -> Self {
        Self::new(FailureKind::Refused, words)
    }

    /// Names the cause of a failed exchange: the innermost reasons, not the client's own layers.
    pub(super) fn of_exchange(error: &(dyn Error + 'static)) -> Self {
        match find::<ConnectError>(error) {
            Some(cause) => Self::new(cause.kind(), chain(cause)),
            None => Self::new(FailureKind::Network, chain(error.source().unwrap_or(error))),
        }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("failed to resolve `{host}`")]
    Resolve { host: String, source: io::Error },
    #[error("`{host}` has no address")]
    NoAddress { host: String },
    #[error("`{host}` leads to {address}, which is not public and not in poll.allow_networks")]
    Refused { host: String, address: std::net::IpAddr },
    #[error("failed to connect to {address}")]
    Connect { address: std::net::SocketAddr, source: io::Error },
    #[error("connecting took longer than {seconds} s")]
    TooSlow { seconds: u64 },
    #[error("the proxy {what}")]
    Proxy { what: String },
}

impl ConnectError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Refused { .. } => FailureKind::Refused,
            Self::Resolve { .. }
            | Self::NoAddress { .. }
            | Self::Connect { .. }
            | Self::TooSlow { .. }
            | Self::Proxy { .. } => FailureKind::Network,
        }
    }
}

/// Finds an error of type `E` in a chain. An `io::Error` hides the one inside it from `source`.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// Tells whether a connection was closed or reset before the head of an answer had come.
pub(super) fn is_closed(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    let is_gone = |error: &io::Error| {
        matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected)
    };
    find::<hyper::Error>(error).is_some_and(|error| {
        error.is_incomplete_message() || error.is_closed() || error.is_canceled()
    }) || find::<io::Error>(error).is_some_and(is_gone)
}

/// Joins the messages of a chain, without saying anything twice.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let message = error.to_string();
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_found_inside_of_io_errors() {
        let address = std::net::IpAddr::from([127, 0, 0, 1]);
        let cause = ConnectError::Refused { host: "a.example".to_owned(), address };
        let wrapped = io::Error::other(io::Error::other(cause));
        let trouble = Trouble::of_exchange(&wrapped);
        assert_eq!(trouble.kind, FailureKind::Refused);
        assert!(trouble.line.starts_with("`a.example` leads to 127.0.0.1"), "{}", trouble.line);
    }

    #[test]
    fn a_line_is_one_line_and_short() {
        let trouble = Trouble::new(FailureKind::Network, format!("a\r\nb{}", "c".repeat(1_000)));
        assert!(trouble.line.starts_with("a  bc"));
        assert_eq!(trouble.line.chars().count(), LINE_LENGTH_MAX);
    }
}
