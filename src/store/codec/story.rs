//! Stories as bytes.

use serde::{Deserialize, Serialize};

use super::pack::With;
use super::parts::{Instant, models, wires};
use super::{Key, Packer, StoreError, corrupt, decode, encode, seal, unseal};
use crate::model::entry::{EntryNo, Member, Story, StoryNo};
use crate::model::source::SourceId;

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
        was_changed_late,
        ..
    } = story;
    let wire = StoryWire {
        public_id,
        date: Instant(*date),
        representative: representative.0,
        members: wires(members),
        merged_into: merged_into.map(|StoryNo(no)| no),
        standing: Standing::of(story),
        was_changed_late: *was_changed_late,
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
        standing,
        was_changed_late,
    } = wire;
    Ok(Story {
        no,
        public_id: public_id.to_owned(),
        date: date.0,
        representative: EntryNo(representative),
        members: models(members),
        merged_into: merged_into.map(StoryNo),
        is_withdrawn: matches!(standing, Standing::Withdrawn | Standing::WithdrawnAndExpired),
        is_expired: matches!(standing, Standing::Expired | Standing::WithdrawnAndExpired),
        was_changed_late,
    })
}

impl<'a> From<&'a Member> for MemberWire<'a> {
    fn from(Member { entry, source, date }: &'a Member) -> Self {
        Self { entry: entry.0, source: source.as_str(), date: Instant(*date) }
    }
}

impl From<MemberWire<'_>> for Member {
    fn from(MemberWire { entry, source, date }: MemberWire<'_>) -> Self {
        Self { entry: EntryNo(entry), source: SourceId::new(source), date: date.0 }
    }
}
