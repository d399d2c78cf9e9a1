//! The links between the documents lead to files that exist.

use std::{fs, path::Path};
use template::root;

/// The targets of a Markdown text's links that are paths.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let paths = targets.filter(|target| !target.starts_with("http") && !target.starts_with('#'));
    paths.filter_map(|target| target.split('#').next())
}

fn documents(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect()
}

#[test]
fn every_link_leads_to_a_file() {
    let folders = ["", "docs", "docs/decisions", "infra/bench/peer", "tests/smoke"];
    let documents: Vec<_> = folders
        .iter()
        .flat_map(|folder| documents(&root().join(folder)))
        .collect();
    assert!(documents.len() > 15, "{documents:?}");
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for path in paths(&text) {
            let target = document.parent().unwrap().join(path);
            assert!(target.exists(), "{} links to {path}", document.display());
        }
    }
}
