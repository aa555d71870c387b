//! What a store keeps from its birth, whatever the configuration says later.

use std::fmt;

use crate::model::policy::Config;
use crate::store::{SledStore, Store};

/// A key that has no effect on the store that is there.
#[derive(Debug)]
pub struct Fixed {
    /// In full, as `site.id_authority`.
    pub key: &'static str,
    /// What is in force instead.
    pub message: String,
    /// What to write.
    pub remedy: &'static str,
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} — {}", self.key, self.message, self.remedy)
    }
}

/// Says so when the configuration wants ids of another authority than the store mints them with.
pub(super) fn authority(store: &dyn Store, config: &Config) -> Option<Fixed> {
    compared(config, &store.stats().ok()?.id_authority)
}

/// The same of a store that is not opened: a daemon may have it.
pub fn kept_authority(config: &Config) -> Option<Fixed> {
    compared(config, &SledStore::authority_of(&config.store.path)?)
}

fn compared(config: &Config, kept: &str) -> Option<Fixed> {
    let wanted = config.site.id_authority.as_deref().filter(|wanted| *wanted != kept)?;
    Some(Fixed {
        key: "site.id_authority",
        message: format!(
            "\"{wanted}\" has no effect: since its first start this store mints ids with \"{kept}\""
        ),
        remedy: "write that, or leave the key out",
    })
}
