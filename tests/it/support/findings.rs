//! What `diglot doctor` finds.

use std::process::Command;

use serde_json::Value;

const MANUAL: &str = include_str!("../../../docs/operations.md");

/// The checks of one run: their results, names and messages.
#[derive(Debug)]
pub struct Findings(Vec<[String; 3]>);

impl Findings {
    /// Runs a command, which is `diglot doctor` with its environment. Its exit code must be that of the results, and the
    /// manual must name every check.
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        let output = command.arg("--json").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let list: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{:?}", output.stderr));
        let part = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
        let items = list["items"].as_array().unwrap().iter();
        let all: Vec<_> = items.map(|check| ["result", "name", "message"].map(|name| part(check, name))).collect();
        let manual = MANUAL.split("### What `diglot doctor` checks").nth(1).unwrap().split("\n##").next().unwrap();
        for [_, name, _] in &all {
            // The listeners are in one row.
            let is_documented = name.starts_with("DIGLOT_") || manual.contains(&format!("`{name}`"));
            assert!(is_documented, "docs/operations.md does not say what {name} checks");
        }
        let has_failed = all.iter().any(|[result, ..]| result == "fail");
        assert_eq!(output.status.code(), Some(i32::from(has_failed)), "{all:?}");
        Self(all)
    }

    /// Whether there is a check of that name.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|[_, known, _]| known == name)
    }

    /// What the checks of that name say.
    pub fn text(&self, name: &str) -> String {
        self.0.iter().filter(|[_, known, _]| known == name).map(|[_, _, message]| format!("{message}\n")).collect()
    }

    /// Asserts that a check of that name has this result and a message with these words.
    #[track_caller]
    pub fn is(&self, name: &str, result: &str, words: &str) {
        let is_meant = |[of, known, message]: &[String; 3]| of == result && known == name && message.contains(words);
        assert!(self.0.iter().any(is_meant), "{result} {name} {words} is not in {self:#?}");
    }
}
