//! Which items of a document may be published: `on_add`, filters, the publisher's own wish.

use crate::model::feed::FeedItem;
use crate::model::source::{OnAdd, SourceState};
use crate::model::verdict::WithheldBy;

/// Returns why an item is kept back, if it is.
pub(super) fn withheld_by(
    item: &FeedItem,
    is_blocked: bool,
    is_kept_back: bool,
) -> Option<WithheldBy> {
    if is_kept_back {
        return Some(WithheldBy::OnAdd);
    }
    (is_blocked || !item.is_admitted).then_some(WithheldBy::Filter)
}

/// Tells which items the first document may publish; everything later may.
pub(super) fn at_first(on_add: OnAdd, state: &SourceState, items: &[FeedItem]) -> Vec<bool> {
    let newest = match on_add {
        OnAdd::All => items.len(),
        OnAdd::Newest(count) => count,
        OnAdd::SinceNow => 0,
    };
    if state.fetch_no > 0 || newest >= items.len() {
        return vec![true; items.len()];
    }
    let date = |item: &FeedItem| item.entry.as_ref().and_then(|it| it.published.or(it.updated));
    let mut order: Vec<usize> = (0..items.len()).collect();
    // Undated items keep their place in the document, newest first.
    order.sort_by_key(|index| std::cmp::Reverse(items.get(*index).and_then(date)));
    let mut admitted = vec![false; items.len()];
    for index in order.into_iter().take(newest) {
        if let Some(place) = admitted.get_mut(index) {
            *place = true;
        }
    }
    admitted
}
