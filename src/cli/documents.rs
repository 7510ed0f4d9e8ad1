//! `diglot completions` and `diglot man`: documents that are made from the definition of the command line.

use std::{fs, path::PathBuf};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, Outcome, output::write};

#[derive(Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "diglot", &mut script);
    write(&script).map(drop)
}

#[derive(Args)]
pub(super) struct ManArgs {
    /// Write a page for each command to this folder, which is created if it is missing
    dir: Option<PathBuf>,
}

pub(super) fn man(args: &ManArgs) -> Outcome {
    if let Some(dir) = &args.dir {
        fs::create_dir_all(dir)?;
        return Ok(clap_mangen::generate_to(Cli::command(), dir)?);
    }
    let mut page = Vec::new();
    // As in the folder, where no page describes `diglot help`.
    Man::new(Cli::command().disable_help_subcommand(true)).render(&mut page)?;
    write(&page).map(drop)
}
