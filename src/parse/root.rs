//! Finds the root of a feed, wherever in the text it begins (standards P73).

use super::flaws::{Flaw, Flaws};
use super::grammar::{Dialect, local};
use super::token::{Token, Tokens};

/// The root's tag.
pub(super) struct Root<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: &'a str,
    pub(super) is_empty: bool,
    pub(super) dialect: Dialect,
    /// Offset of its first byte.
    pub(super) start: usize,
}

/// Passes over everything before the root: notices of PHP, blank lines, stray tags.
pub(super) fn find<'a>(tokens: &mut Tokens<'a>, flaws: &mut Flaws) -> Option<Root<'a>> {
    let mut quiet = Flaws::default();
    let mut is_first = true;
    loop {
        let start = tokens.position();
        let token = tokens.next(&mut quiet)?;
        let Token::Start { name, attributes, is_empty } = token else {
            if let Token::Text(text) = token
                && !text.trim().is_empty()
            {
                flaws.add(Flaw::JunkBefore);
            }
            continue;
        };
        if let Some(dialect) = dialect_of(name, is_first) {
            return Some(Root { name, attributes, is_empty, dialect, start });
        }
        is_first = false;
        flaws.add(Flaw::JunkBefore);
    }
}

/// Tells what kind of document an element of this name is the root of.
fn dialect_of(name: &str, is_first: bool) -> Option<Dialect> {
    match local(name).to_ascii_lowercase().as_str() {
        "rss" => Some(Dialect::Rss),
        "rdf" => Some(Dialect::Rdf),
        "feed" => Some(Dialect::Atom),
        "entry" if is_first => Some(Dialect::Atom),
        "channel" | "item" if is_first => Some(Dialect::Rss),
        _ => None,
    }
}
