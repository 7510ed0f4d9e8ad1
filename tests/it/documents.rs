//! The documents agree with the code.

use std::{
    fs,
    path::{Path, PathBuf},
};

use diglot::config::SETTINGS;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_readme_lists_every_setting_with_its_default_and_meaning() {
    let readme = text("README.md");
    for setting in SETTINGS {
        let default = setting.default.map_or(String::new(), |default| format!("`{default}`"));
        let row = format!("| `{}` | {default} | {} |", setting.name, setting.meaning);
        assert!(readme.contains(&row), "{row}");
    }
    assert_eq!(readme.matches("\n| `").count(), SETTINGS.len());
}

/// Every Markdown file of the project.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() && !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// The names by which links refer to a document's headings.
fn anchors(document: &str) -> Vec<String> {
    let headings = document.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        text.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter)).collect::<String>()
    };
    headings.map(|heading| anchor(heading).replace(' ', "-")).collect()
}

#[test]
fn links_in_documents_point_at_existing_places() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = documents(root);
    assert!(all.len() > 20, "{all:?}");
    for document in all {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { document.clone() } else { document.parent().unwrap().join(file) };
            assert!(file.exists(), "{}: {target}", document.display());
            let is_found = || anchors(&fs::read_to_string(&file).unwrap()).contains(&anchor.to_owned());
            assert!(anchor.is_empty() || is_found(), "{}: {target}", document.display());
        }
    }
}

#[test]
fn decisions_are_numbered() {
    for decision in documents(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/adr")) {
        let name = decision.file_name().unwrap().to_str().unwrap();
        assert!(name.len() > 8 && name.as_bytes()[..4].iter().all(u8::is_ascii_digit), "{name}");
    }
}
