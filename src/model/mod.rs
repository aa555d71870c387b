//! The words of feedmill: plain values that every other module speaks in.
//!
//! Nothing here decides, reads a clock or does I/O. `Raw…` is as received, the bare word is as held.

pub mod batch;
pub mod change;
pub mod entry;
pub mod features;
pub mod feed;
pub mod ids;
pub mod outcome;
pub mod policy;
pub mod raw;
pub mod scrub;
pub mod selection;
pub mod source;
pub mod text;
pub mod verdict;
