//! Text as it is compared: folded letters, tokens, canonical URLs. Never used for display.
