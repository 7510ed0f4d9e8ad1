//! No circle of imports between files: whoever reads a file from the top meets nothing that leads back to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::architecture::sources;

/// A module by its path from the crate's root, such as `["store", "users"]`.
type Module = Vec<String>;

struct Source {
    /// The paths that it imports, from the crate's root.
    imports: Vec<Module>,
    /// The imports that it hands on under its own name.
    reexports: Vec<Module>,
}

fn module_of(root: &Path, file: &Path) -> Module {
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    let mut module: Module = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        module.pop();
    }
    module
}

/// `a::{b, c::{d, e as f}}` as `a::b`, `a::c::d`, `a::c::e`.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap().trim();
        return vec![path.trim_end_matches("::self").to_owned()];
    };
    let (prefix, inner) = (&tree[..open], &tree[open + 1..tree.rfind('}').unwrap()]);
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, letter) in inner.char_indices().chain([(inner.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    let paths = parts.into_iter().filter(|part| !part.trim().is_empty()).flat_map(expand);
    paths.map(|path| format!("{prefix}{path}").trim_end_matches("::self").to_owned()).collect()
}

/// The path from the crate's root, if it is one of the crate's.
fn absolute(path: &str, module: &Module) -> Option<Module> {
    let mut segments = path.split("::").map(str::to_owned).peekable();
    let mut from = match segments.peek()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.clone(),
        _ => return None,
    };
    for segment in segments {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => drop(from.pop()),
            _ => from.push(segment),
        }
    }
    Some(from)
}

fn read(root: &Path, file: &Path) -> Source {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let module = module_of(root, file);
    let (mut imports, mut reexports) = (Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((visibility, start)) = line.trim_start().split_once("use ") else { continue };
        if !["", "pub ", "pub(crate) ", "pub(super) "].contains(&visibility) {
            continue;
        }
        let mut tree = start.to_owned();
        while !tree.ends_with(';') {
            tree.push_str(lines.next().unwrap().trim());
        }
        let tree = tree.trim_end_matches(';');
        // In a module file, `pub use child::Name` begins with a module of its own.
        let tree = if visibility.is_empty() { tree.to_owned() } else { with_self(root, file, tree) };
        let paths = expand(&tree).into_iter().filter_map(|path| absolute(&path, &module));
        if visibility.is_empty() { imports.extend(paths) } else { reexports.extend(paths) }
    }
    Source { imports, reexports }
}

fn with_self(root: &Path, file: &Path, tree: &str) -> String {
    let first = tree.split("::").next().unwrap().trim();
    let module = module_of(root, file);
    let child: PathBuf = module.iter().collect::<PathBuf>().join(first);
    let is_child = root.join(&child).with_extension("rs").exists() || root.join(&child).is_dir();
    if is_child { format!("self::{tree}") } else { tree.to_owned() }
}

/// The module that defines what stands at that path, through re-exports.
fn definer(path: &Module, all: &BTreeMap<Module, Source>) -> Option<Module> {
    for length in (0..=path.len()).rev() {
        let (module, rest) = (path[..length].to_vec(), &path[length..]);
        let Some(source) = all.get(&module) else { continue };
        let name = rest.first()?;
        return match source.reexports.iter().find(|reexport| reexport.last() == Some(name) && *reexport != path) {
            Some(reexport) => definer(reexport, all),
            None => Some(module),
        };
    }
    None
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let all: BTreeMap<Module, Source> =
        sources("").iter().map(|file| (module_of(&root, file), read(&root, file))).collect();
    let arrows: BTreeMap<&Module, BTreeSet<Module>> = all
        .iter()
        .map(|(module, source)| {
            let to = source.imports.iter().filter_map(|path| {
                // A path to a module itself stands for what is used of it.
                if all.contains_key(path) { Some(path.clone()) } else { definer(path, &all) }
            });
            // A child may use what the module around it defines for its children.
            (module, to.filter(|to| !module.starts_with(to)).collect())
        })
        .collect();
    let arrow_count: usize = arrows.values().map(BTreeSet::len).sum();
    assert!(arrow_count > 200, "only {arrow_count} imports were understood");
    for start in all.keys() {
        let mut seen: BTreeSet<&Module> = BTreeSet::new();
        let mut next: Vec<&Module> = arrows[start].iter().collect();
        while let Some(module) = next.pop() {
            assert!(module != start, "{} is in a circle; through {seen:?}", start.join("::"));
            if seen.insert(module) {
                next.extend(arrows.get(module).into_iter().flatten());
            }
        }
    }
}
