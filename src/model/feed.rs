//! A document made ours: what `normalize` returns and `dedup` decides about.

use super::entry::Entry;
use super::source::{DayMonth, FeedMeta, ItemHash, PublisherWish};

/// A whole document, normalised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feed {
    /// Of the feed.
    pub meta: FeedMeta,
    /// Items in document order (the newest first, as publishers write them).
    pub items: Vec<FeedItem>,
    /// How often the publisher wishes to be polled.
    pub wish: PublisherWish,
    /// `podcast:block` or `itunes:block` forbids public republishing (R80).
    pub is_blocked: bool,
    /// What had to be mended, by name, with counts.
    pub flaws: Vec<(String, u32)>,
    /// The order of day and month that its dates show; `None`: they show none.
    pub date_order: Option<DayMonth>,
    /// Distance from UTC, in seconds, at which dates without a zone were read because the feed shows
    /// it (D11); `None`: it shows none, or the operator has said it.
    pub zone_s: Option<i32>,
    /// No date of its items names a zone, and the operator has named none.
    pub is_without_zone: bool,
}

/// One item of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedItem {
    /// Hash of its raw bytes.
    pub hash: Option<ItemHash>,
    /// The entry; `None` when the caller knew the item by its hash, so that it was not read.
    pub entry: Option<Entry>,
    /// Whether `include` and `exclude` let it through.
    pub is_admitted: bool,
}
