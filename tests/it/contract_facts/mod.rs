//! The facts in `tests/contract/` are what the documents in `docs/spec` say: each document is read into the form of its
//! facts, so that neither has an operation, a parameter or a field that the other lacks.

mod admin;
mod v1;

/// The rows of the Markdown table in `text`, each with its trimmed cells; without the heading and the rule below it.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix('|')?.strip_suffix('|'));
    lines.skip(2).map(|line| line.split('|').map(str::trim).collect()).collect()
}
