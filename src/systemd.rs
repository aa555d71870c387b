//! What is said to systemd, and the sockets it passes. The only place that names sd_notify.
//!
//! Outside systemd (no `$NOTIFY_SOCKET`, no `$LISTEN_FDS`) everything here does nothing. It does
//! not decide when the daemon is ready or alive: the caller does. Standards: sd_notify(3),
//! sd_listen_fds(3), sd_watchdog_enabled(3).

use std::io;
use std::net::TcpListener;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sd_notify::NotifyState;

/// The longest status line: `systemctl status` shows one line, and a datagram has a limit.
const STATUS_CHARS_MAX: usize = 200;

/// Says that the daemon serves (also the end of a reload), with a line for the operator.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(&one_line(status))]);
}

/// Shows a line in `systemctl status`.
pub fn status(text: &str) {
    notify(&[NotifyState::Status(&one_line(text))]);
}

/// Says that the daemon is on its way out.
pub fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

/// Says that the configuration is being read again; [`ready`] must follow, also after a failure.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "failed to read the monotonic clock"),
    }
}

/// Returns how often systemd wants a sign of life at the least; `None`: it does not. A sign at half
/// of that is customary.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|interval| !interval.is_zero())
}

/// Gives the sign of life.
pub fn watchdog() {
    notify(&[NotifyState::Watchdog]);
}

/// Asks for more time to start or stop, as when a large store is opened.
pub fn extend_timeout(by: Duration) {
    let micros = u32::try_from(by.as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::ExtendTimeoutUsec(micros)]);
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "failed to notify systemd");
    }
}

/// A line break would begin another assignment of the protocol.
fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(STATUS_CHARS_MAX).collect()
}

/// A listening socket that systemd passed.
#[derive(Debug)]
pub enum PassedListener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix stream socket.
    Unix(UnixListener),
}

/// A passed socket and its `FileDescriptorName=`.
#[derive(Debug)]
pub struct Passed {
    /// As in the .socket unit; `unknown` where it names none.
    pub name: String,
    /// Non-blocking, closed on exec.
    pub listener: PassedListener,
}

/// Takes the sockets that systemd passed. They can be taken once: a second call returns none.
///
/// # Errors
/// The variables are malformed, or a passed descriptor is no listening stream socket.
pub fn listen_fds() -> io::Result<Vec<Passed>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Ok(Vec::new());
    }
    sd_notify::listen_fds_with_names()?
        .map(|(raw, name)| {
            if !is_listening(raw) {
                let message =
                    format!("descriptor {raw}, named by $LISTEN_FDS, is no listening socket");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            // SAFETY: systemd passed this descriptor to this very process ($LISTEN_PID was
            // compared), it is open (its flags were just set) and a listening socket, which nothing
            // of ours is yet, and `TAKEN` lets it be owned only once.
            #[expect(unsafe_code, reason = "there is no other way to own a passed descriptor")]
            let fd = unsafe { OwnedFd::from_raw_fd(raw) };
            Ok(Passed { name, listener: listener(fd)? })
        })
        .collect()
}

/// Tells whether a descriptor is a listening socket. One that was announced but not passed may be anything that this
/// process has opened since: owning it would close it under its owner.
fn is_listening(raw: RawFd) -> bool {
    // SAFETY: it is asked what it is while nobody else runs that could close it; its flags were just set, so it is open.
    #[expect(
        unsafe_code,
        reason = "a descriptor that is not ours can only be borrowed by its number"
    )]
    let fd = unsafe { BorrowedFd::borrow_raw(raw) };
    rustix::net::sockopt::socket_acceptconn(fd).is_ok_and(|is_listening| is_listening)
}

/// Tells by its address what a socket is; asking a socket of another family fails.
fn listener(fd: OwnedFd) -> io::Result<PassedListener> {
    let tcp = TcpListener::from(fd);
    if tcp.local_addr().is_ok() {
        tcp.set_nonblocking(true)?;
        return Ok(PassedListener::Tcp(tcp));
    }
    let unix = UnixListener::from(OwnedFd::from(tcp));
    unix.local_addr()?;
    unix.set_nonblocking(true)?;
    Ok(PassedListener::Unix(unix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_short_line() {
        assert_eq!(one_line("12 sources\nREADY=1"), "12 sources READY=1");
        assert_eq!(one_line(&"ạ".repeat(500)).chars().count(), STATUS_CHARS_MAX);
    }

    #[test]
    fn passed_sockets_are_told_apart() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        match listener(OwnedFd::from(tcp)).unwrap() {
            PassedListener::Tcp(tcp) => assert_eq!(tcp.local_addr().unwrap(), address),
            PassedListener::Unix(_) => panic!("a TCP socket was taken for a unix socket"),
        }
        let directory = tempfile::tempdir().unwrap();
        let unix = UnixListener::bind(directory.path().join("s")).unwrap();
        assert!(matches!(listener(OwnedFd::from(unix)).unwrap(), PassedListener::Unix(_)));
    }

    #[test]
    fn a_file_is_no_listener() {
        let file = tempfile::tempfile().unwrap();
        assert!(listener(OwnedFd::from(file)).is_err());
    }

    #[test]
    fn only_a_listening_socket_is_taken() {
        use std::os::fd::AsRawFd;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let file = tempfile::tempfile().unwrap();
        let cases = [
            ("a listener", listener.as_raw_fd(), true),
            ("a connection", peer.as_raw_fd(), false),
            ("a file", file.as_raw_fd(), false),
        ];
        for (name, raw, expected) in cases {
            assert_eq!(is_listening(raw), expected, "{name}");
        }
    }

    #[test]
    fn without_systemd_no_socket_is_passed() {
        assert!(listen_fds().unwrap().is_empty());
    }
}
