//! The publisher's half of WebSub: who is told what, when, and how often.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    unreachable_pub,
    dead_code,
    reason = "tests stop at the first thing that is not as it should be, and use a part of the fake"
)]

#[path = "serve/fake.rs"]
mod fake;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake::{FakeStore, at, category, held, settings, source, story};
use feedmill::model::change::Change;
use feedmill::model::outcome::{BoxFuture, Clock, Post};
use feedmill::model::policy::Catalog;
use feedmill::model::source::SourceId;
use feedmill::serve::Site;
use feedmill::store::Store;
use feedmill::websub::Announcer;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use url::Url;

/// Time by tokio's clock, which stands still in these tests until everybody waits.
struct Paused(Timestamp, tokio::time::Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        self.0 + SignedDuration::try_from(self.1.elapsed()).unwrap()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep_until(tokio::time::Instant::now() + duration))
    }
}

/// A hub that answers as told, and 202 when it was told nothing.
#[derive(Default)]
struct Hub {
    answers: Mutex<VecDeque<Result<u16, String>>>,
    asked: Mutex<Vec<String>>,
}

impl Post for Hub {
    fn post<'a>(&'a self, url: &'a Url, form: &'a str) -> BoxFuture<'a, Result<u16, String>> {
        assert_eq!(url.as_str(), "https://hub.example/");
        self.asked.lock().unwrap().push(form.to_owned());
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Ok(202));
        Box::pin(std::future::ready(answer))
    }
}

struct World {
    store: Arc<FakeStore>,
    site: Arc<Site>,
    hub: Arc<Hub>,
    announcer: Arc<Announcer>,
    begun: tokio::time::Instant,
}

fn world() -> World {
    let start = at("2026-03-01T12:00:00Z");
    let begun = tokio::time::Instant::now();
    let clock: Arc<dyn Clock> = Arc::new(Paused(start, begun));
    let store = Arc::new(FakeStore::default());
    let mut settings = settings();
    settings.site.base_url = "https://news.example".to_owned();
    settings.site.timezone = TimeZone::UTC;
    let catalog = Catalog {
        sources: ["a", "b"]
            .map(|id| {
                let category = format!("cat-{id}");
                Arc::new(source(id, &format!("https://{id}.example/rss"), &[&category]))
            })
            .into(),
        categories: ["cat-a", "cat-b"].map(|slug| category(slug, slug, &[])).into(),
    };
    settings.catalog = Arc::new(catalog);
    let shared: Arc<dyn Store> = Arc::<FakeStore>::clone(&store);
    let site = Site::new(Some(shared), settings, Arc::clone(&clock), Box::new(|_, _, _| {}));
    let hub = Arc::new(Hub::default());
    let url = "https://hub.example/".parse().unwrap();
    let post: Arc<dyn Post> = Arc::<Hub>::clone(&hub);
    let announcer = Announcer::new(url, Arc::clone(&site), post, clock);
    World { store, site, hub, announcer, begun }
}

impl World {
    /// Publishes a story of a source and says so.
    fn publish(&self, no: u64, of: &str) {
        let held = held(no, no, of, "2026-03-01T11:00:00Z", &no.to_string());
        {
            let mut shelves = self.store.0.lock().unwrap();
            shelves.stories.push(story(no, &[&held]));
            shelves.entries.push(held);
        }
        let (id, date) = (SourceId::new(of), at("2026-03-01T11:00:00Z"));
        let change = Change { sources: [id].into(), dates: [date].into(), is_everywhere: false };
        self.site.changed(&change);
        self.announcer.changed(change);
    }

    async fn after(&self, seconds: u64) -> Vec<String> {
        tokio::time::sleep_until(self.begun + Duration::from_secs(seconds)).await;
        std::mem::take(&mut *self.hub.asked.lock().unwrap())
    }
}

fn forms(paths: &[&str]) -> Vec<String> {
    let mut forms: Vec<_> = paths
        .iter()
        .flat_map(|path| ["atom", "json", "rss"].map(|format| form_of(path, format)))
        .collect();
    forms.sort();
    forms
}

fn form_of(path: &str, format: &str) -> String {
    let path = path.replace('/', "%2F");
    format!("hub.mode=publish&hub.url=https%3A%2F%2Fnews.example{path}.{format}")
}

#[tokio::test(start_paused = true)]
async fn each_changed_feed_is_told_once_when_its_bytes_are_served_r100() {
    let world = world();
    let announcer = Arc::clone(&world.announcer);
    let task = tokio::spawn(async move { announcer.run().await });
    world.publish(1, "a");
    world.publish(2, "a");
    let mut told = world.after(30).await;
    told.sort();
    let concerned = ["/all", "/category/cat-a", "/source/a", "/date/2026-03-01"];
    assert_eq!(told, forms(&concerned), "changes that come together are told once");
    world.announcer.changed(Change::everywhere());
    let mut told = world.after(60).await;
    told.sort();
    let others = ["/category/cat-b", "/source/b"];
    assert_eq!(told, forms(&others), "the same bytes are not told again");
    world.announcer.changed(Change::everywhere());
    assert!(world.after(90).await.is_empty());
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn what_the_hub_does_not_take_is_told_again_and_in_the_end_dropped() {
    let world = world();
    let announcer = Arc::clone(&world.announcer);
    let task = tokio::spawn(async move { announcer.run().await });
    let busy = (0..12).map(|n| if n % 2 == 0 { Ok(503) } else { Err("refused".to_owned()) });
    world.hub.answers.lock().unwrap().extend(busy);
    world.publish(1, "b");
    assert_eq!(world.after(30).await.len(), 12);
    assert!(world.after(60).await.is_empty(), "not before a minute is over");
    assert_eq!(world.after(64).await.len(), 12, "then all again");
    assert!(world.after(10_000).await.is_empty(), "they were taken");
    let busy = std::iter::repeat_n(Ok(500), 100_000);
    world.hub.answers.lock().unwrap().extend(busy);
    world.publish(2, "b");
    assert_eq!(world.after(100_000).await.len(), 12 * 6, "six tries in some six hours");
    task.abort();
}
