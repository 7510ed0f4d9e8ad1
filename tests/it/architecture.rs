//! The layer rule: arrows point down only (CONTRIBUTING.md).

use std::{
    fs,
    path::{Path, PathBuf},
};

pub fn sources(folder: &str) -> Vec<PathBuf> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                walk(&entry.unwrap().path(), found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path.to_owned());
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    if found.is_empty() {
        walk(&root.join(format!("{folder}.rs")), &mut found);
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

#[track_caller]
fn assert_no_word(folder: &str, but: &str, words: &[&str]) {
    let is_meant = |path: &PathBuf| but.is_empty() || !path.to_str().unwrap().contains(but);
    for path in sources(folder).into_iter().filter(is_meant) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in words {
                assert!(!line.contains(word), "{}:{}: {word}", path.display(), number + 1);
            }
        }
    }
}

#[test]
fn the_domain_names_no_transport_and_no_database() {
    assert_no_word("domain", "", &["actix", "prost", "diesel", "redis", "StatusCode", "transport::", "serde", "cli::"]);
}

#[test]
fn requests_use_the_current_values_of_settings() {
    for folder in ["domain", "transport", "account_file"] {
        assert_no_word(folder, "", &["config.reloadable"]);
    }
}

#[test]
fn the_model_imports_nobody() {
    assert_no_word("model", "", &["crate::", "actix", "prost", "diesel", "redis", "serde"]);
}

#[test]
fn only_the_store_names_diesel() {
    assert_no_word("", "src/store", &["diesel::", "use diesel"]);
    assert_no_word("store", "", &["domain::", "transport::", "state::", "actix"]);
}

#[test]
fn only_one_module_names_redis() {
    assert_no_word(
        "",
        "src/state/redis",
        &["redis::Client", "redis::cmd", "redis::Script", "redis::aio", "RedisError"],
    );
    assert_no_word("state", "", &["domain::", "transport::", "store::", "actix"]);
}

#[test]
fn only_delivery_sends_anything() {
    assert_no_word("", "src/delivery", &["lettre::transport"]);
    for path in sources("").iter().map(|path| path.to_str().unwrap()) {
        let may_send =
            ["src/delivery", "src/media/s3.rs", "src/http_client.rs"].iter().any(|known| path.contains(known));
        assert!(may_send || !fs::read_to_string(path).unwrap().contains("ureq"), "{path}");
    }
    assert_no_word("media", "", &["domain::", "crate::transport", "store::", "state::", "actix", "diesel"]);
    assert_no_word("delivery", "", &["domain::", "crate::transport", "store::", "state::", "actix"]);
}

#[test]
fn files_of_accounts_know_neither_the_transport_nor_the_command_line() {
    assert_no_word("account_file", "", &["transport::", "cli::", "clap", "actix", "diesel", "state::"]);
}

#[test]
fn only_the_transport_names_actix_and_prost() {
    assert_no_word("", "src/transport", &["actix_web", "prost::", "use prost"]);
}

#[test]
fn handlers_go_through_the_domain() {
    for folder in ["transport/v1", "transport/admin", "transport/console"] {
        assert_no_word(folder, "", &["store::", "state::", ".db.", ".state.", ".hashing"]);
    }
    assert_no_word("transport", "", &["command_line("]);
}

#[test]
fn the_two_apis_know_nothing_of_each_other() {
    assert_no_word("transport/v1", "", &["admin::"]);
    assert_no_word("transport/admin", "", &["v1::", "pb::", "Wire", "console::"]);
    assert_no_word("transport/console", "", &["admin::"]);
}

#[test]
fn files_stay_short() {
    for folder in ["", "../tests"] {
        for path in sources(folder) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= 400, "{}: {lines} lines", path.display());
        }
    }
}
