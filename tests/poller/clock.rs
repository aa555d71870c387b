//! A clock that moves only when everybody waits.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use feedmill::model::outcome::{BoxFuture, Clock};
use jiff::{SignedDuration, Timestamp};

/// Those whose waits end within this of the earliest are woken with it.
const TICK: Duration = Duration::from_millis(500);

pub(crate) struct SimClock(Arc<Mutex<Hands>>);

struct Hands {
    /// Time that has passed.
    uptime: Duration,
    /// What the clock shows at uptime zero; moved when it is set.
    zero: Timestamp,
    sleepers: BTreeMap<(Duration, u64), Waker>,
    next: u64,
}

impl SimClock {
    pub(crate) fn new(now: Timestamp) -> Arc<Self> {
        let hands = Hands { uptime: Duration::ZERO, zero: now, sleepers: BTreeMap::new(), next: 0 };
        Arc::new(Self(Arc::new(Mutex::new(hands))))
    }

    pub(crate) fn passed(&self) -> Duration {
        self.0.lock().unwrap().uptime
    }

    /// Sets the clock, as an operator or NTP would.
    pub(crate) fn set(&self, by: SignedDuration) {
        let mut hands = self.0.lock().unwrap();
        hands.zero = hands.zero.checked_add(by).unwrap();
    }

    /// Moves on to when the next wait ends, but not past `end`; tells whether that is reached.
    pub(crate) fn advance(&self, end: Duration) -> bool {
        let mut hands = self.0.lock().unwrap();
        let next = hands.sleepers.keys().next().map_or(end, |(at, _)| *at + TICK);
        hands.uptime = next.min(end).max(hands.uptime);
        let passed = (hands.uptime, u64::MAX);
        let later = hands.sleepers.split_off(&passed);
        for (_, waker) in std::mem::replace(&mut hands.sleepers, later) {
            waker.wake();
        }
        hands.uptime >= end
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let hands = self.0.lock().unwrap();
        hands.zero.checked_add(hands.uptime).unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let hands = Arc::clone(&self.0);
        let mut inner = hands.lock().unwrap();
        inner.next += 1;
        let key = (inner.uptime.saturating_add(duration), inner.next);
        drop(inner);
        Box::pin(Sleep { hands, key })
    }

    fn uptime(&self) -> Option<Duration> {
        Some(self.passed())
    }
}

struct Sleep {
    hands: Arc<Mutex<Hands>>,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut hands = self.hands.lock().unwrap();
        if hands.uptime >= self.key.0 {
            return Poll::Ready(());
        }
        hands.sleepers.insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.hands.lock().unwrap().sleepers.remove(&self.key);
    }
}
