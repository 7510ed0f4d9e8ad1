//! The documents agree with the code.

use std::{fs, path::Path};

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

#[test]
fn links_in_documents_point_at_existing_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(root.join("docs/adr")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.len() > 8 && name.as_bytes()[..4].iter().all(u8::is_ascii_digit), "{name}");
    }
    for document in ["README.md", "CONTRIBUTING.md"] {
        for link in text(document).split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            assert!(target.starts_with("https://") || root.join(target).exists(), "{document}: {target}");
        }
    }
}
