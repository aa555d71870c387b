//! Items that say again what another item of their document says (P86).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::work::Work;
use crate::model::entry::{Entry, EntryNo, Held};
use crate::model::source::{ItemHash, Listed};
use crate::store::StoreError;

/// Tells whether two items of one document are one entry: a guid under one title or one link, or without guids a link
/// under one title (P86).
pub(super) fn repeats(held: &Entry, item: &Entry) -> bool {
    let (is_same_link, is_same_title) = (held.link == item.link, held.title == item.title);
    let is_same = match &item.guid {
        Some(_) => is_same_link || is_same_title,
        None => is_same_link && is_same_title,
    };
    held.guid == item.guid && is_same
}

/// Lets items that repeat an entry of the document be known by their bytes next time.
pub(super) fn stand_ins(
    work: &Work<'_>,
    superseded: &[(ItemHash, &Entry)],
    told: &BTreeSet<EntryNo>,
) -> Result<Vec<Listed>, StoreError> {
    if superseded.is_empty() {
        return Ok(Vec::new());
    }
    let mut by_guid: HashMap<Option<String>, Vec<Arc<Held>>> = HashMap::new();
    for no in told {
        if let Some(held) = work.held(*no)? {
            by_guid.entry(held.entry.guid.clone()).or_default().push(held);
        }
    }
    let mut listed = Vec::new();
    for (hash, entry) in superseded {
        let same = by_guid.get(&entry.guid).into_iter().flatten();
        let found = same.into_iter().find(|held| repeats(&held.entry, entry));
        listed.extend(found.map(|held| Listed { item: *hash, entry: Some(held.no) }));
    }
    Ok(listed)
}
