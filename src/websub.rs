//! WebSub, the publisher's half: tells a hub which feeds have changed (R100).
//!
//! A feed is announced when its new bytes are what a subscriber gets: it is rendered first, and only
//! told when its tag is another than the one told last. Changes that come together are told once;
//! what the hub does not take is told again, later and later, and in the end dropped, for the next
//! change tells it anyway. The hub is an outside address: `fetch` holds it to the rules of polling.
//!
//! The other half, subscribing at the publishers' hubs, has its place beside this one: it would need
//! a route for callbacks in `serve` and `Source::hub` in `schedule`; nothing here stands in its way.
//! Standard: WebSub (W3C), §5.1 and §6.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::model::change::Change;
use crate::model::outcome::{Clock, Post};
use crate::model::scrub::scrub_url;
use crate::serve::Site;
use crate::serve::route::Route;

/// Changes that come within this time of each other are told together.
const GATHER: Duration = Duration::from_secs(2);
/// Before a feed is told a second time; four times as long before each further try.
const RETRY_MIN: SignedDuration = SignedDuration::from_secs(60);
/// Tries in all: the last comes some six hours after the first.
const TRIES_MAX: u32 = 6;
/// Feeds that wait to be told. More than these are told at their next change.
const WAITING_MAX: usize = 10_000;

/// Tells a hub.
pub struct Announcer {
    hub: Url,
    site: Arc<Site>,
    post: Arc<dyn Post>,
    clock: Arc<dyn Clock>,
    change: Mutex<Change>,
    wake: Notify,
}

/// A feed to be told.
struct Waiting {
    route: Route,
    tag: String,
    tries: u32,
    at: Timestamp,
}

/// What was told and what is to be.
#[derive(Default)]
struct Book {
    told: HashMap<Route, String>,
    waiting: BTreeMap<String, Waiting>,
}

impl Announcer {
    /// Makes one for `hub`.
    pub fn new(hub: Url, site: Arc<Site>, post: Arc<dyn Post>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let (change, wake) = (Mutex::default(), Notify::new());
        Arc::new(Self { hub, site, post, clock, change, wake })
    }

    /// Notes a change; returns at once.
    pub fn changed(&self, change: Change) {
        self.change.lock().unwrap_or_else(PoisonError::into_inner).add(change);
        self.wake.notify_one();
    }

    /// Tells what changes. Runs until it is dropped.
    pub async fn run(&self) {
        let mut book = Book::default();
        loop {
            let pause = book.pause(self.clock.now());
            tokio::select! {
                () = self.wake.notified() => {
                    self.clock.sleep(GATHER).await;
                    self.gather(&mut book).await;
                }
                () = self.clock.sleep(pause) => {}
            }
            self.tell(&mut book).await;
        }
    }

    /// Puts every feed down whose bytes are others than those told last.
    async fn gather(&self, book: &mut Book) {
        for route in self.site.feeds_of(&self.take()) {
            let Some((url, tag)) = self.site.rendition(&route).await else { continue };
            if book.told.get(&route) == Some(&tag) || book.waiting.len() >= WAITING_MAX {
                continue;
            }
            let at = self.clock.now();
            book.waiting.insert(url, Waiting { route, tag, tries: 0, at });
        }
    }

    fn take(&self) -> Change {
        std::mem::take(&mut *self.change.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn tell(&self, book: &mut Book) {
        let now = self.clock.now();
        let due = book.waiting.iter().filter(|(_, waiting)| waiting.at <= now);
        let due: Vec<String> = due.map(|(url, _)| url.clone()).collect();
        for url in due {
            let form = form(&url);
            let answer = self.post.post(&self.hub, &form).await;
            let Some(mut waiting) = book.waiting.remove(&url) else { continue };
            let trouble = match answer {
                Ok(200..=299) => {
                    book.told.insert(waiting.route, waiting.tag);
                    continue;
                }
                Ok(status) => format!("answered {status}"),
                Err(line) => line,
            };
            waiting.tries += 1;
            let hub = scrub_url(self.hub.as_str());
            if waiting.tries >= TRIES_MAX {
                tracing::warn!(hub, url, error = trouble, "gave up telling the hub of a feed");
                continue;
            }
            tracing::debug!(hub, url, error = trouble, "the hub did not take a feed");
            waiting.at = self.clock.now() + retry(waiting.tries);
            book.waiting.insert(url, waiting);
        }
    }
}

impl Book {
    /// Returns how long nothing is due.
    fn pause(&self, now: Timestamp) -> Duration {
        let next = self.waiting.values().map(|waiting| waiting.at).min();
        let pause = next.map_or(SignedDuration::from_hours(24), |at| at.duration_since(now));
        Duration::try_from(pause).unwrap_or(Duration::ZERO)
    }
}

fn retry(tries: u32) -> SignedDuration {
    let times = 4_i32.saturating_pow(tries.saturating_sub(1));
    RETRY_MIN.checked_mul(times).unwrap_or(SignedDuration::from_hours(24))
}

/// `hub.mode=publish&hub.url=…`: one feed a request, which every hub takes.
fn form(url: &str) -> String {
    Serializer::new(String::new())
        .append_pair("hub.mode", "publish")
        .append_pair("hub.url", url)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow() {
        let waits: Vec<i64> = (1..6).map(|tries| retry(tries).as_secs()).collect();
        assert_eq!(waits, [60, 240, 960, 3_840, 15_360]);
    }
}
