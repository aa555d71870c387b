//! A source with nothing special about it.

use feedmill::model::source::Source;
use url::Url;

/// Returns a source of that address; dates without a zone are UTC.
pub(crate) fn source(url: &str) -> Source {
    Source::plain("a", Url::parse(url).unwrap())
}
