//! Gathers the raw values of the settings. Precedence: flags, environment, file, default.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use url::Url;

use super::settings::{Redaction, SETTINGS, Setting};
use crate::{
    host_list::HostList,
    secret::{require_readable, without_password},
};

/// The source of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A command line flag.
    Flag,
    /// An environment variable.
    Environment,
    /// The configuration file.
    File,
    /// The default in the table of settings.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}

/// A setting with its value.
#[derive(Clone, Debug)]
pub struct Value {
    /// The setting.
    pub setting: &'static Setting,
    /// The raw value; empty means unset.
    pub text: String,
    /// Its source.
    pub source: Source,
}

impl Value {
    /// The value for display, with its secret part redacted.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.setting.redaction {
            _ if self.text.is_empty() => "(unset)".to_owned(),
            Redaction::Nothing => self.text.clone(),
            Redaction::Everything => "***".to_owned(),
            Redaction::UrlPassword => match HostList::of(&self.text).filter(HostList::is_several) {
                Some(list) => {
                    let shown = shown_url(&list.with_first());
                    let hosts: Vec<_> = list.hosts().collect();
                    HostList::of(&shown).map_or_else(|| shown.clone(), |list| list.with(&hosts.join(",")))
                }
                None => shown_url(&self.text),
            },
        }
    }
}

fn shown_url(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if url.cannot_be_a_base() => text.to_owned(),
        Ok(url) if url.password().is_none() && url.query().is_none() && require_readable(&url).is_ok() => {
            text.to_owned()
        }
        Ok(url) => without_password(&url),
        Err(_) => "***".to_owned(),
    }
}

/// A setting as it is displayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownSetting {
    /// The environment variable.
    pub name: &'static str,
    /// The value, with its secret part redacted.
    pub value: String,
    /// The source of the value.
    pub source: Source,
    /// What it does.
    pub meaning: &'static str,
}

/// The values set on the command line, by setting name.
pub type Flags = BTreeMap<&'static str, String>;

/// All settings, in the order of the table.
#[derive(Debug)]
pub struct Values {
    all: Vec<Value>,
    /// Environment variables that look like settings but are not.
    pub unknown: Vec<String>,
}

impl Values {
    /// Gathers the values from `flags`, `environment` and the TOML file at `file`.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn gather(
        flags: &Flags,
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, Vec<String>> {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let file = file.map_or_else(|| Ok(BTreeMap::new()), read_file)?;
        let value = |setting: &'static Setting| {
            let found = flags
                .get(setting.name)
                .map(|text| (text, Source::Flag))
                .or_else(|| environment.get(setting.name).map(|text| (text, Source::Environment)))
                .or_else(|| file.get(setting.name).map(|text| (text, Source::File)));
            let (text, source) = found.map_or_else(
                || (setting.default.unwrap_or_default().to_owned(), Source::Default),
                |(text, source)| (text.trim().to_owned(), source),
            );
            Value { setting, text, source }
        };
        let is_unknown = |name: &&String| {
            name.starts_with("DIGLOT_")
                && !name.starts_with("DIGLOT_TEST_")
                && !SETTINGS.iter().any(|setting| setting.name == *name)
        };
        Ok(Self {
            all: SETTINGS.iter().map(value).collect(),
            unknown: environment.keys().filter(is_unknown).cloned().collect(),
        })
    }

    /// All settings, in the order of the table.
    #[must_use]
    pub fn all(&self) -> &[Value] {
        &self.all
    }

    /// All settings as they are displayed, in the order of the table.
    #[must_use]
    pub fn shown(&self) -> Vec<ShownSetting> {
        let shown = |value: &Value| ShownSetting {
            name: value.setting.name,
            value: value.shown(),
            source: value.source,
            meaning: value.setting.meaning,
        };
        self.all.iter().map(shown).collect()
    }

    /// The settings whose values differ from those in `other`.
    pub fn changed<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'static Setting> + 'a {
        self.all.iter().filter(|value| value.text != other.text(value.setting.name)).map(|value| value.setting)
    }

    /// These values, with those in `newer` of the settings that can change while the process runs.
    #[must_use]
    pub fn reloaded(&self, newer: &Self) -> Self {
        let current = |own: &Value| match newer.value(own.setting.name) {
            Some(newer) if own.setting.is_reloadable => newer.clone(),
            Some(_) | None => own.clone(),
        };
        Self { all: self.all.iter().map(current).collect(), unknown: self.unknown.clone() }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.all.iter().find(|value| value.setting.name == name)
    }

    /// The raw value of a setting; empty when unset.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.value(name).map_or("", |value| value.text.as_str())
    }
}

/// The values in a TOML file, by setting name.
fn read_file(path: &Path) -> Result<BTreeMap<&'static str, String>, Vec<String>> {
    let at = |problem: &dyn fmt::Display| vec![format!("{}: {problem}", path.display())];
    let text = fs::read_to_string(path).map_err(|error| at(&error))?;
    let table: toml::Table = text.parse().map_err(|error| at(&error))?;
    let mut found = BTreeMap::new();
    let mut problems = Vec::new();
    for (key, value) in table {
        match SETTINGS.iter().find(|setting| setting.file_key() == key) {
            None => problems.push(format!("{}: {key} is not a setting", path.display())),
            Some(setting) => match plain_text(&value) {
                Some(text) => {
                    found.insert(setting.name, text);
                }
                None => problems.push(format!("{}: {key} must be text, a number or a list", path.display())),
            },
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn plain_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => {
            items.iter().map(plain_text).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}
