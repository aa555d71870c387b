//! A source with nothing special about it.

use std::time::Duration;

use feedmill::model::policy::DedupMode;
use feedmill::model::source::{ContentShare, OnAdd, Source, SourceId};
use jiff::tz::TimeZone;
use url::Url;

/// Returns a source of that address; dates without a zone are UTC.
pub(crate) fn source(url: &str) -> Source {
    Source {
        id: SourceId::new("a"),
        url: Url::parse(url).unwrap(),
        title: None,
        categories: Vec::new(),
        interval: None,
        timeout: Duration::from_secs(30),
        body_bytes_max: 10 << 20,
        proxy: None,
        priority: 0,
        aliases: Vec::new(),
        on_add: OnAdd::All,
        content: ContentShare::Full,
        dedup: DedupMode::Full,
        include: Vec::new(),
        exclude: Vec::new(),
        timezone: TimeZone::UTC,
        encoding: None,
        headers: Vec::new(),
        user_agent: None,
        secret_file: None,
        publish: true,
        overrides_block: false,
    }
}
