//! `diglot user create`.

use std::io;

use clap::Args;

use crate::{
    cli::{Outcome, Tenant, print},
    domain::registration::{self, Registration},
    gateway::Gateway,
    model::{Password, Username},
};

#[derive(Args)]
pub(in crate::cli) struct CreateArgs {
    #[command(flatten)]
    tenant: Tenant,
    /// The login name
    username: String,
    /// Read the password from the first line of stdin; else one is generated and printed once
    #[arg(long)]
    password_stdin: bool,
}

pub(super) async fn run(gateway: &Gateway, args: &CreateArgs) -> Outcome {
    let operator = args.tenant.operator(gateway).await?;
    let text = if args.password_stdin { first_line()? } else { gateway.random.password()? };
    let new = Registration {
        username: Username::parse(&args.username)?,
        password: Password::parse("password", &text, gateway.reloadable.load().password_min)?,
    };
    let user = registration::create(gateway, &operator, new).await?;
    let shown = if args.password_stdin { String::new() } else { format!("password\t{text}\n") };
    print(&format!("user_id\t{user}\n{shown}"))
}

fn first_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
