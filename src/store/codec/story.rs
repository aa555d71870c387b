//! Stories as bytes.

use serde::{Deserialize, Serialize};

use super::pack::With;
use super::parts::{Instant, models, wires};
use super::{Key, Packer, StoreError, corrupt, decode, encode, seal, unseal};
use crate::model::entry::{EntryNo, Member, Story, StoryNo};
use crate::model::source::{CategorySlug, SourceId};

#[derive(Serialize, Deserialize)]
struct StoryWire<'a> {
    public_id: &'a str,
    date: Instant,
    representative: u64,
    #[serde(borrow)]
    members: Vec<MemberWire<'a>>,
    merged_into: Option<u64>,
    is_withdrawn: bool,
    was_changed_late: bool,
    #[serde(borrow)]
    numbers: Vec<(&'a str, u64)>,
}

#[derive(Serialize, Deserialize)]
struct MemberWire<'a> {
    entry: u64,
    source: &'a str,
    date: Instant,
    number: Option<u64>,
}

/// Returns the payload of a story, unpacked; refuses one that is too large.
pub(crate) fn raw_story(story: &Story) -> Result<Vec<u8>, StoreError> {
    let Story {
        no,
        public_id,
        date,
        representative,
        members,
        merged_into,
        is_withdrawn,
        was_changed_late,
        numbers,
    } = story;
    let wire = StoryWire {
        public_id,
        date: Instant(*date),
        representative: representative.0,
        members: wires(members),
        merged_into: merged_into.map(|StoryNo(no)| no),
        is_withdrawn: *is_withdrawn,
        was_changed_late: *was_changed_late,
        numbers: numbers.iter().map(|(slug, number)| (slug.as_str(), *number)).collect(),
    };
    encode(Key::Story(*no), &wire)
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
    let wire: StoryWire<'_> = decode(key, &raw)?;
    let StoryWire {
        public_id,
        date,
        representative,
        members,
        merged_into,
        is_withdrawn,
        was_changed_late,
        numbers,
    } = wire;
    Ok(Story {
        no,
        public_id: public_id.to_owned(),
        date: date.0,
        representative: EntryNo(representative),
        members: models(members),
        merged_into: merged_into.map(StoryNo),
        is_withdrawn,
        was_changed_late,
        numbers: numbers
            .into_iter()
            .map(|(slug, number)| (CategorySlug::new(slug), number))
            .collect(),
    })
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
