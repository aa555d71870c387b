//! The values of every `secret_file`, for serving to scrub. They are read at the start and at each
//! reload; what a file held before is not remembered.

use std::sync::Arc;

use crate::config::{Secret, read_secret};
use crate::model::policy::Catalog;
use crate::model::scrub::USER_CHARS_MIN;
use crate::model::source::Source;
use crate::serve::select::Hidden;

/// Returns the secret values by source. A file that cannot be read has none: its source cannot be
/// polled with it either.
pub(super) fn of(catalog: &Catalog) -> Hidden {
    let of = |source: &Arc<Source>| {
        let secret = read_secret(source.secret_file.as_deref()?).ok()?;
        Some((source.id.clone(), values(secret)))
    };
    catalog.sources.iter().filter_map(of).collect()
}

fn values(secret: Secret) -> Vec<String> {
    match secret {
        Secret::Basic { user, password } if user.chars().count() >= USER_CHARS_MIN => {
            vec![user, password]
        }
        Secret::Basic { password, .. } => vec![password],
        Secret::Bearer { token } => vec![token],
    }
}
