//! dedup.
