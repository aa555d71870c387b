//! Text as it is compared: folded letters, tokens, canonical URLs. Never used for display.
//!
//! Follows the measured method of deduplication (its §2). Everything here is total and linear, and
//! the same on every machine: what it returns is hashed and kept.

mod fold;
mod tokens;
mod url;
mod url_rules;

pub use fold::{
    fold, has_control, is_composed, is_format_char, is_nfc, is_settled, lower_with_accents,
};
pub use tokens::{Token, TokenKind, is_common_letter, letters, tokens};
pub use url::{Canonical, canonical, canonical_url, is_http, trimmed as trimmed_url};
