//! What the replay of the corpus is made of.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at what it does not expect"
)]

pub(crate) mod document;
pub(crate) mod gate;
pub(crate) mod labels;
pub(crate) mod replay;
pub(crate) mod seen;
