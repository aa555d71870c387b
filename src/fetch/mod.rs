//! One conditional GET within limits.
