//! How a connection is doing: what it waits for, since when, and when it has waited enough.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::Limits;
use super::strict::Lines;

/// A reader that takes nothing for so long is gone.
const WRITE_STALL_MAX: Duration = Duration::from_secs(30);
/// A reader that takes an answer by drops has so long for all of it.
const WRITE_MAX: Duration = Duration::from_secs(300);
/// Who has been waiting for less has only just come, and is let say what is wanted.
const NEWCOMER_MAX: Duration = Duration::from_secs(1);
/// Ahead of any deadline that matters: a request in progress has none of its own.
const FAR: Duration = Duration::from_secs(86_400);

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing has come yet: counts as a head that is late.
    Silent,
    /// A request's head is coming.
    Head,
    /// A request is in progress.
    Serving,
    /// An answer is there; nothing of it went out.
    Answered,
    /// An answer is going out.
    Writing,
    /// Between requests.
    Idle,
}

#[derive(Clone, Copy, Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// When bytes last went out.
    wrote: Instant,
}

/// How well a connection could be missed: the least best, and of equals the earliest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// No request in progress, since then.
    Waiting(Instant),
    /// Nothing has moved since then: a newcomer, who has not come to ask, or who takes an answer.
    Still(Instant),
}

/// Whether an attempt to send moved anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Some,
    Nothing,
}

impl Sent {
    fn of<T>(polled: &Poll<T>) -> Self {
        if polled.is_ready() { Self::Some } else { Self::Nothing }
    }
}

/// The state of one connection, told by its stream and its service.
#[derive(Debug)]
pub(super) struct Pulse {
    limits: Limits,
    state: Mutex<State>,
}

impl Pulse {
    pub(super) fn new(limits: Limits, now: Instant) -> Self {
        let state = State { phase: Phase::Silent, since: now, wrote: now };
        Self { limits, state: Mutex::new(state) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn serving(&self) {
        self.with(|state| state.phase = Phase::Serving);
    }

    pub(super) fn answered(&self) {
        self.with(|state| state.phase = Phase::Answered);
    }

    fn read(&self, now: Instant) {
        self.with(|state| match state.phase {
            // The time for a head runs from the first moment of a connection, not from its first
            // byte.
            Phase::Silent => state.phase = Phase::Head,
            Phase::Idle => (state.phase, state.since) = (Phase::Head, now),
            Phase::Head | Phase::Serving | Phase::Answered | Phase::Writing => {}
        });
    }

    /// The first attempt to send something of an answer starts its time.
    fn writes(&self, now: Instant, sent: Sent) {
        self.with(|state| {
            if state.phase == Phase::Answered {
                *state = State { phase: Phase::Writing, since: now, wrote: now };
            } else if sent == Sent::Some {
                state.wrote = now;
            }
        });
    }

    /// All is sent: what comes then is counted from when bytes last went out.
    fn flushed(&self) {
        self.with(|state| {
            if state.phase == Phase::Writing {
                (state.phase, state.since) = (Phase::Idle, state.wrote);
            }
        });
    }

    /// An answer is there and goes out from `now` on.
    #[cfg(test)]
    pub(super) fn sending(&self, now: Instant) {
        self.answered();
        self.writes(now, Sent::Some);
    }

    /// Returns when the connection has waited enough, as things stand.
    pub(super) fn deadline(&self) -> Instant {
        self.with(|state| match state.phase {
            Phase::Silent | Phase::Head => state.since + self.limits.header_timeout,
            Phase::Idle => state.since + self.limits.idle_timeout,
            Phase::Writing => (state.wrote + WRITE_STALL_MAX).min(state.since + WRITE_MAX),
            Phase::Serving | Phase::Answered => state.since + FAR,
        })
    }

    /// Tells whether a request may be on its way: nothing has come yet, or a part of its head.
    pub(super) fn awaits_head(&self) -> bool {
        self.with(|state| matches!(state.phase, Phase::Silent | Phase::Head))
    }

    /// Returns how well the connection could be missed at `now`; `None` while a request is in
    /// progress that an answer is being made for.
    pub(super) fn claim(&self, now: Instant) -> Option<Claim> {
        self.with(|state| match state.phase {
            Phase::Silent | Phase::Head | Phase::Idle => {
                let is_new = now.saturating_duration_since(state.since) < NEWCOMER_MAX;
                Some(if is_new { Claim::Still(state.since) } else { Claim::Waiting(state.since) })
            }
            Phase::Writing => Some(Claim::Still(state.wrote)),
            Phase::Serving | Phase::Answered => None,
        })
    }
}

/// A stream that tells its pulse what goes over it, and lets no bare line feed through.
#[derive(Debug)]
pub(super) struct Paced<T> {
    stream: T,
    pulse: Arc<Pulse>,
    lines: Lines,
}

impl<T> Paced<T> {
    pub(super) fn new(stream: T, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse, lines: Lines::default() }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() && buffer.filled().len() > before {
            self.lines.refuse_bare(buffer.filled_mut().get_mut(before..).unwrap_or_default());
            self.pulse.read(Instant::now());
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pulse.writes(Instant::now(), Sent::of(&polled));
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.pulse.writes(Instant::now(), Sent::of(&polled));
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        if polled.is_ready() {
            self.pulse.flushed();
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_phase_has_its_deadline() {
        let limits = Limits {
            connections_max: 1,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
        };
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let pulse = Pulse::new(limits, start);
        assert_eq!(pulse.deadline(), at(10), "silent");
        assert_eq!(pulse.claim(start), Some(Claim::Still(start)), "a newcomer");
        pulse.read(at(9));
        assert_eq!(pulse.deadline(), at(10), "a byte buys no time");
        assert_eq!(pulse.claim(at(9)), Some(Claim::Waiting(start)));
        pulse.serving();
        assert!(pulse.deadline() > at(3_600), "a request in progress is not cut");
        assert_eq!(pulse.claim(at(9)), None);
        pulse.answered();
        assert!(pulse.deadline() > at(3_600), "nothing was tried yet");
        pulse.writes(at(20), Sent::Nothing);
        assert_eq!(pulse.deadline(), at(50), "a reader that stalls");
        pulse.writes(at(40), Sent::Some);
        assert_eq!(pulse.deadline(), at(70), "a reader that goes on");
        assert_eq!(pulse.claim(at(69)), Some(Claim::Still(at(40))));
        pulse.writes(at(319), Sent::Some);
        assert_eq!(pulse.deadline(), at(320), "a reader that drips");
        pulse.flushed();
        assert_eq!(pulse.deadline(), at(379), "idle");
        assert_eq!(pulse.claim(at(321)), Some(Claim::Waiting(at(319))));
        pulse.read(at(330));
        assert_eq!(pulse.deadline(), at(340), "the next head");
    }
}
