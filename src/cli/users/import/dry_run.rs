//! `diglot user import --dry-run`: what an import would do.

use super::{ImportArgs, ImportData, Parts, refusals, report};
use crate::{
    account_file::Part,
    cli::{Outcome, output::Output},
    domain::{Operator, imports::Preview},
    gateway::Gateway,
};

/// Checks all parts, starting with `part`, and prints the refusals and their number. `length` is the file's.
pub(super) async fn run(
    gateway: &Gateway,
    output: Output,
    operator: &Operator,
    args: &ImportArgs,
    length: u64,
    (mut part, mut parts): (Part, Parts<'_>),
) -> Outcome {
    let mut preview = Preview::default();
    let (mut data, mut refused) = (ImportData::default(), Vec::new());
    let bar = output.progress(Some(length));
    while !part.labels.is_empty() {
        let results = preview.check(gateway, operator, part.records).await?;
        data.add(part.labels.len(), results.iter().filter(|result| result.is_ok()).count());
        refused.extend(refusals(part.done, &part.labels, &results));
        bar.set_position(parts.position);
        part = parts.next().map_err(|error| args.at(&error))?;
    }
    bar.finish_and_clear();
    let lines = report::lines(&refused);
    data.refused = Some(refused);
    output.print(&data, || {
        format!("{lines}{} would be imported, {} refused; nothing was kept\n", data.created, data.refused_count)
    })
}
