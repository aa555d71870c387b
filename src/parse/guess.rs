//! Guesses where an item ends, so that a known one is passed over without being read.
//!
//! The first end tag of its name is the end of nearly every item. Where it is not (it stands in a
//! CDATA section, or the end tag is missing), the hash of the guessed bytes is that of no item, and
//! the item is read as any other: a wrong guess costs time only, and not much of it, because the
//! document is read tag by tag after a few.

/// Largest item guessed.
const ITEM_BYTES_MAX: usize = 1024 * 1024;
/// Wrong guesses after which there are no more.
const MISSES_MAX: u32 = 16;

/// The guesser of one document.
#[derive(Debug, Default)]
pub(super) struct ItemEnd<'a> {
    misses: u32,
    /// The end tag found last, so that it is looked for once.
    last: Option<(&'a str, usize)>,
    /// The end of the item that is being read.
    guessed: Option<usize>,
}

impl<'a> ItemEnd<'a> {
    /// Guesses the end of the item that starts at `start` and whose tag ends at `from`.
    pub(super) fn guess(
        &mut self,
        text: &'a str,
        name: &'a str,
        start: usize,
        from: usize,
    ) -> Option<usize> {
        self.guessed = None;
        if self.misses > MISSES_MAX {
            return None;
        }
        let Some(end) = self.next_end_tag(text, name, from) else {
            self.misses = MISSES_MAX + 1;
            return None;
        };
        self.guessed = (end.saturating_sub(start) <= ITEM_BYTES_MAX).then_some(end);
        self.guessed
    }

    /// Tells whether `end` is what was guessed for the item just read.
    pub(super) fn was(&mut self, end: usize) -> bool {
        let guessed = self.guessed.take();
        self.misses += u32::from(guessed.is_some_and(|guessed| guessed != end));
        guessed == Some(end)
    }

    fn next_end_tag(&mut self, text: &'a str, name: &'a str, from: usize) -> Option<usize> {
        if let Some((known, end)) = self.last
            && known == name
            && end > from
        {
            return Some(end);
        }
        let at = from + text.get(from..)?.find(&format!("</{name}"))?;
        let end = at + text.get(at..)?.find('>')? + 1;
        self.last = Some((name, end));
        Some(end)
    }
}
