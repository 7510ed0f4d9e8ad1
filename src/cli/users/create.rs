//! `diglot user create`.

use std::io;

use clap::Args;
use serde::Serialize;

use crate::{
    cli::{
        Outcome, Tenant,
        output::{Output, aligned},
    },
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

/// A new account.
#[derive(Serialize)]
struct CreatedUser {
    user_id: i64,
    /// The generated password.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

pub(super) async fn run(gateway: &Gateway, output: Output, args: &CreateArgs) -> Outcome {
    let operator = args.tenant.operator(gateway).await?;
    let text = if args.password_stdin { first_line()? } else { gateway.random.password()? };
    let new = Registration {
        username: Username::parse(&args.username)?,
        password: Password::parse("password", &text, gateway.reloadable.load().password_min)?,
    };
    let user = registration::create(gateway, &operator, new).await?;
    let created = CreatedUser { user_id: user.get(), password: (!args.password_stdin).then_some(text) };
    let password = created.password.iter().map(|password| vec!["password".to_owned(), password.clone()]);
    let id = vec!["user_id".to_owned(), user.to_string()];
    output.print(&created, || aligned([id].into_iter().chain(password)))
}

fn first_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
