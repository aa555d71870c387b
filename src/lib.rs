//! A background service that polls RSS, Atom and JSON feeds, recognises the same article wherever it turns up, keeps it in
//! sled, and republishes merged category feeds and date feeds over HTTP.
//!
//! # The way of an entry
//! ```text
//! config.toml → schedule → fetch → parse → normalize → fingerprint ─┐ many at once, on the blocking pool
//!                                                                   ▼ bounded channel
//!                                            ingest: decide (dedup) → one atomic Batch → store      one writer
//!                                                                   ▼ what changed
//!                                   reader ← serve ← cache ← render ← select                        read only
//! ```
//! Modules that decide take values (with `now` first) and return values; modules that do are short and decide nothing. A poll is
//! one transaction: entries, keys, validators and the next poll's time are committed together or not at all.
//!
//! # Layers (held by `tests/layering.rs`)
//! | layer | modules | may name |
//! | --- | --- | --- |
//! | 0 words | `model` | std, url, jiff, unicode-normalization, blake3, xxh3 |
//! | 1 pure | `schedule` `redirect` `freshness` `parse` `normalize` `dedup` `render` | model, not each other; no tokio, no tracing, no clock |
//! | 2 edges | `config` `clock` `fetch` `store` `serve` `systemd` `telemetry` | model, the seams, and of layer 1 what they adapt |
//! | 3 flow | `poll` `probe` `ingest` `control` `websub` | layers 0–2, no concrete engine |
//! | 4 whole | `daemon`, `demo`, `cli`, then `main` | anything; only here is an engine named |
//!
//! Heavy engines live in one module each: feed_rs in `parse`, the HTTP client and rustls in `fetch`, sled in `store/sled`, hyper's
//! server in `serve`, the rss crate in `render`, ammonia in `normalize/html`, toml in `config`, sd_notify in `systemd`, clap and
//! tables in `cli`; quick_xml in `parse` and `render`.

pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod daemon;
pub mod dedup;
pub mod demo;
pub mod fetch;
pub mod freshness;
pub mod ingest;
pub mod machine;
pub mod model;
pub mod normalize;
pub mod parse;
pub mod poll;
pub mod probe;
pub mod redirect;
pub mod render;
pub mod schedule;
pub mod serve;
pub mod store;
pub mod systemd;
pub mod telemetry;
pub mod websub;
