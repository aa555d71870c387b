//! Signs of life: what the scheduler and the writer must show before systemd is told that the daemon is alive, and the
//! line that `systemctl status` shows.
//!
//! A timer of its own would prove nothing. So each beat nudges the scheduler and pings the writer, and the next beat is
//! given only if the loop has turned since and the ping came back: one that hangs is restarted by the watchdog.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use crate::control::{Mill, Summary};
use crate::model::outcome::Clock;
use crate::systemd;

/// How often the status line is renewed.
const STATUS_EVERY: Duration = Duration::from_secs(60);
/// Beats within one interval of the watchdog: some may be missed before it bites.
const BEATS: u32 = 4;
/// Failing sources named in the status line; of more, only the number.
const NAMES_MAX: usize = 3;
/// While the store is opened, systemd is asked this often …
const OPENING_EVERY: Duration = Duration::from_secs(5);
/// … for this much more time.
const OPENING_MORE: Duration = Duration::from_secs(30);

/// What the scheduler says of itself.
#[derive(Default)]
pub(super) struct Vitals {
    turns: AtomicU64,
    nudge: Notify,
    said: Mutex<Said>,
}

#[derive(Clone, Default)]
struct Said {
    next_poll: Option<Timestamp>,
    /// Why polling stands still.
    standstill: Option<String>,
    /// What the operator has to know until it is mended.
    trouble: Option<String>,
}

impl Vitals {
    /// Says that the scheduler's loop went round.
    pub(super) fn turned(&self, next_poll: Option<Timestamp>, standstill: Option<String>) {
        self.turns.fetch_add(1, Ordering::AcqRel);
        self.with(|said| (said.next_poll, said.standstill) = (next_poll, standstill));
    }

    /// Has the scheduler look again at once.
    pub(super) fn wake(&self) {
        self.nudge.notify_one();
    }

    /// Completes when the scheduler is to look again.
    pub(super) async fn woken(&self) {
        self.nudge.notified().await;
    }

    /// Says what is wrong until further notice; `None`: it is mended.
    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        self.with(|said| said.trouble = trouble);
    }

    fn with<T>(&self, act: impl FnOnce(&mut Said) -> T) -> T {
        act(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Gives signs of life and renews the status line until `stop`.
pub(super) async fn run(
    vitals: Arc<Vitals>,
    mill: Arc<Mill>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let watchdog = systemd::watchdog_interval();
    let every = watchdog.map_or(STATUS_EVERY, |interval| (interval / BEATS).min(STATUS_EVERY));
    let mut turns = vitals.turns.load(Ordering::Acquire);
    let mut ping: Option<oneshot::Receiver<()>> = None;
    let mut since_status = Duration::ZERO;
    let mut steps = mill.steps();
    systemd::watchdog();
    loop {
        if ping.is_none() {
            ping = mill.poller().ping();
        }
        vitals.wake();
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(every) => {}
        }
        let turned = vitals.turns.load(Ordering::Acquire);
        let has_answered = ping.as_mut().is_some_and(|ping| ping.try_recv().is_ok());
        // A store that is rewritten keeps the writer busy for minutes; each step is a sign of life.
        let stepped = mill.steps();
        let has_answered_or_steps = has_answered || stepped != steps;
        steps = stepped;
        if has_answered_or_steps && turned != turns {
            systemd::watchdog();
        } else if watchdog.is_some() {
            tracing::warn!(
                scheduler = turned != turns,
                writer = has_answered,
                "no sign of life within {} ms",
                every.as_millis()
            );
        }
        if has_answered {
            ping = None;
        }
        turns = turned;
        since_status += every;
        if since_status >= STATUS_EVERY {
            since_status = Duration::ZERO;
            systemd::status(&line(&vitals, &mill, clock.now()).await);
        }
    }
}

/// Asks systemd for time while `open` is going on.
pub(super) async fn while_opening<T>(clock: &dyn Clock, open: impl Future<Output = T>) -> T {
    let mut open = std::pin::pin!(open);
    loop {
        tokio::select! {
            opened = &mut open => return opened,
            () = clock.sleep(OPENING_EVERY) => {
                systemd::extend_timeout(OPENING_MORE);
                systemd::status("opening the store");
            }
        }
    }
}

/// Returns the status line.
pub(super) async fn line(vitals: &Vitals, mill: &Arc<Mill>, now: Timestamp) -> String {
    let said = vitals.with(|said| said.clone());
    let mill = Arc::clone(mill);
    match tokio::task::spawn_blocking(move || mill.summary()).await {
        Ok(Ok(summary)) => phrase(&summary, &said, now),
        Ok(Err(error)) => format!("the store cannot be read: {error}"),
        Err(_) => "the store cannot be read".to_owned(),
    }
}

fn phrase(summary: &Summary, said: &Said, now: Timestamp) -> String {
    let mut parts = Vec::new();
    parts.extend(said.trouble.clone());
    let noun = if summary.sources == 1 { "source" } else { "sources" };
    parts.push(format!("{} {noun}", grouped(summary.sources)));
    let failing = &summary.failing;
    if !failing.is_empty() {
        let names: Vec<&str> = failing.iter().take(NAMES_MAX).map(String::as_str).collect();
        let more = if failing.len() > NAMES_MAX { ", …" } else { "" };
        parts.push(format!("{} failing ({}{more})", failing.len(), names.join(", ")));
    }
    let noun = if summary.stories == 1 { "story" } else { "stories" };
    parts.push(format!("{} {noun}", grouped(summary.stories)));
    match (&said.standstill, said.next_poll) {
        (Some(reason), _) => parts.push(format!("polling stands still: {reason}")),
        (None, Some(at)) => parts.push(format!("next poll in {}", wait(at.duration_since(now)))),
        (None, None) => parts.push("nothing to poll".to_owned()),
    }
    parts.join(", ")
}

/// Writes a number with a comma after each thousand.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn wait(wait: SignedDuration) -> String {
    match wait.as_secs().max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_an_operator_wants_to_know() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let later = |seconds: i64| Some(now + SignedDuration::from_secs(seconds));
        let summary = |sources, failing: &[&str], stories| Summary {
            sources,
            failing: failing.iter().map(ToString::to_string).collect(),
            stories,
        };
        let said = |next_poll| Said { next_poll, ..Said::default() };
        let cases = [
            (
                summary(37, &["x", "y"], 12_345),
                said(later(12)),
                "37 sources, 2 failing (x, y), 12,345 stories, next poll in 12 s",
            ),
            (summary(1, &[], 1), said(later(180)), "1 source, 1 story, next poll in 3 min"),
            (summary(0, &[], 0), said(None), "0 sources, 0 stories, nothing to poll"),
            (
                summary(9, &["a", "b", "c", "d"], 1_000_000),
                said(later(-5)),
                "9 sources, 4 failing (a, b, c, …), 1,000,000 stories, next poll in 0 s",
            ),
            (
                summary(2, &[], 999),
                Said {
                    standstill: Some("disk".to_owned()),
                    trouble: Some("configuration rejected, the old one stays".to_owned()),
                    next_poll: later(9_000),
                },
                "configuration rejected, the old one stays, 2 sources, 999 stories, \
                 polling stands still: disk",
            ),
        ];
        for (summary, said, expected) in cases {
            assert_eq!(phrase(&summary, &said, now), expected);
        }
        assert_eq!(wait(SignedDuration::from_hours(5)), "5 h");
    }
}
