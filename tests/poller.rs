//! A month of polling in seconds: the real scheduler, poller, writer and turns, with a clock that leaps and publishers that
//! hold every request against what they have asked for.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and this one shows its figures"
)]

#[path = "poller/clock.rs"]
mod clock;
#[path = "poller/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use feedmill::control::Mill;
use feedmill::daemon::scheduler::{self, Watch};
use feedmill::dedup::Names;
use feedmill::fetch::Pace;
use feedmill::ingest::{Settings, Writer};
use feedmill::model::outcome::{BoxFuture, Clock};
use feedmill::model::policy::{Catalog, DedupMode, PollPolicy};
use feedmill::model::source::{Source, SourceId, SourceState};
use feedmill::poll::Poller;
use feedmill::schedule::NEVER;
use feedmill::store::{Birth, MemoryStore, Store};
use feedmill::telemetry::Metrics;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use clock::SimClock;
use world::{DAY, HOUR, Kind, ScriptedFetch, Site, World};

const START: &str = "2026-03-01T12:00:00Z";

fn policy() -> PollPolicy {
    PollPolicy {
        interval: HOUR,
        interval_min: HOUR,
        interval_max: DAY,
        concurrency: 64,
        per_host: 1,
        host_gap: Duration::from_secs(1),
        domain_gap: Duration::from_secs(1),
        contact: String::new(),
        allow_networks: Vec::new(),
        allow_ports: None,
        ca_file: None,
    }
}

/// What the scheduler tells.
#[derive(Default)]
struct Told {
    in_hand: AtomicUsize,
    moved: Arc<Notify>,
    reasons: Mutex<Vec<Option<String>>>,
}

impl Watch for Told {
    fn standstill(&self) -> Option<String> {
        None
    }

    fn tell(&self, reason: Option<&str>) {
        self.reasons.lock().unwrap().push(reason.map(str::to_owned));
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn beat(&self, in_hand: usize, _: Option<Timestamp>) {
        self.in_hand.store(in_hand, Ordering::SeqCst);
        self.moved.notify_one();
    }
}

/// One run of the program, on a store that outlives it.
struct Run {
    mill: Arc<Mill>,
    told: Arc<Told>,
    inside: Arc<AtomicUsize>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

struct Sim {
    clock: Arc<SimClock>,
    world: Arc<World>,
    store: Arc<MemoryStore>,
    catalog: Arc<Catalog>,
}

impl Sim {
    fn new(sites: Vec<(Source, Site)>) -> Self {
        let now: Timestamp = START.parse().unwrap();
        let clock = SimClock::new(now);
        let mut by_url = BTreeMap::new();
        let mut sources = Vec::new();
        for (source, site) in sites {
            if let Kind::Moved(to) = &site.kind {
                let gap = site.gap;
                by_url.insert(to.to_string(), Site { kind: Kind::Plain, gap });
            }
            by_url.insert(source.url.to_string(), site);
            sources.push(Arc::new(source));
        }
        let birth = Birth { now, id_authority: "mill.example,2026".to_owned() };
        Self {
            world: World::new(Arc::clone(&clock), by_url),
            clock,
            store: Arc::new(MemoryStore::new(birth)),
            catalog: Arc::new(Catalog { sources, ..Catalog::default() }),
        }
    }

    fn start(&self) -> Run {
        let names = Arc::new(ArcSwap::from_pointee(Names::new(std::iter::empty::<&str>())));
        let settings = Settings {
            catalog: Arc::clone(&self.catalog),
            poll: policy(),
            window: 4 * DAY,
            names: Arc::clone(&names),
        };
        let store: Arc<dyn Store> = self.store.clone();
        let clock: Arc<dyn Clock> = self.clock.clone();
        let metrics = Arc::new(Metrics::new());
        let writer =
            Writer::start(Arc::clone(&store), settings, Arc::clone(&metrics), Arc::new(|_| {}), 64);
        let writer = writer.unwrap();
        let (told, inside) = (Arc::new(Told::default()), Arc::new(AtomicUsize::new(0)));
        let fetch = ScriptedFetch {
            world: Arc::clone(&self.world),
            pace: Arc::new(Pace::new(&policy(), Arc::clone(&clock))),
            inside: Arc::clone(&inside),
            moved: Arc::clone(&told.moved),
        };
        let poller = Poller::new(
            Arc::new(fetch),
            Arc::clone(&clock),
            Arc::clone(&store),
            writer.jobs(),
            Arc::clone(&self.catalog),
            names,
            2,
        );
        let mill = Mill::new(
            "config.toml".into(),
            Arc::clone(&self.catalog),
            store,
            Arc::new(poller),
            writer,
            metrics,
        );
        let (mill, stop) = (Arc::new(mill), CancellationToken::new());
        let watch: Arc<dyn Watch> = told.clone();
        let task = scheduler::run(Arc::clone(&mill), watch, clock, stop.clone());
        Run { mill, told, inside, stop, task: tokio::spawn(task) }
    }

    /// Lets time pass until `end`, counted from the start of everything.
    async fn pass(&self, run: &Run, end: Duration) {
        loop {
            run.settle().await;
            if self.clock.advance(end) {
                return run.settle().await;
            }
        }
    }

    fn state(&self, id: &str) -> SourceState {
        let state = self.store.state(&SourceId::new(id)).unwrap();
        SourceState::clone(&state.unwrap_or_default())
    }
}

impl Run {
    /// Waits until every request in hand waits for the clock.
    async fn settle(&self) {
        loop {
            for _ in 0..8 {
                others().await;
            }
            let in_hand = self.told.in_hand.load(Ordering::SeqCst);
            if in_hand == self.inside.load(Ordering::SeqCst) {
                return;
            }
            // The writer and the readers are threads of their own.
            self.told.moved.notified().await;
        }
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
        self.mill.stop().await;
    }
}

/// Lets the other tasks run. Unlike `yield_now` it does not look for events of the system, of which there are none here.
async fn others() {
    let mut has_yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

fn source(number: usize, host: &str) -> Source {
    let url = format!("https://{host}/feed/{number}").parse().unwrap();
    Source { dedup: DedupMode::Identity, ..Source::plain(&format!("s{number:04}"), url) }
}

/// How many sources: a thousand where the code is optimised, a part of them where it is not; as `SOURCES` says.
fn sources() -> usize {
    let usual = if cfg!(debug_assertions) { 200 } else { 1_000 };
    std::env::var("SOURCES").map_or(usual, |count| count.parse().unwrap())
}

/// Sources of every kind; a good part of them on few hosts and domains.
fn every_kind() -> Vec<(Source, Site)> {
    const GAPS_H: [u32; 8] = [3, 12, 24, 36, 48, 90, 24, 120];
    (0..sources())
        .map(|number| {
            let host = match number % 10 {
                0 => "big.example".to_owned(),
                1 => format!("blog{number}.platform.example"),
                _ => format!("www.paper{number}.example"),
            };
            let kind = match number % 100 {
                2..=4 => Kind::Bare,
                5 => Kind::MaxAge(2),
                6 => Kind::MaxAge(30),
                7 => Kind::Ttl(6),
                8 => Kind::SkipHours,
                12..=14 => Kind::Dead,
                15 => Kind::Missing,
                16 => Kind::Shaky,
                21 | 50 => Kind::Strict,
                17 => Kind::Gone,
                18 => Kind::Html,
                19 | 23 => {
                    Kind::Moved(format!("https://new{number}.example/feed").parse().unwrap())
                }
                _ => Kind::Plain,
            };
            let gap = HOUR * GAPS_H[number % GAPS_H.len()];
            (source(number, &host), Site { kind, gap })
        })
        .collect()
}

fn assert_nothing_wrong(world: &World) {
    let wrong = world.tally().wrong;
    let first: Vec<_> = wrong.iter().take(10).collect();
    assert!(wrong.is_empty(), "{} broken: {first:#?}", wrong.len());
}

async fn six_hours_without_a_network(sim: &Sim, run: &Run) {
    sim.pass(run, 15 * DAY).await;
    let failures: BTreeMap<String, u32> = sim
        .catalog
        .sources
        .iter()
        .map(|source| (source.id.to_string(), sim.state(source.id.as_str()).failures))
        .collect();
    *sim.world.is_down.lock().unwrap() = true;
    sim.pass(run, 15 * DAY + 6 * HOUR).await;
    *sim.world.is_down.lock().unwrap() = false;
    let back = sim.clock.passed();
    sim.pass(run, 15 * DAY + 7 * HOUR).await;
    let told = run.told.reasons.lock().unwrap().clone();
    assert_eq!(told.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false], "{told:?}");
    assert!(sim.world.burst_since(back) <= 34, "P36: {}", sim.world.burst_since(back));
    for (source, site) in every_kind() {
        let (before, state) = (failures[source.id.as_str()], sim.state(source.id.as_str()));
        if before == 0 && site.kind == Kind::Plain {
            assert_eq!(state.failures, 0, "{}: our failure is nobody's", source.id);
        }
    }
}

#[tokio::test]
async fn thirty_days_of_polling() {
    let begun = feedmill::clock::Stopwatch::start();
    let sim = Sim::new(every_kind());
    let run = sim.start();
    sim.pass(&run, 10 * DAY).await;
    run.end().await;

    // A restart in the middle of everything.
    let before = sim.world.requests();
    let run = sim.start();
    sim.pass(&run, 10 * DAY + Duration::from_secs(1)).await;
    let first_second = sim.world.requests() - before;
    assert!(first_second <= 16, "P13: no burst after a restart: {first_second}");

    six_hours_without_a_network(&sim, &run).await;

    // The clock is set forward, and back a day later: what has passed counts.
    sim.pass(&run, 20 * DAY).await;
    *sim.world.is_clock_right.lock().unwrap() = false;
    sim.clock.set(SignedDuration::from_hours(5));
    sim.pass(&run, 21 * DAY).await;
    sim.clock.set(SignedDuration::from_hours(-5));
    sim.pass(&run, 22 * DAY).await;
    *sim.world.is_clock_right.lock().unwrap() = true;
    sim.pass(&run, 30 * DAY).await;
    run.end().await;

    assert_nothing_wrong(&sim.world);
    let now = sim.clock.now();
    for (source, site) in every_kind() {
        let state = sim.state(source.id.as_str());
        let next = state.next_poll.unwrap();
        if site.kind == Kind::Gone {
            assert_eq!(next, NEVER, "P61: {}", source.id);
            continue;
        }
        let ahead = next.duration_since(now);
        assert!(ahead <= SignedDuration::from_hours(8 * 24), "P39: {} {next}", source.id);
        if let Kind::Moved(to) = &site.kind {
            assert_eq!(state.adopted_url.as_deref(), Some(to.as_str()), "P57");
            assert!(sim.world.requests_to(source.url.as_str()) < 40, "the old URL is left alone");
        }
        if site.kind == Kind::Dead {
            let requests = sim.world.requests_to(source.url.as_str());
            assert!((10..60).contains(&requests), "P39: {requests} in 30 days");
        }
    }
    show(&sim.world, begun.elapsed());
}

fn show(world: &World, took: Duration) {
    let tally = world.tally();
    let (least, most) = (tally.per_day.iter().min().unwrap(), tally.per_day.iter().max().unwrap());
    println!("30 days of {} sources in {:.1} s", sources(), took.as_secs_f64());
    println!("  requests                   {}", tally.requests);
    println!("  a day                      {least} to {most}");
    println!(
        "  a source and day           {:.1}",
        f64_of(tally.requests) / (30.0 * f64_of(u64::try_from(sources()).unwrap()))
    );
    println!(
        "  304s among answers         {:.1} %",
        100.0 * f64_of(tally.not_modified) / f64_of(tally.answers)
    );
    println!("  spared by a domain's pause {}", tally.postponed);
    println!("  most in one second         {}", tally.burst_max);
    println!("  most of a domain in 60 s   {}", tally.domain_minute_max);
    println!("  lower bounds broken        {}", tally.wrong.len());
}

fn f64_of(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}
