//! Runs the binary in a temporary folder.

use std::{
    path::Path,
    process::{Command, Output},
};

use diglot::config::Flags;
use serde_json::Value;
use tempfile::TempDir;

/// A shell with a working folder and an environment.
pub struct Shell {
    folder: TempDir,
    environment: Flags,
}

impl Shell {
    /// A shell with an empty environment.
    pub fn new() -> Self {
        Self::with(Flags::new())
    }

    /// A shell with these variables in its environment.
    pub fn with(environment: Flags) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `diglot ARGS` in the folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diglot"));
        command.current_dir(self.path()).env_clear().envs(&self.environment).args(args);
        command
    }

    pub fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Stdout of a command that succeeds.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{args:?}");
        text(&output.stdout).to_owned()
    }

    /// What a command that succeeds prints with `--json`.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let printed = self.run(&[args, &["--json"]].concat());
        assert!(printed.ends_with('\n') && printed.lines().count() == 1, "{printed}");
        serde_json::from_str(&printed).unwrap()
    }

    /// The table that a command prints: the cells of its lines, of which the first are the names of the columns. No cell
    /// may be empty or contain two spaces.
    #[track_caller]
    pub fn table(&self, args: &[&str]) -> Vec<Vec<String>> {
        let cells =
            |line: &str| line.split("  ").filter(|cell| !cell.is_empty()).map(|cell| cell.trim().to_owned()).collect();
        self.run(args).lines().map(cells).collect()
    }

    /// Stderr of a command that fails.
    #[track_caller]
    pub fn fail(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert!(output.status.code() != Some(0) && output.stdout.is_empty(), "{args:?}");
        text(&output.stderr).trim_end().to_owned()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
