//! Decides which entries are the same article.
//!
//! Publishers break every promise of identity: guids are missing, repeated or renewed, links gain
//! tracking parameters, and the same article arrives through a paper's own feed, its sections, and
//! ten other papers, cut, retitled, with other accents. So an entry makes claims, strongest first:
//! its guid *within its source*, its canonical URL, and last what it says. Contents are compared by
//! containment of adaptive shingles, guarded by names, numbers, titles, positions and time.
//!
//! The way of one document, items oldest first (the document's last item first):
//! 1. `identify` gives each item its keys, and the keys that the document bars for good.
//! 2. For each item `prepare` computes what it is compared by; this may be done ahead, in parallel.
//! 3. `decide_item` looks at what is [`Known`] and says what the item is. The caller writes that
//!    down before it asks about the next one.
//!
//! Every function here is pure: no I/O, no clock, no order of hashes or threads. The method and all
//! its constants were measured on a labelled corpus; `tests/dedup.rs` holds them to it. Standards:
//! RFC 4287 §4.2.6 (`atom:id` is compared byte for byte), RSS 2.0 `guid`; P84–P92.

mod blocks;
mod body;
mod constants;
mod decider;
mod entities;
mod features;
mod filters;
mod fingerprint;
mod hits;
mod identity;
mod index;
mod known;
mod measures;
mod names;
mod outlet;
mod overlap;
mod reissue;
mod representative;
mod rules;
#[cfg(test)]
mod sample;
mod sets;
mod shingle;
mod slots;
mod title;
mod title_words;

pub use body::Body;
pub use constants::{CONSTANTS, Constants};
pub use decider::decide_item;
pub use features::{Context, Features, Prepared, features, prepare, prepare_lightly};
pub use fingerprint::fingerprint;
pub use identity::{Document, Identity, identify};
pub use index::{METHOD_VERSION, marks};
pub use known::{Change, Closest, Decision, Facts, Incoming, Known, Ruling};
pub use measures::{Measures, measure};
pub use names::Names;
pub use outlet::outlet;
pub use reissue::{Trace, reissued};
pub use representative::{Copy, Incumbent, representative};
pub use rules::{Match, Pair, Side, Strength, decide};
pub use title::Title;
