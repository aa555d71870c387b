//! What a run over feeds reports.

/// One item as it was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) feed: String,
    pub(crate) snapshot: usize,
    pub(crate) key: String,
    pub(crate) event: &'static str,
    /// The decision in full: for finding out why.
    pub(crate) why: String,
}
