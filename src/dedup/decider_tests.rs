//! The procedure, step by step, against a small memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::dedup::sample::{OTHER, STORY};
use crate::dedup::{Context, Names, Prepared, identify, prepare};
use crate::model::entry::Entry;
use crate::model::features::Marks;
use crate::model::source::SourceId;

const WINDOW: Duration = Duration::from_secs(96 * 3_600);

#[derive(Default)]
struct Memory {
    claims: BTreeMap<EntryKey, Claim>,
    facts: BTreeMap<EntryNo, Arc<Facts>>,
    marks: BTreeMap<EntryNo, Marks>,
    listed: BTreeSet<EntryNo>,
    taken: BTreeSet<EntryNo>,
    together: BTreeSet<(EntryNo, EntryNo)>,
    forbidden: BTreeSet<StoryNo>,
}

impl Known for Memory {
    fn claim(&self, key: &EntryKey) -> Option<Claim> {
        self.claims.get(key).copied()
    }

    fn facts(&self, no: EntryNo) -> Option<Arc<Facts>> {
        self.facts.get(&no).cloned()
    }

    fn members(&self, story: StoryNo) -> Vec<EntryNo> {
        self.facts.values().filter(|facts| facts.story == story).map(|facts| facts.no).collect()
    }

    fn candidates(
        &self,
        marks: &Marks,
        from: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<(EntryNo, f64)> {
        let shares = |no: &EntryNo| {
            self.marks[no].keys.iter().any(|key| marks.keys.contains(key))
                && (from..=until).contains(&self.facts[no].published)
        };
        self.facts.keys().copied().filter(shares).map(|no| (no, 1.0)).take(limit).collect()
    }

    fn half_days(&self, _outlet: &str, _mask: u64, _and: Timestamp) -> usize {
        1
    }

    fn is_listed(&self, no: EntryNo) -> bool {
        self.listed.contains(&no)
    }

    fn is_taken(&self, no: EntryNo) -> bool {
        self.taken.contains(&no)
    }

    fn were_together(&self, a: EntryNo, b: EntryNo) -> bool {
        self.together.contains(&(a.min(b), a.max(b)))
    }

    fn is_forbidden(&self, _item: &EntryKey, story: StoryNo) -> bool {
        self.forbidden.contains(&story)
    }
}

impl Memory {
    /// Decides about one item and keeps it; returns the decision and the item's entry.
    fn take(&mut self, source: &str, entry: &Entry, mode: DedupMode) -> (Decision, EntryNo) {
        let source = SourceId::new(source);
        let outlet = format!("{source}.example");
        let identity = identify(&source, &[Some(entry)]).items.remove(0).unwrap();
        let names = Names::default();
        let prepared = prepare(entry, Context { names: &names, outlet: &outlet });
        let item = Incoming {
            source: &source,
            outlet: &outlet,
            identity: &identity,
            published: entry.published.unwrap_or(Timestamp::UNIX_EPOCH),
            features: &prepared.features,
            marks: &prepared.marks,
            fingerprint: prepared.fingerprint,
        };
        let decision = decide_item(&item, self, mode, WINDOW);
        let no = self.keep(&item, &decision, &prepared);
        (decision, no)
    }

    fn keep(&mut self, item: &Incoming<'_>, decision: &Decision, prepared: &Prepared) -> EntryNo {
        let next = EntryNo(u64::try_from(self.facts.len()).unwrap() + 1);
        let (no, story) = match &decision.ruling {
            Ruling::Known { entry, .. } | Ruling::Returned { entry, .. } => {
                (*entry, self.facts[entry].story)
            }
            Ruling::Duplicate { story, .. } => (next, *story),
            Ruling::New { .. } => (next, StoryNo(next.0)),
        };
        let facts = Facts {
            no,
            source: item.source.clone(),
            outlet: item.outlet.to_owned(),
            story,
            published: item.published,
            features: Arc::new(prepared.features.clone()),
            fingerprint: prepared.fingerprint,
            is_roundup: decision.is_roundup,
        };
        self.facts.insert(no, Arc::new(facts));
        self.marks.insert(no, prepared.marks.clone());
        for key in &decision.keys {
            self.claims.entry(*key).or_insert(Claim::Entry(no));
        }
        for (merged, _) in &decision.merges {
            for facts in self.facts.values_mut().filter(|facts| facts.story == *merged) {
                Arc::make_mut(facts).story = story;
            }
        }
        no
    }

    fn full(&mut self, source: &str, entry: &Entry) -> Ruling {
        self.take(source, entry, DedupMode::Full).0.ruling
    }
}

const TITLE: &str = "Thủ tướng thăm nhà máy thép Hòa Phát";

fn entry(guid: &str, link: &str, title: &str, html: &str) -> Entry {
    Entry {
        guid: Some(guid.to_owned()),
        link: Some(format!("https://{link}")),
        title: title.to_owned(),
        content: Some(html.to_owned()),
        published: Some("2024-11-18T09:00:00Z".parse().unwrap()),
        ..Entry::default()
    }
}

fn rule(ruling: &Ruling) -> (&str, u64, &str) {
    match ruling {
        Ruling::Known { entry, change: Change::Updated } => ("updated", entry.0, ""),
        Ruling::Known { entry, change: Change::Unchanged } => ("unchanged", entry.0, ""),
        Ruling::Returned { entry, change: Change::Updated, joined } => {
            ("returned updated", entry.0, &joined.rule)
        }
        Ruling::Returned { entry, change: Change::Unchanged, joined } => {
            ("returned", entry.0, &joined.rule)
        }
        Ruling::Duplicate { story, joined } => ("duplicate", story.0, &joined.rule),
        Ruling::New { joined } => ("new", 0, &joined.rule),
    }
}

#[test]
fn a_known_entry_is_unchanged_or_updated() {
    let mut memory = Memory::default();
    let first = entry("1", "a.example/x", TITLE, STORY);
    assert_eq!(rule(&memory.full("a", &first)), ("new", 0, "opened"));
    let redated = Entry { published: None, ..first.clone() };
    assert_eq!(rule(&memory.full("a", &redated)), ("unchanged", 1, ""), "P90");
    let changed = entry("1", "a.example/x", TITLE, &STORY.replace("12.000", "13.000"));
    let (decision, _) = memory.take("a", &changed, DedupMode::Full);
    assert_eq!(rule(&decision.ruling), ("updated", 1, ""), "P91");
    assert!(!decision.is_reused);
    let other = entry("1", "a.example/x", "Strike closes the harbour", OTHER);
    let (decision, _) = memory.take("a", &other, DedupMode::Full);
    assert_eq!((rule(&decision.ruling), decision.is_reused), (("updated", 1, ""), true));
}

#[test]
fn the_text_may_be_gone_but_the_entry_is_known() {
    let mut memory = Memory::default();
    let first = entry("1", "a.example/x", TITLE, STORY);
    let key = identify(&SourceId::new("a"), &[Some(&first)]).items.remove(0).unwrap().own;
    memory.claims.insert(key, Claim::Entry(EntryNo(7)));
    let source = SourceId::new("a");
    let identity = identify(&source, &[Some(&first)]).items.remove(0).unwrap();
    let prepared = prepare(&first, Context { names: &Names::default(), outlet: "a.example" });
    let item = Incoming {
        source: &source,
        outlet: "a.example",
        identity: &identity,
        published: Timestamp::UNIX_EPOCH,
        features: &prepared.features,
        marks: &prepared.marks,
        fingerprint: prepared.fingerprint,
    };
    let decision = decide_item(&item, &memory, DedupMode::Full, WINDOW);
    assert_eq!(rule(&decision.ruling), ("unchanged", 7, ""), "P92");
}

#[test]
fn the_guid_of_another_source_is_no_claim() {
    let mut memory = Memory::default();
    memory.full("a", &entry("1", "a.example/x", TITLE, STORY));
    let other = entry("1", "b.example/y", "Strike closes the harbour of Calder", OTHER);
    assert_eq!(rule(&memory.full("b", &other)), ("new", 0, "opened"), "P87");
}

#[test]
fn one_url_in_two_sources_is_one_story_where_the_texts_agree() {
    let mut memory = Memory::default();
    memory.full("a", &entry("1", "www.a.example/x?utm_source=rss", TITLE, STORY));
    let agrees = entry("9", "a.example/x/amp", "Tít khác", STORY);
    let found = memory.take("b", &agrees, DedupMode::Identity).0.ruling;
    assert_eq!(rule(&found), ("duplicate", 1, "url"));
    let differs = entry("8", "a.example/x", "Strike closes the harbour of Calder", OTHER);
    let found = memory.take("c", &differs, DedupMode::Identity).0.ruling;
    assert_eq!(rule(&found), ("new", 0, "opened"));
}

#[test]
fn a_barred_url_leads_nowhere() {
    let mut memory = Memory::default();
    memory.full("a", &entry("1", "a.example/x", TITLE, STORY));
    memory.claims.insert(EntryKey::url("a.example/x"), Claim::Barred);
    let found = memory.take("b", &entry("2", "a.example/x", TITLE, STORY), DedupMode::Identity);
    assert_eq!(rule(&found.0.ruling), ("new", 0, "opened"));
}

#[test]
fn a_mode_looks_as_far_as_it_says() {
    let cases = [
        (DedupMode::Full, "b.example/y", ("duplicate", 1, "7d")),
        (DedupMode::Identity, "b.example/y", ("new", 0, "opened")),
        (DedupMode::Identity, "a.example/x", ("duplicate", 1, "url")),
        (DedupMode::Off, "a.example/x", ("new", 0, "opened")),
    ];
    for (mode, link, expected) in cases {
        let mut memory = Memory::default();
        memory.full("a", &entry("1", "a.example/x", TITLE, STORY));
        let (decision, _) = memory.take("b", &entry("2", link, TITLE, STORY), mode);
        assert_eq!(rule(&decision.ruling), expected, "{mode:?} {link}");
        let urls = decision.keys.iter().any(|key| *key == EntryKey::url(link));
        assert_eq!(urls, mode != DedupMode::Off, "{mode:?} enters URLs");
    }
}

#[test]
fn an_entry_that_left_comes_back_under_a_new_guid() {
    for (name, link, html, expected) in [
        ("same link", "a.example/x", STORY.to_owned(), ("returned", 1, "url")),
        ("new link", "a.example/y", STORY.to_owned(), ("returned", 1, "7d")),
        (
            "changed",
            "a.example/x",
            STORY.replace("12.000", "12.500"),
            ("returned updated", 1, "url"),
        ),
    ] {
        let mut memory = Memory::default();
        memory.full("a", &entry("1", "a.example/x", TITLE, STORY));
        let back = entry("2", link, TITLE, &html);
        assert_eq!(rule(&memory.full("a", &back)), expected, "{name}");
        let (again, _) = memory.take("a", &back, DedupMode::Full);
        assert_eq!(rule(&again.ruling), ("unchanged", 1, ""), "{name}: its new key leads to it");
    }
}

#[test]
fn a_source_has_one_copy_at_a_time_in_a_story() {
    let mut memory = Memory::default();
    memory.full("a", &entry("1", "a.example/x", TITLE, STORY));
    let (_, held) = memory.take(
        "b",
        &entry("2", "b.example/1", "Chuyến thăm Quảng Ngãi", STORY),
        DedupMode::Full,
    );
    memory.listed.insert(held);
    let beside = entry("3", "b.example/2", "Toàn cảnh chuyến thăm của Thủ tướng", STORY);
    assert_eq!(rule(&memory.full("b", &beside)), ("new", 0, "opened"));
}

#[test]
fn an_item_that_shares_its_guid_with_an_unread_one_gets_its_own_key() {
    let mut memory = Memory::default();
    let (_, unread) = memory.take("a", &entry("1", "a.example/x", TITLE, STORY), DedupMode::Full);
    memory.listed.insert(unread);
    memory.taken.insert(unread);
    let twin = entry("1", "a.example/y", "Strike closes the harbour of Calder", OTHER);
    let (decision, second) = memory.take("a", &twin, DedupMode::Full);
    assert_eq!(rule(&decision.ruling), ("new", 0, "opened"));
    memory.taken.clear();
    assert_eq!(rule(&memory.full("a", &twin)), ("unchanged", second.0, ""), "known again (P86)");
    let first = entry("1", "a.example/x", TITLE, STORY);
    assert_eq!(rule(&memory.full("a", &first)), ("unchanged", unread.0, ""));
}

#[test]
fn a_late_text_joins_two_stories() {
    let halves: Vec<&str> = STORY.split_inclusive("</p>").collect();
    let early = |memory: &mut Memory| {
        memory.full("a", &entry("1", "a.example/x", "Chuyến công tác miền Trung", halves[0]));
        let html = halves[1].to_owned() + halves[2];
        memory.full("b", &entry("2", "b.example/x", "Nhà máy lớn nhất nước", &html));
    };
    let late = entry("3", "c.example/x", TITLE, STORY);

    let mut memory = Memory::default();
    early(&mut memory);
    let (decision, _) = memory.take("c", &late, DedupMode::Full);
    assert_eq!(decision.merges.len(), 1, "{decision:?}");
    let stories: BTreeSet<StoryNo> = memory.facts.values().map(|facts| facts.story).collect();
    assert_eq!(stories.len(), 1);

    let mut memory = Memory::default();
    early(&mut memory);
    memory.together.insert((EntryNo(1), EntryNo(2)));
    let (decision, _) = memory.take("c", &late, DedupMode::Full);
    assert_eq!(decision.merges, [], "one document listed both");
}

#[test]
fn a_story_it_was_split_from_is_forbidden() {
    let mut memory = Memory::default();
    memory.full("a", &entry("1", "a.example/x", TITLE, STORY));
    memory.forbidden.insert(StoryNo(1));
    let found = memory.full("b", &entry("2", "a.example/x", TITLE, STORY));
    assert_eq!(rule(&found), ("new", 0, "opened"));
}

#[test]
fn a_roundup_found_by_its_pieces_joins_none_of_them() {
    let pieces = [
        "<p>Sáng nay giá vàng miếng trong nước tăng thêm hai triệu mỗi lượng so với hôm qua.</p>",
        "<p>Đội tuyển bóng đá nữ chiến thắng ba không trước chủ nhà trong trận mở màn.</p>",
        "<p>Không khí lạnh tràn về khiến nhiệt độ vùng núi xuống dưới mười độ từ đêm mai.</p>",
    ];
    let mut memory = Memory::default();
    for (piece, n) in pieces.iter().zip(1_u8..) {
        let guid = n.to_string();
        let link = format!("p{n}.example/x");
        memory.full(&format!("p{n}"), &entry(&guid, &link, &format!("Chuyện {guid}a"), piece));
    }
    let bulletin = entry("9", "q.example/x", "Những chuyện đáng đọc trong ngày", &pieces.concat());
    let (decision, _) = memory.take("q", &bulletin, DedupMode::Full);
    assert!(decision.is_roundup, "{decision:?}");
    assert_eq!(rule(&decision.ruling), ("new", 0, "opened"));
}

#[test]
fn the_closest_candidate_is_told_with_the_rule_that_turned_it_down() {
    let mut memory = Memory::default();
    memory.full("a", &entry("1", "a.example/x", TITLE, STORY));
    let late = Entry {
        published: Some("2024-11-23T09:00:00Z".parse().unwrap()),
        ..entry("2", "b.example/x", TITLE, STORY)
    };
    let (decision, _) = memory.take("b", &late, DedupMode::Full);
    let closest = decision.closest.expect("it was compared");
    assert_eq!((closest.entry, closest.joined.rule.as_str()), (EntryNo(1), "1"));
    assert!(closest.joined.numbers.contains(&("c".to_owned(), 1.0)));
}

proptest! {
    #[test]
    fn any_two_texts_are_decided_alike_in_both_directions(
        a in "[a-zA-Zắềộđ0-9 .]{0,160}", b in "[a-zA-Zắềộđ0-9 .]{0,160}", shared in 0_usize..160,
    ) {
        let cut = |text: &str| text.chars().take(shared).collect::<String>();
        let b = format!("{}{b}", cut(&a));
        let of = |text: &str| crate::dedup::sample::features_of(&cut(text), text);
        let (a, b) = (of(&a), of(&b));
        let (one, two) = (measure(&a, &b, true), measure(&b, &a, false));
        prop_assert_eq!(Measures { short_is_first: !one.short_is_first, ..one }, two);
    }

    #[test]
    fn any_text_is_prepared_without_a_panic(title in ".{0,80}", html in ".{0,300}") {
        let entry = entry("1", "a.example/x", &title, &html);
        let prepared = prepare(&entry, Context { names: &Names::new([&*title]), outlet: "" });
        let again = prepare(&entry, Context { names: &Names::new([&*title]), outlet: "" });
        prop_assert_eq!(prepared, again);
    }

    #[test]
    fn noise_around_an_article_changes_no_verdict(
        links in 0_usize..4,
        heading in any::<bool>(),
        credit in any::<bool>(),
        dateline in any::<bool>(),
    ) {
        let mut html = STORY.to_owned();
        if dateline {
            html = html.replacen("<p>", "<p>Quảng Ngãi (TTXVN) - ", 1);
        }
        if credit {
            html.push_str("<p>Theo: nhandan.vn</p>");
        }
        if heading {
            html.push_str("<h3>Tin cùng chuyên mục</h3>");
        }
        html.push_str(&"<ul><li><a href=x>Một tin khác trong ngày</a></li></ul>".repeat(links));
        let clean = crate::dedup::sample::features_of(TITLE, STORY);
        let noisy = crate::dedup::sample::features_of(TITLE, &html);
        prop_assert_eq!(clean.body, noisy.body);
    }
}
