//! Stands between the scheduler and the rest of the daemon.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::scheduler::Watch;
use super::standstill::Standstill;
use super::vitals::Vitals;
use crate::control::Mill;
use crate::model::outcome::BoxFuture;
use crate::serve::{Readiness, Site};

/// Returns what the scheduler tells and asks.
pub(super) fn new(
    site: &Arc<Site>,
    standstill: Standstill,
    mill: &Arc<Mill>,
    vitals: &Arc<Vitals>,
) -> Arc<dyn Watch> {
    Arc::new(Keeper {
        site: Arc::clone(site),
        standstill,
        mill: Arc::clone(mill),
        vitals: Arc::clone(vitals),
        told: Mutex::default(),
    })
}

struct Keeper {
    site: Arc<Site>,
    standstill: Standstill,
    mill: Arc<Mill>,
    vitals: Arc<Vitals>,
    /// Why polling stands still, as told last.
    told: Mutex<Option<String>>,
}

impl Watch for Keeper {
    fn standstill(&self) -> Option<String> {
        self.standstill.reason().or_else(|| self.mill.unwritable())
    }

    /// Lets `/readyz` and the log say that polling stands still.
    fn tell(&self, reason: Option<&str>) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = reason.map(str::to_owned);
        match reason {
            Some(reason) => {
                tracing::warn!(reason, "polling stands still");
                self.site.set_readiness(Readiness::PollingStopped(reason.to_owned()));
            }
            None => {
                tracing::info!("polling goes on");
                self.site.set_readiness(Readiness::Ready);
            }
        }
    }

    fn beat(&self, _: usize, next: Option<Timestamp>) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.vitals.turned(next, told);
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.vitals.woken())
    }
}
