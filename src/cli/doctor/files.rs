//! The files of a node: certificates that end, secrets that others can read, files that the service can't write.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{Finding, Named};
use crate::{
    cli::output::time_of_secs,
    config::{Config, SecretSource, Source, Values},
    new_file::with_suffix,
    places::{Places, PlacesFile},
    store::DatabaseUrl,
    tls::{Tls, TlsFiles},
};

/// A certificate that ends within this time should have been renewed.
const RENEWAL_SECS: i64 = 14 * 24 * 60 * 60;

/// Places older than this are often wrong: networks move.
const OLD_PLACES_SECS: i64 = 90 * 24 * 60 * 60;

/// The rights of everybody.
const OTHERS: u32 = 0o007;

/// Whether a certificate can be used, now and in two weeks.
pub(super) fn certificate(files: TlsFiles, now_secs: i64) -> Finding {
    let tls = match Tls::load(files) {
        Ok(tls) => tls,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    let Some((from, until)) = tls.validity() else {
        return Finding::Bad("DIGLOT_TLS_CERT: the dates of the certificate can't be read".to_owned());
    };
    let renew = "renew it, then send SIGHUP to the gateway";
    if until <= now_secs {
        Finding::Bad(format!(
            "the certificate, or one of those between it and the root, ended at {}; {renew}",
            time_of_secs(until)
        ))
    } else if from > now_secs {
        Finding::Bad(format!("the certificate begins at {}; look at the clock of this machine", time_of_secs(from)))
    } else if until - now_secs < RENEWAL_SECS {
        Finding::Note(format!(
            "the certificate, or one of those between it and the root, ends at {}; {renew}",
            time_of_secs(until)
        ))
    } else {
        Finding::Good(format!("the certificate and its key can be used until {}", time_of_secs(until)))
    }
}

/// Whether the file of places can be used, and is not old.
pub(super) fn places(file: PlacesFile, now_secs: i64) -> Finding {
    let (made_at_secs, kind) = match Places::load(file) {
        Ok(places) => places.version(),
        Err(error) => return Finding::Bad(error.to_string()),
    };
    let text = format!("{kind}, made at {}", time_of_secs(made_at_secs));
    if now_secs.saturating_sub(made_at_secs) > OLD_PLACES_SECS {
        Finding::Note(format!("{text}; replace the file, then send SIGHUP to the gateway"))
    } else {
        Finding::Good(text)
    }
}

/// Who may read the files with secrets, and who owns those beside an embedded database.
pub(super) fn check(config: &Config, values: &Values, file: Option<&Path>) -> Vec<Named> {
    let secret_files = secret_files(config, values, file);
    let open = secret_files.iter().filter(|path| fs::metadata(path).is_ok_and(|found| found.mode() & OTHERS != 0));
    let mut problems: Vec<String> = open
        .map(|path| format!("every user of this machine has access to {0}; run `chmod o= {0}`", path.display()))
        .collect();
    problems.extend(owners(config));
    if problems.is_empty() {
        return vec![("files", Finding::Good("no other user has access to those with secrets".to_owned()))];
    }
    problems.into_iter().map(|problem| ("files", Finding::Bad(problem))).collect()
}

fn secret_files(config: &Config, values: &Values, file: Option<&Path>) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = Vec::new();
    if let DatabaseUrl::Sqlite(path) = &config.database_url {
        paths.extend(["", "-wal", "-shm"].map(|suffix| with_suffix(path, suffix)));
    }
    if let SecretSource::File { path, .. } = &config.secret {
        paths.push(path.clone());
    }
    paths.extend(config.tls.iter().map(|files| files.key.clone()));
    // What is not shown as it is written has a secret.
    let has_secret = values
        .all()
        .iter()
        .any(|value| value.source == Source::File && !value.text.is_empty() && value.shown() != value.text);
    paths.extend(file.filter(|_| has_secret).map(Path::to_owned));
    paths
}

/// Files beside an embedded database of another owner than the database: the service can't use those that root has made.
fn owners(config: &Config) -> Vec<String> {
    let DatabaseUrl::Sqlite(path) = &config.database_url else { return Vec::new() };
    let Ok(database) = fs::metadata(path) else { return Vec::new() };
    let is_foreign = |path: &PathBuf| fs::metadata(path).is_ok_and(|found: Metadata| found.uid() != database.uid());
    let foreign = ["-wal", "-shm", ".secret"].map(|suffix| with_suffix(path, suffix)).into_iter().filter(is_foreign);
    foreign
        .map(|file| {
            format!(
                "{0} belongs to another user than {1}; run `chown --reference={1} {0}`, and commands as the user of the \
                 service",
                file.display(),
                path.display()
            )
        })
        .collect()
}
