//! A strict store in memory, and the small world that the tests publish.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use feedmill::model::batch::Batch;
use feedmill::model::entry::{
    Entry, EntryNo, Fingerprint, GuidKind, Held, Person, Slug, Story, StoryNo,
};
use feedmill::model::features::Marks;
use feedmill::model::outcome::{BoxFuture, Clock};
use feedmill::model::policy::{Catalog, CategoryPolicy, Listen, Network, ServerPolicy, SitePolicy};
use feedmill::model::selection::{Position, Selection, Series, Stretch, Unit};
use feedmill::model::source::{CategorySlug, FeedMeta, Source, SourceId, SourceState};
use feedmill::model::verdict::{Claim, EntryKey, Joined};
use feedmill::serve::Settings;
use feedmill::store::{Bounds, Candidates, Health, Stats, Store, StoreError};
use jiff::Timestamp;
use jiff::tz::TimeZone;

#[derive(Default)]
pub struct Shelves {
    pub entries: Vec<Held>,
    pub stories: Vec<Story>,
    pub states: Vec<(SourceId, SourceState)>,
    pub is_broken: bool,
    pub reads: usize,
}

/// Reads only: the public side never writes.
#[derive(Default)]
pub struct FakeStore(pub Mutex<Shelves>);

impl FakeStore {
    fn read<T>(&self, act: impl FnOnce(&mut Shelves) -> T) -> Result<T, StoreError> {
        let mut shelves = self.0.lock().unwrap();
        shelves.reads += 1;
        if shelves.is_broken {
            let source = Box::new(std::io::Error::other("the disk is gone"));
            return Err(StoreError::Engine { operation: "read entry", engine: "fake", source });
        }
        Ok(act(&mut shelves))
    }
}

impl Store for FakeStore {
    fn find(&self, keys: &[EntryKey]) -> Result<Vec<Option<Claim>>, StoreError> {
        Ok(vec![None; keys.len()])
    }

    fn entries(&self, numbers: &[EntryNo]) -> Result<Vec<Option<Arc<Held>>>, StoreError> {
        self.read(|shelves| {
            let one = |no: &EntryNo| shelves.entries.iter().find(|held| held.no == *no);
            numbers.iter().map(|no| one(no).cloned().map(Arc::new)).collect()
        })
    }

    fn stories(&self, numbers: &[StoryNo]) -> Result<Vec<Option<Arc<Story>>>, StoreError> {
        self.read(|shelves| {
            let one = |no: &StoryNo| shelves.stories.iter().find(|story| story.no == *no);
            numbers.iter().map(|no| one(no).cloned().map(Arc::new)).collect()
        })
    }

    fn locate(&self, slug: &Slug) -> Result<Option<StoryNo>, StoreError> {
        self.read(|shelves| {
            let is_it = |story: &&Story| Slug::of(&story.public_id) == *slug;
            shelves.stories.iter().find(is_it).map(|story| story.no)
        })
    }

    fn select(&self, selection: &Selection) -> Result<Vec<Position>, StoreError> {
        self.read(|shelves| {
            let hidden = |no: StoryNo| {
                let story = shelves.stories.iter().find(|story| story.no == no).unwrap();
                story.is_withdrawn
            };
            let mut places: Vec<Position> = match selection.unit {
                Unit::Stories => shelves
                    .stories
                    .iter()
                    .filter(|s| !s.is_withdrawn && s.merged_into.is_none())
                    .filter(|s| s.members.iter().any(|m| selection.sources.contains(&m.source)))
                    .map(|story| Position { date: story.date, no: story.no.0 })
                    .collect(),
                Unit::Entries => shelves
                    .entries
                    .iter()
                    .filter(|held| selection.sources.contains(&held.source))
                    .filter(|held| !hidden(held.story))
                    .map(|held| Position { date: held.date(), no: held.no.0 })
                    .collect(),
            };
            places.retain(|place| {
                selection.from.is_none_or(|from| place.date >= from)
                    && selection.until.is_none_or(|until| place.date < until)
                    && selection.after.is_none_or(|after| *place < after)
            });
            places.sort_unstable_by(|left, right| right.cmp(left));
            places.truncate(selection.limit);
            places
        })
    }

    fn stretch(&self, series: &Series, from: u64, limit: usize) -> Result<Stretch, StoreError> {
        self.read(|shelves| {
            let mut places: Vec<(u64, u64)> = match series {
                Series::Source(id) => shelves
                    .stories
                    .iter()
                    .flat_map(|story| &story.members)
                    .filter(|member| member.source == *id)
                    .filter_map(|member| Some((member.number?, member.entry.0)))
                    .collect(),
                Series::Category(slug) => shelves
                    .stories
                    .iter()
                    .filter_map(|story| Some((story.number_in(slug)?, story.no.0)))
                    .collect(),
            };
            places.sort_unstable();
            let next = places.last().map_or(1, |(number, _)| number + 1);
            let until = from.saturating_add(limit as u64);
            places.retain(|(number, _)| (from..until).contains(number));
            Stretch { places, next }
        })
    }

    fn states(&self) -> Result<Vec<(SourceId, Arc<SourceState>)>, StoreError> {
        self.read(|shelves| {
            let states = shelves.states.iter();
            states.map(|(id, state)| (id.clone(), Arc::new(state.clone()))).collect()
        })
    }

    fn candidates(&self, _: &Marks, _: Bounds) -> Result<Candidates, StoreError> {
        panic!("serving looks for no candidates")
    }

    fn half_days(&self, _: &str, _: u64) -> Result<Vec<i64>, StoreError> {
        Ok(Vec::new())
    }

    fn commit(&self, _: Batch) -> Result<(), StoreError> {
        panic!("serving writes nothing")
    }

    fn sync(&self) -> Result<(), StoreError> {
        panic!("serving writes nothing")
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        self.read(|shelves| Stats {
            entries: shelves.entries.len() as u64,
            stories: shelves.stories.len() as u64,
            next_entry: EntryNo(shelves.entries.len() as u64 + 1),
            next_story: StoryNo(shelves.stories.len() as u64 + 1),
            created: at("2024-11-01T00:00:00Z"),
            id_authority: "news.example,2024".to_owned(),
            bytes: 0,
            health: Health::Ok,
        })
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A clock that stands.
pub struct Standing(pub Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

pub fn source(id: &str, url: &str, categories: &[&str]) -> Source {
    Source {
        categories: categories.iter().map(|slug| CategorySlug::new(slug)).collect(),
        ..Source::plain(id, url.parse().unwrap())
    }
}

pub fn category(slug: &str, title: &str, former: &[&str]) -> CategoryPolicy {
    CategoryPolicy {
        slug: CategorySlug::new(slug),
        title: title.to_owned(),
        former: former.iter().map(|slug| CategorySlug::new(slug)).collect(),
    }
}

pub fn settings() -> Settings {
    let mut paper = source("nhandan", "https://nhandan.vn/rss/home.rss", &["thoi-su"]);
    paper.title = Some("Báo Nhân Dân".to_owned());
    let other = source("other", "https://other.example/feed?token=s3cret", &["the-gioi"]);
    let mut quiet = source("quiet", "https://quiet.example/feed", &[]);
    quiet.publish = false;
    Settings {
        site: SitePolicy {
            title: "Tin & Tức".to_owned(),
            base_url: "https://news.example/n".to_owned(),
            language: "vi".to_owned(),
            timezone: TimeZone::get("Asia/Ho_Chi_Minh").unwrap(),
            id_authority: None,
            images: false,
            accent: "#0a6e4f".to_owned(),
            watch: false,
            entries_per_feed: 100,
            days_per_feed: 2,
            hub: Some("https://hub.example/".parse().unwrap()),
        },
        catalog: Arc::new(Catalog {
            sources: vec![Arc::new(paper), Arc::new(other), Arc::new(quiet)],
            categories: vec![
                category("thoi-su", "Thời sự", &["tin-tuc"]),
                category("the-gioi", "Thế giới", &[]),
                category("trong", "Trống", &[]),
            ],
        }),
        server: ServerPolicy {
            listen: Vec::new(),
            admin: Listen::Unix("/nowhere".into()),
            connections_max: 64,
            rate_limit_per_s: None,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            status_page: false,
            trusted_proxies: vec![Network { address: "127.0.0.1".parse().unwrap(), prefix: 32 }],
        },
        hidden: Arc::default(),
    }
}

pub fn held(no: u64, story: u64, source: &str, date: &str, title: &str) -> Held {
    let id = SourceId::new(source);
    let guid = format!("https://{source}.example/{no}");
    Held {
        no: EntryNo(no),
        story: StoryNo(story),
        key: EntryKey::own(&id, &guid),
        source: id,
        entry: Entry {
            guid: Some(guid.clone()),
            guid_kind: GuidKind::Guid,
            link: Some(guid),
            title: title.to_owned(),
            content: Some(format!("<p>{title}: <a href=\"https://x.example/\">x</a></p>")),
            authors: vec![Person { name: "An".to_owned(), email: None, uri: None }],
            published: Some(at(date)),
            ..Entry::default()
        },
        first_seen: at(date),
        filed: None,
        updated: at(date),
        first_listed: 1,
        fingerprint: Fingerprint::default(),
        marks: Marks::default(),
        credit: None,
        outlet: format!("{source}.example"),
        joined: Joined::default(),
        closest: None,
    }
}

pub fn story(no: u64, members: &[&Held]) -> Story {
    let first = members[0];
    Story {
        members: members.iter().map(|held| held.member()).collect(),
        ..Story::opened(StoryNo(no), first.entry.guid.clone().unwrap(), first.member())
    }
}

/// Five stories: 1 carried by two papers and shown by the second, 2 and 3 of one each, 4 withdrawn,
/// 5 merged into 1. A sixth of a source that has left.
pub fn world() -> FakeStore {
    let one = held(1, 1, "nhandan", "2024-11-22T11:11:00Z", "Bão số 9 <b>");
    let mut copy = held(2, 1, "other", "2024-11-22T11:30:00Z", "Bão");
    copy.credit = Some("Theo: Báo Nhân Dân".to_owned());
    // 18:00 UTC on the 21st is the 22nd in Hà Nội.
    let two = held(3, 2, "other", "2024-11-21T18:00:00Z", "Two");
    let three = held(4, 3, "nhandan", "2024-11-21T16:59:59Z", "Three");
    let four = held(5, 4, "nhandan", "2024-11-20T00:00:00Z", "Four");
    let five = held(6, 5, "other", "2024-11-20T00:00:00Z", "Five");
    let six = held(7, 6, "left", "2024-11-20T00:00:00Z", "Six");
    let mut withdrawn = story(4, &[&four]);
    withdrawn.is_withdrawn = true;
    let mut merged = story(5, &[&five]);
    merged.merged_into = Some(StoryNo(1));
    let mut first = story(1, &[&one, &copy]);
    first.representative = copy.no;
    let stories =
        vec![first, story(2, &[&two]), story(3, &[&three]), withdrawn, merged, story(6, &[&six])];
    let state = |id: &str, title: &str, changed: &str| {
        let meta = FeedMeta {
            title: Some(title.to_owned()),
            site: Some(format!("https://{id}.example/")),
            ..FeedMeta::default()
        };
        let changed = Some(at(changed));
        (SourceId::new(id), SourceState { meta, changed, ..SourceState::default() })
    };
    FakeStore(Mutex::new(Shelves {
        entries: vec![one, copy, two, three, four, five, six],
        stories,
        states: vec![
            state("nhandan", "Own title", "2024-11-22T12:00:00Z"),
            state("other", "Other", "2024-11-22T13:00:00Z"),
            state("left", "Left", "2024-11-22T14:00:00Z"),
        ],
        ..Shelves::default()
    }))
}

pub fn entry_path(guid: &str) -> String {
    format!("/entry/{}", Slug::of(guid))
}
