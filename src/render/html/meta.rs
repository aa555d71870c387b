//! What a page says of itself to those who show a card of it (Open Graph, ogp.me).

use super::beginning;
use crate::render::Item;
use crate::render::xml::rfc3339;

/// Characters of a card's description.
const DESCRIPTION_CHARS: usize = 200;

/// The card of a page.
#[derive(Default)]
pub(super) struct Card {
    pub(super) title: String,
    pub(super) description: String,
    /// When a story was published; `None`: the page is no story.
    pub(super) published: Option<String>,
    /// A picture at its publisher: named, not loaded.
    pub(super) picture: Option<String>,
}

impl Card {
    /// Returns the card of a list.
    pub(super) fn page(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// Returns the card of a story.
    pub(super) fn of(item: &Item, title: &str) -> Self {
        let html = item.summary.as_deref().or(item.content.as_deref()).unwrap_or_default();
        let is_web = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
        Self {
            title: title.to_owned(),
            description: beginning(html, DESCRIPTION_CHARS),
            published: Some(rfc3339(item.date)),
            picture: item.image().filter(is_web).map(str::to_owned),
        }
    }
}
