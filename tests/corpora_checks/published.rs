//! What stands in our own Atom: an entry goes through the writer, the store and the view, is
//! written, and read back by a plain XML parser.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use feedmill::config;
use feedmill::dedup;
use feedmill::ingest::{Job, Mode, Settings, Writer};
use feedmill::model::entry::Entry;
use feedmill::model::feed::{Feed, FeedItem};
use feedmill::model::outcome::{Answer, Detail, PollResult};
use feedmill::model::source::Source;
use feedmill::poll::{Finding, Read};
use feedmill::render::atom;
use feedmill::serve::route::{Part, Scope};
use feedmill::serve::select::{Found, View};
use feedmill::store::{Birth, MemoryStore, Store};
use feedmill::telemetry::Metrics;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::readers::{self, ATOM, Node};

/// When the entry was polled.
pub(crate) const NOW: &str = "2026-07-01T00:00:00Z";

const CONFIG: &str = "[site]\nbase_url = \"https://mill.example\"\nid_authority = \"mill.example,2026\"\n\
    language = \"mul\"\n[dedup]\nmode = \"identity\"\n\
    [[source]]\nid = \"s\"\npublish = true\nurl = ";

/// A published entry, and the feed it stands in.
pub(crate) struct Published {
    feed: Node,
}

/// Publishes the item at `index` of a feed that was read from `url`; where there is none, one that
/// only stands for its feed.
pub(crate) fn publish(feed: &Feed, index: usize, url: &str) -> Published {
    let now: Timestamp = NOW.parse().unwrap();
    let path = Path::new("/nowhere/config.toml");
    let config = config::parse(&format!("{CONFIG}{url:?}\n"), path, &|_| None).unwrap().config;
    let source = Arc::clone(&config.catalog.sources[0]);
    let birth = Birth { now, id_authority: "mill.example,2026".to_owned() };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(birth));
    let settings = Settings {
        catalog: Arc::clone(&config.catalog),
        poll: config.poll.clone(),
        window: Duration::from_secs(96 * 3_600),
        names: Arc::new(ArcSwap::from_pointee(dedup::Names::default())),
    };
    let metrics = Arc::new(Metrics::new());
    let writer = Writer::start(Arc::clone(&store), settings, metrics, Arc::new(|_| {}), 1).unwrap();
    let stand_in = || FeedItem {
        hash: None,
        entry: Some(Entry { title: "stands for its feed".to_owned(), ..Entry::default() }),
        is_admitted: true,
    };
    let item = feed.items.get(index).cloned().filter(|item| item.entry.is_some());
    let feed = Feed { items: vec![item.unwrap_or_else(stand_in)], ..feed.clone() };
    let finding = finding(feed, source, now);
    let (reply, answer) = oneshot::channel();
    let job =
        Job::Poll { finding: Box::new(finding), mode: Mode::Commit, detail: Detail::Counts, reply };
    writer.jobs().blocking_send(job).unwrap();
    answer.blocking_recv().unwrap().unwrap();
    let view = View::open(store.as_ref(), &config.site, &config.catalog).unwrap();
    let found = view.document(&Scope::Source("s".to_owned()), Part::Newest).unwrap();
    let Found::Here(selected) = found else { panic!("the source has no feed") };
    writer.jobs().blocking_send(Job::Stop).unwrap();
    Published { feed: readers::tree(&atom::write(&selected.document)).unwrap() }
}

fn finding(feed: Feed, source: Arc<Source>, at: Timestamp) -> Finding {
    let prepare = |item: &FeedItem| item.entry.as_ref().map(dedup::prepare_lightly);
    let prepared = feed.items.iter().map(prepare).collect();
    Finding {
        start: source.url.clone(),
        source,
        at,
        ended: at,
        result: PollResult::Success,
        document: Some(Read { feed, prepared }),
        validators: None,
        answer: Answer { status: 200, ..Answer::default() },
        error: None,
        pardons: Vec::new(),
        elapsed_ms: 0,
    }
}

impl Published {
    /// Returns the one entry.
    pub(crate) fn entry(&self) -> &Node {
        let entry = self.feed.one(ATOM, "entry");
        entry.unwrap_or_else(|| panic!("no entry in {:?}", self.feed))
    }

    /// Returns the language in force on a child of the entry; `None`: the publisher has named none.
    pub(crate) fn language(&self, name: &str) -> Option<String> {
        let entry = self.entry();
        let of = |node: &Node| node.attribute("xml:lang").map(str::to_owned);
        let tag = entry.one(ATOM, name).and_then(of).or_else(|| of(entry));
        tag.filter(|tag| tag != "und")
    }
}

/// Returns the text of a child.
pub(crate) fn text(node: &Node, name: &str) -> Option<String> {
    node.one(ATOM, name).map(|child| child.text.clone())
}

/// Returns the links of one relation.
pub(crate) fn links<'a>(node: &'a Node, rel: &'a str) -> impl Iterator<Item = &'a Node> {
    node.all(ATOM, "link").filter(move |link| link.attribute("rel") == Some(rel))
}

/// Returns an attribute of a child, by its place among those of its name.
pub(crate) fn attribute(node: &Node, name: &str, index: usize, attribute: &str) -> Option<String> {
    node.all(ATOM, name).nth(index)?.attribute(attribute).map(str::to_owned)
}
