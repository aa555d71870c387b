//! Time and chance: the only place that reads the clock, waits, or asks the kernel for random
//! bytes.
//!
//! Everything else takes instants as arguments, so that a replay gives the same store.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::model::outcome::{BoxFuture, Clock};

/// The time of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        sleep(duration)
    }

    fn uptime(&self) -> Option<Duration> {
        uptime()
    }
}

/// A clock that stands still, for `poll --at`: every reading is the given instant. Waiting takes
/// its real time all the same, because gaps between requests are owed to real publishers.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        sleep(duration)
    }
}

/// A clock that runs on from an instant: what gaps between requests are measured by when the present is given.
#[derive(Clone, Copy, Debug)]
pub struct RunningClock {
    from: Timestamp,
    since: Stopwatch,
}

impl RunningClock {
    /// Starts at an instant.
    pub fn from(instant: Timestamp) -> Self {
        Self { from: instant, since: Stopwatch::start() }
    }
}

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        self.from.saturating_add(self.since.elapsed()).unwrap_or(self.from)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        sleep(duration)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "this is where waiting is done")]
fn sleep(duration: Duration) -> BoxFuture<'static, ()> {
    Box::pin(tokio::time::sleep(duration))
}

/// Returns the time since the machine was started, its sleep included (the kernel's `CLOCK_BOOTTIME`).
fn uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split(' ').next()?.parse().ok()?).ok()
}

/// Measures how long something takes, untouched by changes of the system's time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    /// Starts one.
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Returns the time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Returns 16 random bytes from the kernel: the store's identity, the seed of jitter. Where
/// `/dev/urandom` cannot be read, those that the standard library drew for its hash maps.
pub fn random_seed() -> [u8; 16] {
    let mut seed = [0; 16];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut seed));
    if read.is_err() {
        let drawn = [0_u8, 1].map(|half| RandomState::new().hash_one(half).to_le_bytes());
        seed.iter_mut().zip(drawn.concat()).for_each(|(to, from)| *to = from);
    }
    seed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_still() {
        let at = "2026-03-01T12:00:00Z".parse().unwrap();
        assert_eq!(FixedClock(at).now(), at);
    }

    #[test]
    fn the_system_clock_is_past_its_writing() {
        assert!(SystemClock.now() > "2024-01-01T00:00:00Z".parse().unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn sleeping_takes_the_time_asked_for() {
        let before = tokio::time::Instant::now();
        SystemClock.sleep(Duration::from_secs(90)).await;
        assert_eq!(before.elapsed(), Duration::from_secs(90));
    }

    #[test]
    fn uptime_never_runs_backwards() {
        let first = SystemClock.uptime().unwrap();
        assert!(!first.is_zero() && SystemClock.uptime().unwrap() >= first);
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(random_seed(), random_seed());
    }

    #[test]
    fn a_stopwatch_never_runs_backwards() {
        let watch = Stopwatch::start();
        let first = watch.elapsed();
        assert!(watch.elapsed() >= first);
    }
}
