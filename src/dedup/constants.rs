//! Every number of the method, in one place. They were measured together; none is tuned alone.

/// The numbers of `decide` and of the procedure around it. The names follow the rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constants {
    /// Segments of aligned text, in tokens.
    pub segment_tokens: u16,
    /// Share of a segment's shingles that must occur in the other text.
    pub segment_share: f64,
    /// Half-days that make a headline a recurring one.
    pub recurring_half_days: usize,
    /// Rule 3: containment and resemblance of two items that one document lists.
    pub together: (f64, f64),
    /// Rule 4: resemblance that outweighs a roundup's headline.
    pub round_r: f64,
    /// Rule 5: likeness of titles whose numbers differ.
    pub numbers_tj: f64,
    /// Rule 5b: likeness of titles of one pattern, tokens of common text around a slot.
    pub slot: (f64, usize),
    /// Rule 6, sure: shingles, containment, long containment.
    pub sure: (u32, f64, f64),
    /// Rule 6, by names: containment, shingles, names.
    pub part: (f64, u32, u32),
    /// Rule 7: the least shingles of a body.
    pub body_n: u32,
    /// Rule 7a: share of numbers missing.
    pub number_miss: f64,
    /// Rule 7a: share of names missing, unless long containment reaches this.
    pub hard_miss: (f64, f64),
    /// Rule 7a: so few names, and the long containment asked of them.
    pub few_hard: (u32, f64),
    /// Rule 7b: resemblance, or containment with like titles.
    pub same_outlet: (f64, f64),
    /// Rule 7b: hours after which title tokens and shingles are asked for.
    pub same_outlet_late: (f64, u32, u32),
    /// Rule 7c: resemblance, or position and containment, against an external link.
    pub external: (f64, u32, f64),
    /// Rule 7d: shingles of a full text.
    pub full_n: u32,
    /// Rule 7d: near the beginning, for a short and a long text, and what makes it long.
    pub near: (u32, u32, u32),
    /// Rule 7d: containment, long containment, containment of a strong match.
    pub full: (f64, f64, f64),
    /// Rule 7d: containment and long containment with names in evidence.
    pub full_evident: (f64, f64),
    /// Rule 7d: containment and long containment of a short text.
    pub short: (f64, f64),
    /// Rule 7d: shingles and containment of a short text with names in evidence.
    pub short_evident: (u32, f64),
    /// Rule 7e: containment, share in the lead, hours.
    pub titled: (f64, f64, f64),
    /// Rule 8: letters and tokens of the title, hours, shingles, containment.
    pub rewritten: (u32, u32, f64, u32, f64),
    /// Rule 9: share of names missing.
    pub rewritten_miss: f64,
    /// Rule 10: letters, tokens, hours of equal titles.
    pub bare: (u32, u32, f64),
    /// Rule 10: overlap, likeness, tokens, hours of titles alike.
    pub alike: (f64, f64, u32, f64),
    /// Clean: names that allow a miss, and the share missed.
    pub clean: (u32, f64),
    /// One title contains the other: overlap, tokens.
    pub title_contains: (f64, u32),
    /// Titles are similar.
    pub title_similar: f64,
    /// The lead of a text: factor, plus, least, in tokens.
    pub lead: (f64, f64, f64),
    /// Step B, same outlet: likeness, containment, overlap of titles.
    pub url_same: (f64, f64, f64),
    /// Step B, other outlet: containment, position, resemblance.
    pub url_other: (f64, u32, f64),
    /// Step B, other outlet: tokens of a bare body, likeness, overlap.
    pub url_bare: (u32, f64, f64),
    /// Step B: resemblance of two items that one document lists.
    pub listed_r: f64,
    /// Step C: windows within which candidates are looked for; rule 1 then cuts. Measured so: the
    /// best of eight days are compared, of which four count.
    pub index_windows: u32,
    /// Step C: candidates compared.
    pub candidates_max: usize,
    /// Step C, roundups: hits, resemblance, shingles, gap as a share of the shingles.
    pub roundup: (usize, f64, u32, f64),
    /// Step C: containment in a copy that the same document lists.
    pub one_feed_c: f64,
    /// Step D: weights of strength, containment, likeness.
    pub rank: (f64, f64, f64),
    /// Step D: members of two stories that may still be joined.
    pub merged_members_max: usize,
    /// A changed text that keeps less than this has been replaced: its guid is reused.
    pub reused_c: f64,
}

/// As measured.
pub const CONSTANTS: Constants = Constants {
    segment_tokens: 16,
    segment_share: 0.15,
    recurring_half_days: 3,
    together: (0.95, 0.9),
    round_r: 0.5,
    numbers_tj: 0.5,
    slot: (0.33, 6),
    sure: (15, 0.85, 0.75),
    part: (0.6, 12, 4),
    body_n: 6,
    number_miss: 0.25,
    hard_miss: (0.2, 0.85),
    few_hard: (4, 0.7),
    same_outlet: (0.8, 0.9),
    same_outlet_late: (6.0, 5, 24),
    external: (0.5, 1, 0.85),
    full_n: 24,
    near: (45, 70, 60),
    full: (0.60, 0.40, 0.8),
    full_evident: (0.42, 0.12),
    short: (0.80, 0.75),
    short_evident: (12, 0.60),
    titled: (0.34, 0.5, 60.0),
    rewritten: (24, 6, 48.0, 60, 0.05),
    rewritten_miss: 0.5,
    bare: (22, 5, 72.0),
    alike: (0.9, 0.7, 7, 36.0),
    clean: (12, 0.09),
    title_contains: (0.9, 4),
    title_similar: 0.6,
    lead: (1.3, 12.0, 40.0),
    url_same: (0.4, 0.5, 0.5),
    url_other: (0.8, 1, 0.5),
    url_bare: (8, 0.4, 0.6),
    listed_r: 0.9,
    index_windows: 2,
    candidates_max: 24,
    roundup: (3, 0.5, 60, 0.7),
    one_feed_c: 0.95,
    rank: (2.0, 1.0, 0.5),
    merged_members_max: 40,
    reused_c: 0.2,
};
