//! Reads settings one by one.

use std::{fmt::Display, num::NonZeroUsize, path::Path, str::FromStr, thread};

use super::{SecretSource, Values};
use crate::{media::MediaUrl, places::PlacesFile, secret::Secret, store::DatabaseUrl, tls::TlsFiles};

/// Reads settings one by one and collects their problems.
pub(super) struct Reader<'a> {
    pub(super) values: &'a Values,
    pub(super) problems: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, name: &str, problem: impl Display) {
        self.problems.push(format!("{name}: {problem}"));
    }

    /// The setting's value, if it is set and passes `check`.
    pub(super) fn checked<T, E: Display>(&mut self, name: &str, check: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.values.text(name);
        if text.is_empty() {
            return None;
        }
        check(text).map_err(|problem| self.problem(name, problem)).ok()
    }

    pub(super) fn optional<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        self.checked(name, str::parse)
    }

    pub(super) fn required<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        self.required_as(name, str::parse)
    }

    pub(super) fn required_as<T, E: Display>(
        &mut self,
        name: &str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.values.text(name).is_empty() {
            self.problem(name, "must be set");
        }
        self.checked(name, check)
    }

    /// A number from `min` to `max`. An invalid one is recorded as a problem and replaced by `min`.
    pub(super) fn number<T: FromStr + PartialOrd + Display + Copy>(&mut self, name: &str, min: T, max: T) -> T {
        match self.values.text(name).parse() {
            Ok(number) if (min..=max).contains(&number) => number,
            _ => {
                self.problem(name, format!("must be a number from {min} to {max}"));
                min
            }
        }
    }

    /// A number of threads; one per core if unset.
    pub(super) fn threads(&mut self, name: &str) -> NonZeroUsize {
        /// The most workers that actix-server accepts.
        const MAX: usize = 512;
        let threads = if self.values.text(name).is_empty() {
            thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX)
        } else {
            self.number(name, 1, MAX)
        };
        NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN)
    }

    pub(super) fn list<T, E: Display>(&mut self, name: &str, check: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let items = self.values.text(name).split(',').map(str::trim).filter(|item| !item.is_empty());
        let mut list = Vec::new();
        for item in items {
            match check(item) {
                Ok(value) => list.push(value),
                Err(problem) => self.problems.push(format!("{name}: {item}: {problem}")),
            }
        }
        list
    }

    /// The certificate and its key, which only make sense together.
    pub(super) fn tls(&mut self) -> Option<TlsFiles> {
        let [certificate, key] = ["DIGLOT_TLS_CERT", "DIGLOT_TLS_KEY"].map(|name| self.values.text(name));
        match (certificate, key) {
            ("", "") => return None,
            ("", _) => self.problem("DIGLOT_TLS_CERT", "must be set with DIGLOT_TLS_KEY"),
            (_, "") => self.problem("DIGLOT_TLS_KEY", "must be set with DIGLOT_TLS_CERT"),
            _ => {}
        }
        Some(TlsFiles { certificate: certificate.into(), key: key.into() })
    }

    pub(super) fn places(&mut self) -> Option<PlacesFile> {
        let path = self.optional("DIGLOT_GEOIP_DB");
        let language = self.required("DIGLOT_GEOIP_LANGUAGE").unwrap_or_default();
        path.map(|path| PlacesFile { path, language })
    }

    pub(super) fn media(&mut self, database: Option<&DatabaseUrl>) -> Option<MediaUrl> {
        if self.values.text("DIGLOT_MEDIA_URL").is_empty() {
            return match database {
                Some(DatabaseUrl::Sqlite(path)) => Some(MediaUrl::beside(path)),
                Some(DatabaseUrl::Postgres(_)) | None => None,
            };
        }
        self.optional("DIGLOT_MEDIA_URL")
    }

    pub(super) fn secret(&mut self, database: Option<&DatabaseUrl>) -> SecretSource {
        let given = self.checked("DIGLOT_SECRET", Secret::parse);
        let is_unset = self.values.text("DIGLOT_SECRET").is_empty();
        match (given, database) {
            (Some(secret), _) => SecretSource::Given(secret),
            (None, Some(DatabaseUrl::Sqlite(path))) => SecretSource::beside(path),
            (None, Some(DatabaseUrl::Postgres(_)) | None) => {
                if is_unset && database.is_some() {
                    self.problem(
                        "DIGLOT_SECRET",
                        "must be set with PostgreSQL, the same on all nodes; `openssl rand -hex 32` makes one",
                    );
                }
                SecretSource::beside(Path::new(""))
            }
        }
    }
}
