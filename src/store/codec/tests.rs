use std::time::Duration;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::model::entry::{
    Category, Element, Enclosure, Entry, EntryNo, Fingerprint, GuidKind, Held, Link, Member,
    Origin, Person, Story, StoryNo,
};
use crate::model::features::Marks;
use crate::model::source::{
    CategorySlug, DayMonth, Departed, FeedMeta, ItemHash, Listed, Outage, PollCost, PublisherWish,
    SourceId, SourceState, Validators,
};
use crate::model::verdict::{Claim, EntryKey, Joined, KeyKind};
use crate::store::{Birth, StoreError};

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,24}"
}

fn some_text() -> impl Strategy<Value = Option<String>> {
    option::of(text())
}

fn at() -> impl Strategy<Value = Timestamp> {
    let seconds = Timestamp::MIN.as_second() + 1..Timestamp::MAX.as_second();
    prop_oneof![
        (seconds, 0..1_000_000_000_i32).prop_map(|(s, ns)| Timestamp::new(s, ns).unwrap()),
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
        Just(Timestamp::UNIX_EPOCH),
    ]
}

fn key() -> impl Strategy<Value = EntryKey> {
    (any::<bool>(), any::<[u8; 16]>()).prop_map(|(own, hash)| EntryKey {
        kind: if own { KeyKind::Own } else { KeyKind::Url },
        hash,
    })
}

fn source() -> impl Strategy<Value = SourceId> {
    "[a-z0-9-]{1,20}".prop_map(|slug| SourceId::new(&slug))
}

fn person() -> impl Strategy<Value = Person> {
    (text(), some_text(), some_text()).prop_map(|(name, email, uri)| Person { name, email, uri })
}

fn element() -> impl Strategy<Value = Element> {
    let leaf = (text(), text(), vec((text(), text()), 0..3), text()).prop_map(
        |(prefix, name, attributes, text)| Element {
            prefix,
            name,
            attributes,
            text,
            children: vec![],
        },
    );
    leaf.prop_recursive(4, 24, 4, |inner| {
        (text(), vec(inner, 0..4)).prop_map(|(name, children)| Element {
            name,
            children,
            ..Element::default()
        })
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let kinds = [
        GuidKind::Missing,
        GuidKind::AtomId,
        GuidKind::Guid,
        GuidKind::OpaqueGuid,
        GuidKind::JsonId,
    ];
    let names = (some_text(), proptest::sample::select(kinds.to_vec()), some_text(), some_text());
    let texts = (
        text(),
        some_text(),
        option::of("[a-z <>/p]{0,600}"),
        some_text(),
        some_text(),
        some_text(),
    );
    let people = (vec(person(), 0..3), vec(person(), 0..2));
    let dates = (option::of(at()), option::of(at()));
    (names, texts, people, parts(), dates, option::of(origin())).prop_map(
        |(names, texts, people, parts, dates, origin)| Entry {
            guid: names.0,
            guid_kind: names.1,
            link: names.2,
            orig_link: names.3,
            title: texts.0,
            summary: texts.1,
            content: texts.2,
            title_language: texts.5,
            summary_language: texts.3.clone(),
            rights: texts.3,
            language: texts.4,
            authors: people.0,
            contributors: people.1,
            categories: parts.0,
            links: parts.1,
            enclosures: parts.2,
            extensions: parts.3,
            published: dates.0,
            updated: dates.1,
            origin,
        },
    )
}

fn category() -> impl Strategy<Value = Category> {
    (text(), some_text(), some_text()).prop_map(|(term, scheme, label)| Category {
        term,
        scheme,
        label,
    })
}

fn parts() -> impl Strategy<Value = (Vec<Category>, Vec<Link>, Vec<Enclosure>, Vec<Element>)> {
    let link = (text(), text(), some_text(), some_text(), some_text())
        .prop_map(|(rel, href, mime, title, hreflang)| Link { rel, href, mime, title, hreflang });
    let numbers = (option::of(any::<u64>()), option::of(any::<u64>()));
    let enclosure = (text(), some_text(), some_text(), numbers).prop_map(
        |(url, mime, title, (length, duration_s))| Enclosure {
            url,
            mime,
            length,
            title,
            duration_s,
        },
    );
    (vec(category(), 0..3), vec(link, 0..3), vec(enclosure, 0..2), vec(element(), 0..3))
}

fn origin() -> impl Strategy<Value = Origin> {
    let texts = (some_text(), some_text(), some_text(), some_text(), some_text());
    let people = (vec(person(), 0..2), vec(person(), 0..2));
    let more = (some_text(), vec(category(), 0..2));
    (texts, option::of(at()), people, more).prop_map(|(texts, updated, people, more)| Origin {
        id: texts.0,
        title: texts.1,
        feed_url: texts.2,
        site: texts.3,
        rights: texts.4,
        updated,
        authors: people.0,
        subtitle: more.0,
        contributors: people.1,
        categories: more.1,
    })
}

fn held() -> impl Strategy<Value = Held> {
    let numbers = (1..=u64::MAX, 1..=u64::MAX, any::<u32>());
    let prints = (any::<u64>(), any::<u64>(), any::<u64>());
    let marks = (any::<u16>(), vec(any::<u64>(), 0..40), any::<u64>(), any::<bool>());
    let joined = || (text(), option::of(any::<u64>()), vec((text(), -1e9..1e9_f64), 0..4));
    let names = (source(), key(), some_text(), text());
    let dates = (at(), at(), option::of(at()));
    (numbers, names, entry(), dates, prints, marks, (joined(), joined())).prop_map(
        |(numbers, names, entry, dates, prints, marks, (joined, closest))| Held {
            no: EntryNo(numbers.0),
            source: names.0,
            story: StoryNo(numbers.1),
            key: names.1,
            entry,
            first_seen: dates.0,
            filed: dates.2,
            updated: dates.1,
            first_listed: numbers.2,
            fingerprint: Fingerprint { title: prints.0, content: prints.1, summary: prints.2 },
            marks: Marks { version: marks.0, keys: marks.1, mask: marks.2, is_roundup: marks.3 },
            credit: names.2,
            outlet: names.3,
            closest: joined.1.map(|_| joined_of(closest)),
            joined: joined_of(joined),
        },
    )
}

fn joined_of((rule, with, numbers): (String, Option<u64>, Vec<(String, f64)>)) -> Joined {
    Joined { rule, with: with.map(EntryNo), numbers }
}

fn story() -> impl Strategy<Value = Story> {
    let number = option::of(any::<u64>());
    let member = (any::<u64>(), source(), at(), number)
        .prop_map(|(no, source, date, number)| Member { entry: EntryNo(no), source, date, number });
    let numbers = (1..=u64::MAX, any::<u64>(), option::of(any::<u64>()));
    let in_category = (text(), any::<u64>()).prop_map(|(slug, no)| (CategorySlug::new(&slug), no));
    let given = (vec(in_category, 0..4), option::of(at()));
    let facts = (any::<bool>(), any::<bool>(), any::<bool>(), given);
    (numbers, text(), at(), vec(member, 0..8), facts).prop_map(
        |(
            numbers,
            public_id,
            date,
            members,
            (is_withdrawn, is_expired, was_changed_late, (given, exchanged)),
        )| Story {
            no: StoryNo(numbers.0),
            public_id,
            date,
            representative: EntryNo(numbers.1),
            members,
            merged_into: numbers.2.map(StoryNo),
            is_withdrawn,
            is_expired,
            was_changed_late,
            exchanged,
            numbers: given,
        },
    )
}

fn meta() -> impl Strategy<Value = FeedMeta> {
    let texts = (some_text(), some_text(), some_text(), some_text(), some_text());
    let more = (some_text(), some_text(), some_text(), some_text());
    let people = (vec(person(), 0..3), vec(person(), 0..2), vec(category(), 0..2));
    (texts, more, vec(text(), 0..3), people, option::of(at())).prop_map(
        |(texts, more, hubs, (authors, contributors, categories), updated)| FeedMeta {
            id: texts.0,
            title: texts.1,
            subtitle: texts.2,
            site: texts.3,
            self_url: texts.4,
            hubs,
            language: more.0,
            authors,
            rights: more.1,
            icon: more.2,
            logo: more.3,
            updated,
            contributors,
            categories,
        },
    )
}

fn wish() -> impl Strategy<Value = PublisherWish> {
    let span = || option::of((any::<u64>(), 0..1_000_000_000_u32));
    let days = (vec(0..24_u8, 0..4), vec(1..8_u8, 0..3), any::<bool>());
    (span(), span(), days).prop_map(|(ttl, period, days)| PublisherWish {
        ttl: ttl.map(|(s, ns)| Duration::new(s, ns)),
        update_period: period.map(|(s, ns)| Duration::new(s, ns)),
        skip_hours: days.0,
        skip_days: days.1,
        is_complete: days.2,
    })
}

fn state() -> impl Strategy<Value = SourceState> {
    let validators = (some_text(), some_text(), text())
        .prop_map(|(etag, last_modified, url)| Validators { etag, last_modified, url });
    let dates = vec(option::of(at()), 7);
    let cost = any::<(u64, u64, u64)>();
    let order = option::of(any::<bool>());
    let numbers =
        (any::<u32>(), option::of(any::<u16>()), any::<u32>(), any::<bool>(), cost, order);
    let listed = (any::<u64>(), option::of(any::<u64>()))
        .prop_map(|(item, entry)| Listed { item: ItemHash(item), entry: entry.map(EntryNo) });
    let departed = (any::<u64>(), any::<u32>())
        .prop_map(|(entry, last_listed)| Departed { entry: EntryNo(entry), last_listed });
    let outage = (at(), option::of(at()), text()).prop_map(|(from, until, error)| Outage {
        from,
        until,
        error,
    });
    let outages = vec(outage, 0..4);
    let lists =
        (vec(listed, 0..40), vec(departed, 0..9), vec((text(), any::<u32>()), 0..3), outages);
    let texts = (text(), text(), some_text(), some_text(), some_text());
    (option::of(validators), dates, numbers, texts, meta(), wish(), lists).prop_map(
        |(validators, dates, numbers, texts, meta, wish, lists)| SourceState {
            url: texts.0,
            validators,
            last_attempt: dates[0],
            last_success: dates[1],
            failures: numbers.0,
            failing_since: dates[2],
            next_poll: dates[3],
            next_reason: texts.1,
            http_status: numbers.1,
            last_error: texts.2,
            is_gone: numbers.3,
            redirect_pending: texts.3,
            redirect_since: dates[5],
            adopted_url: texts.4,
            paused_until: dates[6],
            cost: PollCost {
                answers: numbers.4.0,
                not_modified: numbers.4.1,
                wire_bytes: numbers.4.2,
            },
            meta,
            wish,
            fetch_no: numbers.2,
            listed: lists.0,
            departed: lists.1,
            changed: dates[4],
            flaws: lists.2,
            outages: lists.3,
            date_order: numbers
                .5
                .map(|is_day| if is_day { DayMonth::DayFirst } else { DayMonth::MonthFirst }),
            zone_s: numbers.1.map(|status| i32::from(status) * 60 - 30_000),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn an_entry_comes_back_as_it_was(held in held()) {
        let packer = Packer::new();
        let record = RawEntry::of(&held).unwrap().seal(&packer);
        prop_assert_eq!(&Held::decode(held.no, &record, &packer).unwrap(), &held);
        prop_assert_eq!(EntryHead::decode(held.no, &record).unwrap(), EntryHead::from(&held));
    }

    #[test]
    fn a_story_comes_back_as_it_was(story in story()) {
        let packer = Packer::new();
        let record = encode_story(&story, &packer).unwrap();
        prop_assert_eq!(decode_story(story.no, &record, &packer).unwrap(), story);
    }

    #[test]
    fn a_state_comes_back_as_it_was(id in source(), state in state()) {
        let packer = Packer::new();
        let polled = encode_state(&id, &state).unwrap();
        let document = encode_document(&id, &state, &packer).unwrap();
        let mut read = decode_state(&id, &polled).unwrap();
        decode_document(&id, &document, &packer, &mut read).unwrap();
        prop_assert_eq!(read, state);
    }

    #[test]
    fn a_claim_comes_back_as_it_was(key in key(), no in option::of(any::<u64>())) {
        let claim = no.map_or(Claim::Barred, |no| Claim::Entry(EntryNo(no)));
        let record = encode_claim(key, claim).unwrap();
        prop_assert_eq!(decode_claim(key, &record).unwrap(), claim);
    }

    #[test]
    fn facts_of_the_store_come_back_as_they_were(
        counts in any::<[u64; 6]>(), now in at(), id_authority in text()
    ) {
        let [commits, opens, entries, stories, next_entry, next_story] = counts;
        let tally = Tally { commits, opens, entries, stories, next_entry, next_story };
        prop_assert_eq!(Tally::decode(&tally.encode().unwrap()).unwrap(), tally);
        let birth = Birth { now, id_authority };
        let read = Birth::decode(&birth.encode().unwrap()).unwrap();
        prop_assert_eq!((read.now, read.id_authority), (birth.now, birth.id_authority));
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        for (name, read) in readers() {
            prop_assert!(matches!(read(&bytes), Err(StoreError::Corrupt { .. })), "{}", name);
        }
    }

    /// What a wrong program may have sealed: the checksum fits, the payload is anything.
    #[test]
    fn any_payload_is_read_without_a_panic(payload in vec(any::<u8>(), 0..200)) {
        for (_, key) in keys() {
            let sealed = seal(key, &payload);
            for (_, read) in readers() {
                let _ = read(&sealed);
            }
        }
    }
}

const OWN: EntryKey = EntryKey { kind: KeyKind::Own, hash: [7; 16] };

fn source_id() -> &'static SourceId {
    static ID: std::sync::OnceLock<SourceId> = std::sync::OnceLock::new();
    ID.get_or_init(|| SourceId::new("nhandan"))
}

fn keys() -> [(&'static str, Key<'static>); 7] {
    [
        ("entry", Key::Entry(EntryNo(5))),
        ("story", Key::Story(StoryNo(6))),
        ("claim", Key::Claim(OWN)),
        ("state", Key::State(source_id())),
        ("document", Key::Document(source_id())),
        ("tally", Tally::KEY),
        ("birth", Birth::KEY),
    ]
}

type Read = fn(&[u8]) -> Result<(), StoreError>;

fn readers() -> [(&'static str, Read); 8] {
    [
        ("entry", |bytes| Held::decode(EntryNo(5), bytes, &Packer::new()).map(drop)),
        ("head", |bytes| EntryHead::decode(EntryNo(5), bytes).map(drop)),
        ("story", |bytes| decode_story(StoryNo(6), bytes, &Packer::new()).map(drop)),
        ("claim", |bytes| decode_claim(OWN, bytes).map(drop)),
        ("state", |bytes| decode_state(source_id(), bytes).map(drop)),
        ("document", |bytes| {
            let mut state = SourceState::default();
            decode_document(source_id(), bytes, &Packer::new(), &mut state)
        }),
        ("tally", |bytes| Tally::decode(bytes).map(drop)),
        ("birth", |bytes| Birth::decode(bytes).map(drop)),
    ]
}

fn an_entry() -> Held {
    Held {
        no: EntryNo(5),
        source: source_id().clone(),
        story: StoryNo(6),
        key: OWN,
        entry: Entry {
            title: "Bão số 9 đổ bộ vào Quảng Ngãi".to_owned(),
            content: Some("<p>Sáng 24/11, tâm bão ở trên vùng biển. </p>".repeat(12)),
            published: Some("2026-11-24T02:00:00Z".parse().unwrap()),
            ..Entry::default()
        },
        first_seen: "2026-11-24T02:10:00.25Z".parse().unwrap(),
        filed: None,
        updated: "2026-11-24T02:10:00Z".parse().unwrap(),
        first_listed: 3,
        fingerprint: Fingerprint { title: 1, content: 2, summary: 0 },
        marks: Marks {
            version: 1,
            keys: (1..30).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect(),
            mask: 4,
            is_roundup: true,
        },
        credit: None,
        outlet: "nhandan.vn".to_owned(),
        joined: Joined::default(),
        closest: None,
    }
}

fn a_story() -> Story {
    Story {
        no: StoryNo(6),
        public_id: "https://nhandan.vn/post-1".to_owned(),
        date: "2026-11-24T02:00:00Z".parse().unwrap(),
        representative: EntryNo(5),
        members: (5..20)
            .map(|no| Member {
                entry: EntryNo(no),
                source: source_id().clone(),
                date: "2026-11-24T02:00:00Z".parse().unwrap(),
                number: Some(no - 4),
            })
            .collect(),
        merged_into: None,
        is_withdrawn: false,
        is_expired: false,
        was_changed_late: true,
        exchanged: None,
        numbers: vec![(CategorySlug::new("thoi-su"), 7)],
    }
}

/// One record of each kind, as its reader in `readers` expects it.
fn records() -> Vec<(&'static str, Vec<u8>, Read)> {
    let packer = Packer::new();
    let entry = RawEntry::of(&an_entry()).unwrap().seal(&packer);
    let state = SourceState {
        next_reason: "interval".to_owned(),
        listed: (0..9).map(|n| Listed { item: ItemHash(n), entry: Some(EntryNo(n)) }).collect(),
        ..SourceState::default()
    };
    let records = [
        entry.clone(),
        entry,
        encode_story(&a_story(), &packer).unwrap(),
        encode_claim(OWN, Claim::Entry(EntryNo(5))).unwrap(),
        encode_state(source_id(), &state).unwrap(),
        encode_document(source_id(), &state, &packer).unwrap(),
        Tally { commits: 9, ..Tally::EMPTY }.encode().unwrap(),
        Birth { now: Timestamp::UNIX_EPOCH, id_authority: "news.example,2026".to_owned() }
            .encode()
            .unwrap(),
    ];
    readers().into_iter().zip(records).map(|((name, read), record)| (name, record, read)).collect()
}

#[test]
fn each_flipped_bit_is_noticed() {
    for (name, record, read) in records() {
        read(&record).unwrap();
        for at in 0..record.len() * 8 {
            let mut damaged = record.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            let error = read(&damaged).unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. }), "{name}, bit {at}: {error}");
        }
    }
}

#[test]
fn each_cut_and_each_byte_too_many_is_noticed() {
    for (name, record, read) in records() {
        for length in 0..record.len() {
            let error = read(&record[..length]).unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. }), "{name}, {length} bytes: {error}");
        }
        let error = read(&[&record[..], &[0]].concat()).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{name}, one more: {error}");
    }
}

#[test]
fn a_record_in_the_place_of_another_is_noticed() {
    let packer = Packer::new();
    let record = encode_story(&a_story(), &packer).unwrap();
    assert!(decode_story(StoryNo(6), &record, &packer).is_ok());
    let error = decode_story(StoryNo(7), &record, &packer).unwrap_err();
    assert_eq!(error.to_string(), "record `story 7` is damaged: its checksum does not match");
    let own = encode_claim(OWN, Claim::Barred).unwrap();
    let url = EntryKey { kind: KeyKind::Url, ..OWN };
    assert!(matches!(decode_claim(url, &own), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_newer_format_is_told_from_damage() {
    for (_, key) in keys() {
        let mut record = seal(key, b"whatever a later program writes");
        record[8] = FORMAT + 1;
        let sum = checksum(key, &record[8..]);
        record[..8].copy_from_slice(&sum.to_le_bytes());
        let error = unseal(key, &record).unwrap_err();
        assert!(
            matches!(error, StoreError::NewerFormat { found: 2, supported: 1 }),
            "{key}: {error}"
        );
    }
}

#[test]
fn the_limit_of_a_record_is_on_what_it_unpacks_to() {
    let with_content = |bytes: usize| {
        let mut held = an_entry();
        held.entry.content = Some("a".repeat(bytes));
        RawEntry::of(&held)
    };
    let most = with_content(RECORD_BYTES_MAX - 1_000).unwrap().seal(&Packer::new());
    assert!(most.len() < 10_000, "repetition packs well");
    let error = with_content(RECORD_BYTES_MAX).map(drop).unwrap_err();
    let StoreError::TooLarge { key, bytes, max } = error else { panic!("{error}") };
    assert_eq!((key.as_str(), max), ("entry 5", 4 * 1024 * 1024));
    assert!(bytes > max);
}

#[test]
fn long_texts_are_packed_and_short_ones_are_not() {
    let packer = Packer::new();
    let mut part = Vec::new();
    packer.pack(b"short", pack::With::Nothing, &mut part);
    assert_eq!(part, b"\0short");
    let long = b"<p>the same again</p>".repeat(20);
    part.clear();
    packer.pack(&long, pack::With::Nothing, &mut part);
    assert!(part.len() < 60, "{} bytes", part.len());
    assert_eq!(packer.unpack(&part).unwrap(), &long[..]);
}

#[test]
fn a_dictionary_packs_better_and_stays_needed() {
    let body = |n: u32| {
        format!(
            "<article><header><p>Theo phóng viên tại Hà Nội</p></header><p>Tin số {n}: {}</p>\
            <footer>Bản quyền thuộc về Báo Nhân Dân</footer></article>",
            n * 7919
        )
    };
    let samples: Vec<_> = (0..2_000).map(body).collect();
    let dictionary = zstd::dict::from_samples(&samples, 4_096).unwrap();
    let (plain, taught) = (Packer::new(), Packer::new());
    taught.teach(1, &dictionary);
    let mut held = an_entry();
    held.entry.content = Some(body(5_000));
    let raw = RawEntry::of(&held).unwrap();
    let (without, with) = (raw.seal(&plain), raw.seal(&taught));
    assert!(with.len() + 80 < without.len(), "{} and {} bytes", with.len(), without.len());
    assert_eq!(Held::decode(held.no, &with, &taught).unwrap(), held);
    assert_eq!(
        Held::decode(held.no, &without, &taught).unwrap(),
        held,
        "packed before it was taught"
    );
    let error = Held::decode(held.no, &with, &plain).unwrap_err();
    assert_eq!(error.to_string(), "record `entry 5` is damaged: its dictionary 1 is missing");
}

#[test]
fn deep_elements_need_no_deep_stack() {
    let mut element = Element::default();
    for depth in 0..2_000 {
        element =
            Element { name: depth.to_string(), children: vec![element], ..Element::default() };
    }
    let mut held = an_entry();
    held.entry.extensions = vec![element];
    let packer = Packer::new();
    let record = RawEntry::of(&held).unwrap().seal(&packer);
    assert_eq!(Held::decode(held.no, &record, &packer).unwrap(), held);
}

#[test]
fn keys_are_ordered_by_number_and_apart_by_kind() {
    let key = |no| Key::Entry(EntryNo(no)).bytes();
    assert!(key(1) < key(255) && key(255) < key(256) && key(256) < key(u64::MAX));
    let mut all: Vec<_> = keys().iter().map(|(_, key)| key.bytes()).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), keys().len());
}

#[test]
fn a_story_written_before_its_exchange_was_kept_is_read() {
    let (story, packer) = (a_story(), Packer::new());
    let mut raw = super::story::raw_story(&story).unwrap();
    assert_eq!(raw.pop(), Some(0), "nothing was exchanged");
    let mut payload = Vec::new();
    packer.pack(&raw, super::pack::With::Nothing, &mut payload);
    let record = super::seal(super::Key::Story(story.no), &payload);
    assert_eq!(super::decode_story(story.no, &record, &packer).unwrap(), story);
}
