//! Names of what had to be mended, and how often: shown to the operator, stable across versions.

/// One kind of repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    BareAmpersand,
    HtmlEntity,
    UnknownEntity,
    BadCharacterReference,
    ControlCharacter,
    BareLessThan,
    BadTag,
    UnclosedComment,
    UnclosedCdata,
    UnclosedElement,
    UnmatchedEnd,
    UndeclaredPrefix,
    WrongNamespace,
    OldVersion,
    JunkBefore,
    JunkAfter,
    InlineMarkup,
    BadTextType,
    BinaryContent,
    TooDeep,
    TooManyItems,
    TooManyElements,
    TooManyAttributes,
    TextTooLong,
    TruncatedItem,
    BadEncoding,
    WrongEncodingLabel,
    GuessedEncoding,
    BadBase,
    ItemWithoutId,
    BadJsonField,
    LooseJson,
    SecondReaderFailed,
}

impl Flaw {
    const fn name(self) -> &'static str {
        match self {
            Self::BareAmpersand => "bare ampersand",
            Self::HtmlEntity => "undeclared HTML entity",
            Self::UnknownEntity => "unknown entity",
            Self::BadCharacterReference => "bad character reference",
            Self::ControlCharacter => "control character",
            Self::BareLessThan => "bare less-than sign",
            Self::BadTag => "malformed tag",
            Self::UnclosedComment => "unclosed comment",
            Self::UnclosedCdata => "unclosed CDATA section",
            Self::UnclosedElement => "unclosed element",
            Self::UnmatchedEnd => "unmatched end tag",
            Self::UndeclaredPrefix => "undeclared prefix",
            Self::WrongNamespace => "wrong namespace",
            Self::OldVersion => "old or missing version",
            Self::JunkBefore => "junk before the root",
            Self::JunkAfter => "junk after the root",
            Self::InlineMarkup => "unescaped markup",
            Self::BadTextType => "unusual text type",
            Self::BinaryContent => "binary content",
            Self::TooDeep => "elements nested too deeply",
            Self::TooManyItems => "too many items",
            Self::TooManyElements => "too many elements",
            Self::TooManyAttributes => "too many attributes",
            Self::TextTooLong => "text too long",
            Self::TruncatedItem => "truncated item",
            Self::BadEncoding => "undecodable bytes",
            Self::WrongEncodingLabel => "wrong encoding label",
            Self::GuessedEncoding => "guessed encoding",
            Self::BadBase => "invalid xml:base",
            Self::ItemWithoutId => "item without id",
            Self::BadJsonField => "JSON field of the wrong type",
            Self::LooseJson => "JSON written as no reader expects",
            Self::SecondReaderFailed => "feed-rs gave up",
        }
    }
}

/// Counts of repairs, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Flaws(Vec<(Flaw, u32)>);

impl Flaws {
    /// Counts one more.
    pub(super) fn add(&mut self, flaw: Flaw) {
        match self.0.iter_mut().find(|(known, _)| *known == flaw) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.0.push((flaw, 1)),
        }
    }

    /// Returns names with counts.
    pub(super) fn list(&self) -> Vec<(String, u32)> {
        self.0.iter().map(|(flaw, count)| (flaw.name().to_owned(), *count)).collect()
    }
}
