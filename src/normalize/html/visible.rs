//! Leaves out what a reader never sees: scripts, styles, SVG, templates, with all their content.

use super::policy::{self, Fate};
use super::token::{Token, Tokens};

/// The tokens of a document without hidden content.
pub(super) struct Visible<'a> {
    tokens: Tokens<'a>,
}

impl<'a> Visible<'a> {
    /// Starts at the beginning of `html`.
    pub(super) fn new(html: &'a str) -> Self {
        Self { tokens: Tokens::new(html) }
    }

    /// Skips the content of `name`, whose start tag was read, and its end tag.
    ///
    /// An element of its own name within counts as nested. The document's end closes it.
    fn skip_nested(&mut self, name: &str) {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.tokens.next() {
                Some(Token::Start(inner, _)) if inner == name => depth += 1,
                Some(Token::Start(inner, _)) if policy::fate(&inner) == Fate::Raw => {
                    self.tokens.skip_raw(&inner);
                }
                Some(Token::End(inner)) if inner == name => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Skips SVG or MathML. Returns the HTML start tag that broke out of it (§13.2.6.5), if one
    /// did.
    fn skip_foreign(&mut self, name: &str) -> Option<Token<'a>> {
        let mut depth = 1_usize;
        let mut integration = 0_usize;
        while depth > 0 {
            match self.tokens.next()? {
                Token::Start(inner, attributes) => {
                    if inner == name && !attributes.ends_with('/') {
                        depth += 1;
                    } else if is_integration(&inner) && !attributes.ends_with('/') {
                        integration += 1;
                    } else if integration == 0 && breaks_out(&inner) {
                        return Some(Token::Start(inner, attributes));
                    }
                }
                Token::End(inner) if inner == name => depth -= 1,
                Token::End(inner) if is_integration(&inner) => {
                    integration = integration.saturating_sub(1);
                }
                Token::End(_) | Token::Text(_) => {}
            }
        }
        None
    }
}

impl<'a> Iterator for Visible<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let token = self.tokens.next()?;
            let Token::Start(name, attributes) = &token else {
                return Some(token);
            };
            match policy::fate(name) {
                Fate::Unwrapped => return Some(token),
                Fate::Raw => self.tokens.skip_raw(name),
                Fate::Nested => self.skip_nested(name),
                Fate::Foreign if attributes.ends_with('/') => {}
                Fate::Foreign => {
                    if let Some(broken_out) = self.skip_foreign(name)
                        && let Token::Start(name, _) = &broken_out
                        && policy::fate(name) == Fate::Unwrapped
                    {
                        return Some(broken_out);
                    }
                }
            }
        }
    }
}

/// HTML stands inside these without ending the SVG or MathML.
fn is_integration(name: &str) -> bool {
    matches!(name, "foreignobject" | "desc" | "title" | "annotation-xml" | "mtext")
}

/// Start tags that end SVG or MathML. (`font` does so only with certain attributes: left out.)
fn breaks_out(name: &str) -> bool {
    matches!(
        name,
        "b" | "big"
            | "blockquote"
            | "body"
            | "br"
            | "center"
            | "code"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "em"
            | "embed"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "head"
            | "hr"
            | "i"
            | "img"
            | "li"
            | "listing"
            | "menu"
            | "meta"
            | "nobr"
            | "ol"
            | "p"
            | "pre"
            | "ruby"
            | "s"
            | "small"
            | "span"
            | "strong"
            | "strike"
            | "sub"
            | "sup"
            | "table"
            | "tt"
            | "u"
            | "ul"
            | "var"
    )
}
