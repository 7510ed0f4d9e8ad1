//! SIGHUP: re-reads the settings that can change while the process runs.

use std::sync::Arc;

use super::{Failure, SettingFlags, check};
use crate::{
    config::{Flags, Setting, Values},
    gateway::Gateway,
    logging,
    places::Places,
    tls::Tls,
};

/// What a running process does when it is told to re-read its settings.
pub(super) struct Reload {
    gateway: Arc<Gateway>,
    tls: Option<Tls>,
    /// The values that are in effect.
    values: Values,
    settings: SettingFlags,
    flags: Flags,
}

impl Reload {
    /// A process with these `values`, which were read from `settings` and `flags`.
    pub(super) const fn new(
        gateway: Arc<Gateway>,
        tls: Option<Tls>,
        values: Values,
        settings: SettingFlags,
        flags: Flags,
    ) -> Self {
        Self { gateway, tls, values, settings, flags }
    }

    /// Applies what has changed and can, and logs what cannot. If a value is invalid, no setting changes. The certificate
    /// and the file of places are read again in any case.
    pub(super) fn run(&mut self) {
        if let Err(Failure::Usage(problem) | Failure::Failed(problem)) = self.apply() {
            log::error!("SIGHUP: no setting is changed: {problem}");
        }
        match self.tls.as_ref().map(Tls::reload) {
            Some(Ok(())) => log::info!("SIGHUP: read the certificate again"),
            Some(Err(error)) => log::error!("SIGHUP: the certificate stays the same: {error}"),
            None => {}
        }
        match self.gateway.places.as_ref().map(Places::reload) {
            Some(Ok(())) => log::info!("SIGHUP: read the places again"),
            Some(Err(error)) => log::error!("SIGHUP: the places stay the same: {error}"),
            None => {}
        }
    }

    fn apply(&mut self) -> Result<(), Failure> {
        let check = |values: &Values| check(values, self.gateway.config.is_dev);
        let newer = self.settings.values(self.flags.clone())?;
        check(&newer)?;
        let values = self.values.reloaded(&newer);
        let reloadable = check(&values)?.reloadable;
        let (applied, waiting) = (names(values.changed(&self.values)), names(newer.changed(&values)));
        logging::set_filter(&reloadable.log);
        self.gateway.reloadable.store(Arc::new(reloadable));
        self.values = values;
        if applied.is_empty() {
            log::info!("SIGHUP: no setting that can be applied has changed");
        } else {
            log::info!("SIGHUP: applied {applied}");
        }
        if !waiting.is_empty() {
            log::warn!("SIGHUP: not applied before a restart: {waiting}");
        }
        Ok(())
    }
}

fn names(settings: impl Iterator<Item = &'static Setting>) -> String {
    settings.map(|setting| setting.name).collect::<Vec<_>>().join(", ")
}
