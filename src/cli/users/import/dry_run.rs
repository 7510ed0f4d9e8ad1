//! `diglot user import --dry-run`: what an import would do.

use super::{ImportArgs, Parts, refusals};
use crate::{
    account_file::Part,
    cli::{Outcome, print},
    domain::{Operator, imports::Preview},
    gateway::Gateway,
};

/// Checks all parts, starting with `part`, and prints the refusals and their number.
pub(super) async fn run(
    gateway: &Gateway,
    operator: &Operator,
    args: &ImportArgs,
    (mut part, mut parts): (Part, Parts<'_>),
) -> Outcome {
    let mut preview = Preview::default();
    let (mut accepted, mut refused) = (0, 0);
    while !part.labels.is_empty() {
        let results = preview.check(gateway, operator, part.records).await?;
        let passed = results.iter().filter(|result| result.is_ok()).count();
        (accepted, refused) = (accepted + passed, refused + part.labels.len() - passed);
        print(&refusals(part.done, &part.labels, &results))?;
        part = parts.next().map_err(|error| args.at(&error))?;
    }
    print(&format!("{accepted} would be imported, {refused} refused; nothing was kept\n"))
}
