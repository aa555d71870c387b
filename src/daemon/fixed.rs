//! What a store keeps from its birth, whatever the configuration says later.

use crate::model::policy::Config;
use crate::store::{SledStore, Store};

/// Says so when the configuration wants ids of another authority than the store mints them with.
pub(super) fn authority_warning(store: &dyn Store, config: &Config) -> Option<String> {
    warning(config, &store.stats().ok()?.id_authority)
}

/// The same of a store that is not opened: a daemon may have it.
pub fn kept_authority_warning(config: &Config) -> Option<String> {
    warning(config, &SledStore::authority_of(&config.store.path)?)
}

fn warning(config: &Config, kept: &str) -> Option<String> {
    let wanted = config.site.id_authority.as_deref().filter(|wanted| *wanted != kept)?;
    Some(format!(
        "site.id_authority: \"{wanted}\" has no effect: since its first start this store mints ids with \"{kept}\" — \
         write that, or leave the key out"
    ))
}
