//! URLs with several hosts, which the URL standard does not know: `scheme://user:password@a:1,b:2/path?query`.

/// A URL taken apart around its hosts.
#[derive(Clone, Copy, Debug)]
pub struct HostList<'a> {
    /// The scheme with `://`, and the user and the password with `@`.
    before: &'a str,
    hosts: &'a str,
    /// The path, the query and the fragment.
    after: &'a str,
}

impl<'a> HostList<'a> {
    /// Takes a URL apart; `None` if it has no hosts.
    #[must_use]
    pub fn of(url: &'a str) -> Option<Self> {
        let start = url.find("://")? + "://".len();
        let (scheme, rest) = url.split_at(start);
        let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
        let (before, _) = url.split_at(scheme.len() + authority.len() - hosts.len());
        Some(Self { before, hosts, after })
    }

    /// Whether there are several hosts.
    #[must_use]
    pub fn is_several(&self) -> bool {
        self.hosts.contains(',')
    }

    /// The hosts, each with its port if it has one.
    pub fn hosts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.hosts.split(',')
    }

    /// The URL with its first host only, which is a URL by the standard.
    #[must_use]
    pub fn with_first(&self) -> String {
        self.with(self.hosts().next().unwrap_or_default())
    }

    /// The URL with these hosts in place of its own.
    #[must_use]
    pub fn with(&self, hosts: &str) -> String {
        format!("{}{hosts}{}", self.before, self.after)
    }
}
