//! Makes code of `docs/cookbook.md`: each block ` ```rust NAME ` becomes a module of that name, each block
//! ` ```text NAME ` the list of its lines, which a test compares with what the recipe leaves.

use std::error::Error;
use std::fmt::Write;
use std::{env, fs};

const COOKBOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cookbook.md");

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={COOKBOOK}");
    let (recipes, leaves) = read(&fs::read_to_string(COOKBOOK)?)?;
    let out = env::var("OUT_DIR")?;
    fs::write(format!("{out}/recipes.rs"), recipes)?;
    fs::write(format!("{out}/leaves.rs"), leaves)?;
    Ok(())
}

fn read(cookbook: &str) -> Result<(String, String), Box<dyn Error>> {
    let (mut recipes, mut leaves) = (String::new(), String::new());
    let mut lines = cookbook.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match info.split_once(' ') {
            Some(("rust", name)) => write!(recipes, "pub mod {name} {{\n{}\n}}\n", block.join("\n"))?,
            Some(("text", name)) => writeln!(leaves, "pub(super) const {name}: &[&str] = &{block:#?};")?,
            // Nothing to check: a line of a shell or a manifest.
            None if !["", "rust", "text"].contains(&info) => {}
            _ => return Err(format!("a block of the cookbook has no name: {line}").into()),
        }
    }
    Ok((recipes, leaves))
}
