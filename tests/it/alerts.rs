//! The dashboard and the alerts: they name metrics that exist, and the operations manual explains each alert.

use std::{
    collections::BTreeSet,
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::metrics::{file, series, text_of_a_used_node};

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("diglot_") || word.starts_with("process_")).collect()
}

#[actix_web::test]
async fn the_dashboard_and_the_alerts_name_metrics_that_exist() {
    let text = text_of_a_used_node().await;
    let known: BTreeSet<&str> = series(&text).iter().map(|series| series.split('{').next().unwrap()).collect();
    let dashboard: Value = serde_json::from_str(&file("deploy/grafana/diglot.json")).unwrap();
    let expressions: Vec<&str> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    assert!(expressions.len() > 15);
    let alerts = file("deploy/prometheus/alerts.yml");
    for expression in expressions.into_iter().chain([alerts.as_str()]) {
        assert!(!named(expression).is_empty(), "{expression}");
        let unknown: Vec<_> = named(expression).difference(&known).copied().collect();
        assert!(unknown.is_empty(), "{unknown:?} in {expression}");
    }
}

#[test]
fn every_alert_has_its_paragraph_in_the_operations_manual() {
    let (alerts, manual) = (file("deploy/prometheus/alerts.yml"), file("docs/operations.md"));
    let names: Vec<_> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let runbooks: Vec<_> = alerts.lines().filter_map(|line| line.trim().strip_prefix("runbook: ")).collect();
    assert!(names.len() >= 10);
    let expected: Vec<_> =
        names.iter().map(|name| format!("docs/operations.md#{}", name.to_ascii_lowercase())).collect();
    assert_eq!(runbooks, expected);
    for name in names {
        let paragraph = manual.split(&format!("\n#### {name}\n")).nth(1).unwrap_or_else(|| panic!("{name}"));
        assert!(paragraph.split("\n####").next().unwrap().trim().len() > 80, "{name}");
    }
}

fn promtool(arguments: &[&str], input: &str) {
    let mut child = Command::new("promtool")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
}

#[actix_web::test]
#[ignore = "needs promtool: run scripts/test"]
async fn promtool_accepts_the_metrics() {
    promtool(&["check", "metrics"], &text_of_a_used_node().await);
}

#[test]
#[ignore = "needs promtool: run scripts/test"]
fn promtool_accepts_the_alerts_and_they_fire_when_they_should() {
    promtool(&["check", "rules", "deploy/prometheus/alerts.yml"], "");
    promtool(&["test", "rules", "deploy/prometheus/alerts_test.yml"], "");
}
