//! Stories as bytes.

use serde::{Deserialize, Serialize};

use super::pack::With;
use super::parts::{Instant, models, wires};
use super::{Key, Packer, StoreError, corrupt, decode, encode, seal, unseal};
use crate::model::entry::{EntryNo, Member, Story, StoryNo};
use crate::model::source::{CategorySlug, SourceId};

/// An option that holds nothing, in bytes.
const NOTHING: u8 = 0;

#[derive(Serialize, Deserialize)]
struct StoryWire<'a> {
    public_id: &'a str,
    date: Instant,
    representative: u64,
    #[serde(borrow)]
    members: Vec<MemberWire<'a>>,
    merged_into: Option<u64>,
    standing: Standing,
    was_changed_late: bool,
    #[serde(borrow)]
    numbers: Vec<(&'a str, u64)>,
    #[serde(default)]
    exchanged: Option<Instant>,
}

/// Whether it is in outputs, in a byte.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Standing {
    Published,
    Withdrawn,
    Expired,
    WithdrawnAndExpired,
}

impl Standing {
    fn of(story: &Story) -> Self {
        match (story.is_withdrawn, story.is_expired) {
            (false, false) => Self::Published,
            (true, false) => Self::Withdrawn,
            (false, true) => Self::Expired,
            (true, true) => Self::WithdrawnAndExpired,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct MemberWire<'a> {
    entry: u64,
    source: &'a str,
    date: Instant,
    number: Option<u64>,
}

impl<'a> From<&'a Story> for StoryWire<'a> {
    fn from(story: &'a Story) -> Self {
        Self {
            public_id: &story.public_id,
            date: Instant(story.date),
            representative: story.representative.0,
            members: wires(&story.members),
            merged_into: story.merged_into.map(|StoryNo(no)| no),
            standing: Standing::of(story),
            was_changed_late: story.was_changed_late,
            numbers: story.numbers.iter().map(|(slug, no)| (slug.as_str(), *no)).collect(),
            exchanged: story.exchanged.map(Instant),
        }
    }
}

impl StoryWire<'_> {
    fn into_story(self, no: StoryNo) -> Story {
        let Self { public_id, date, representative, members, merged_into, .. } = self;
        let standing = self.standing;
        Story {
            no,
            public_id: public_id.to_owned(),
            date: date.0,
            representative: EntryNo(representative),
            members: models(members),
            merged_into: merged_into.map(StoryNo),
            is_withdrawn: matches!(standing, Standing::Withdrawn | Standing::WithdrawnAndExpired),
            is_expired: matches!(standing, Standing::Expired | Standing::WithdrawnAndExpired),
            was_changed_late: self.was_changed_late,
            exchanged: self.exchanged.map(|Instant(at)| at),
            numbers: self
                .numbers
                .into_iter()
                .map(|(slug, number)| (CategorySlug::new(slug), number))
                .collect(),
        }
    }
}

/// A story as a value of JSON.
#[derive(Serialize, Deserialize)]
struct StoryLine<'a> {
    no: u64,
    #[serde(borrow)]
    story: StoryWire<'a>,
}

/// Returns what a backup says of a story.
pub(crate) fn story_to_json(story: &Story) -> serde_json::Result<String> {
    serde_json::to_string(&StoryLine { no: story.no.0, story: story.into() })
}

/// Reads what a backup says of a story.
pub(crate) fn story_from_json(value: &serde_json::Value) -> serde_json::Result<Story> {
    let line = StoryLine::deserialize(value)?;
    Ok(line.story.into_story(StoryNo(line.no)))
}

/// Returns the payload of a story, unpacked; refuses one that is too large.
pub(crate) fn raw_story(story: &Story) -> Result<Vec<u8>, StoreError> {
    encode(Key::Story(story.no), &StoryWire::from(story))
}

/// Returns the record of a story.
pub(crate) fn encode_story(story: &Story, packer: &Packer) -> Result<Vec<u8>, StoreError> {
    let raw = raw_story(story)?;
    let mut payload = Vec::with_capacity(raw.len() + 1);
    packer.pack(&raw, With::Nothing, &mut payload);
    Ok(seal(Key::Story(story.no), &payload))
}

/// Reads the record of a story.
pub(crate) fn decode_story(
    no: StoryNo,
    record: &[u8],
    packer: &Packer,
) -> Result<Story, StoreError> {
    let key = Key::Story(no);
    let raw = packer.unpack(unseal(key, record)?).map_err(|what| corrupt(key, what))?;
    if let Ok(wire) = decode::<StoryWire<'_>>(key, &raw) {
        return Ok(wire.into_story(no));
    }
    // Records written before `exchanged` was kept end where it begins.
    let raw = [raw.as_ref(), &[NOTHING]].concat();
    let wire: StoryWire<'_> = decode(key, &raw)?;
    Ok(wire.into_story(no))
}

impl<'a> From<&'a Member> for MemberWire<'a> {
    fn from(Member { entry, source, date, number }: &'a Member) -> Self {
        Self { entry: entry.0, source: source.as_str(), date: Instant(*date), number: *number }
    }
}

impl From<MemberWire<'_>> for Member {
    fn from(MemberWire { entry, source, date, number }: MemberWire<'_>) -> Self {
        Self { entry: EntryNo(entry), source: SourceId::new(source), date: date.0, number }
    }
}
