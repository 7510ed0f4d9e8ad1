//! The URLs of a deployment, as clients ask for them.

use std::{collections::BTreeMap, str::FromStr};

use url::Url;

/// The configured URLs by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution(BTreeMap<String, String>);

impl Distribution {
    const NAMES: [&str; 7] = ["audio", "file", "image", "server", "share", "video", "websocket"];

    /// The URL of that name, if it is configured.
    #[must_use]
    pub fn url(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromStr for Distribution {
    type Err = String;

    /// Parses `NAME=URL,…`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut urls = BTreeMap::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (name, url) = item.split_once('=').ok_or_else(|| format!("{item}: must be NAME=URL"))?;
            if !Self::NAMES.contains(&name) {
                return Err(format!("{name} is not one of {}", Self::NAMES.join(", ")));
            }
            let (plain, secure) = if name == "websocket" { ("ws", "wss") } else { ("http", "https") };
            if !Url::parse(url).is_ok_and(|url| [plain, secure].contains(&url.scheme()) && url.has_host()) {
                return Err(format!("{name}: must start with {plain}:// or {secure}://"));
            }
            if urls.insert(name.to_owned(), url.trim_end_matches('/').to_owned()).is_some() {
                return Err(format!("{name} occurs twice"));
            }
        }
        Ok(Self(urls))
    }
}
