//! What systemd does with a node, if it has the unit of the Debian package or one of that name.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use jiff::SignedDuration;

use super::{Finding, Named};
use crate::{
    config::Config,
    media::MediaUrl,
    store::DatabaseUrl,
    transport::{open_files, room},
};

/// With fewer, the connections of a few addresses are all.
const FEW_CONNECTIONS: usize = 4096;

/// The unit, as `systemctl show` prints it.
struct Unit(String);

impl Unit {
    const NAME: &str = "diglot.service";

    /// The unit, if this machine has systemd and it.
    fn find() -> Option<Self> {
        const PROPERTIES: &str =
            "--property=LoadState,TimeoutStopUSec,LimitNOFILE,ProtectHome,ProtectSystem,StateDirectory,ReadWritePaths";
        let mut show = Command::new("systemctl");
        let output = show.args(["show", Self::NAME, PROPERTIES]).stdin(Stdio::null()).output().ok()?;
        let unit = Self(String::from_utf8(output.stdout).ok()?);
        (unit.get("LoadState") == "loaded").then_some(unit)
    }

    fn get(&self, property: &str) -> &str {
        let mut pairs = self.0.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(name, _)| *name == property).map_or("", |(_, value)| value)
    }

    /// After what time it kills a process that it has told to stop; `None` for never.
    fn stop_timeout(&self) -> Option<Duration> {
        // Times beyond hours can't be read, and are as good as none.
        self.get("TimeoutStopUSec").parse::<SignedDuration>().ok()?.try_into().ok()
    }

    /// Whether its processes can't read the file.
    fn hides(&self, path: &Path) -> bool {
        let is_hidden = matches!(self.get("ProtectHome"), "yes" | "tmpfs");
        is_hidden && ["/home", "/root", "/run/user"].iter().any(|folder| path.starts_with(folder))
    }

    /// Whether its processes can write the file.
    fn lets_write(&self, path: &Path) -> bool {
        let states = self.get("StateDirectory").split(' ').map(|name| Path::new("/var/lib").join(name));
        let given =
            self.get("ReadWritePaths").split(' ').map(|path| PathBuf::from(path.trim_start_matches(['-', '+'])));
        let is_below = |folder: PathBuf| folder.is_absolute() && path.starts_with(folder);
        self.get("ProtectSystem") != "strict" || states.chain(given).any(is_below)
    }
}

/// Whether the service manager leaves a node the time, the files and the access that it needs.
pub(super) fn check(config: &Config) -> Vec<Named> {
    let unit = Unit::find();
    let mut findings =
        vec![("stop timeout", stop_timeout(config, unit.as_ref())), ("open files", files(config, unit.as_ref()))];
    findings
        .extend(unit.iter().flat_map(|unit| sandbox(config, unit)).map(|problem| ("sandbox", Finding::Bad(problem))));
    findings
}

fn stop_timeout(config: &Config, unit: Option<&Unit>) -> Finding {
    let needed = config.drain_secs + config.shutdown_secs;
    let sum = format!("{needed} s (DIGLOT_DRAIN_SECS and DIGLOT_SHUTDOWN_SECS)");
    let Some(unit) = unit else {
        return Finding::Good(format!("stopping takes up to {sum}; the service manager must wait for longer"));
    };
    match unit.stop_timeout() {
        Some(timeout) if timeout <= Duration::from_secs(needed) => Finding::Bad(format!(
            "{} is killed {} s after it is told to stop, which takes up to {sum}; raise TimeoutStopSec (`systemctl edit \
             diglot`)",
            Unit::NAME,
            timeout.as_secs()
        )),
        Some(_) | None => Finding::Good(format!("{} waits for longer than {sum}", Unit::NAME)),
    }
}

fn files(config: &Config, unit: Option<&Unit>) -> Finding {
    let (of, files) = match unit {
        // `infinity` is not a number.
        Some(unit) => (Unit::NAME, unit.get("LimitNOFILE").parse().unwrap_or(usize::MAX)),
        None => ("this shell", open_files()),
    };
    let connections = room(config, files);
    if connections < FEW_CONNECTIONS {
        Finding::Note(format!(
            "{files} in {of} leave room for {connections} connections; raise LimitNOFILE (systemd) or `ulimit -n` above the \
             expected number of sockets"
        ))
    } else {
        Finding::Good(format!("those of {of} leave room for {connections} connections"))
    }
}

/// Files that the settings name and the unit keeps from its processes. Relative paths are relative to its folder.
fn sandbox(config: &Config, unit: &Unit) -> Vec<String> {
    let mut problems = Vec::new();
    let database = match &config.database_url {
        DatabaseUrl::Sqlite(path) => Some(path.as_path()),
        DatabaseUrl::Postgres(_) => None,
    };
    let images = config.media.as_ref().and_then(MediaUrl::folder);
    let written: Vec<_> = database.into_iter().chain(images).filter(|path| path.is_absolute()).collect();
    let tls = config.tls.iter().flat_map(|files| [&files.certificate, &files.key]);
    let places = config.places.iter().map(|file| &file.path);
    let read = tls.chain(places).map(PathBuf::as_path).filter(|path| path.is_absolute());
    for path in read.chain(written.iter().copied()) {
        if unit.hides(path) {
            problems.push(format!("{} hides {} (ProtectHome); move it elsewhere", Unit::NAME, path.display()));
        }
    }
    for path in written.into_iter().filter(|path| !unit.lets_write(path)) {
        let name = Unit::NAME;
        problems
            .push(format!("{name} can't write {}; move it to /var/lib/diglot, or set ReadWritePaths", path.display()));
    }
    problems
}
