//! Puts what was measured into a document, so that its tables are the program's own output.

use std::fs;
use std::path::Path;

use crate::report::Report;

/// Replaces what stands between `<!-- GROUP -->` and `<!-- /GROUP -->` in a document, for each of these groups.
pub(crate) fn fill(document: &Path, reports: &[Report]) -> Result<(), String> {
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", document.display());
    let mut text = fs::read_to_string(document).map_err(|error| problem(&error))?;
    for report in reports {
        text = filled(&text, report.group(), &report.to_string()).map_err(|error| problem(&error))?;
    }
    fs::write(document, text).map_err(|error| problem(&error))
}

fn filled(text: &str, group: &str, report: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- {group} -->"), format!("<!-- /{group} -->"));
    let missing = || format!("no {begin} with {end} after it");
    let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{before}{begin}\n\n{}\n\n{end}{after}", report.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_group_measured_stands_between_its_marks() {
        let text = "# A\n\n<!-- journal -->\nold\n<!-- /journal -->\n\n<!-- store -->\n<!-- /store -->\n";
        assert_eq!(
            filled(text, "journal", "| new |\n").unwrap(),
            "# A\n\n<!-- journal -->\n\n| new |\n\n<!-- /journal -->\n\n<!-- store -->\n<!-- /store -->\n"
        );
    }

    #[test]
    fn a_document_without_the_marks_stays_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let document = directory.path().join("performance.md");
        fs::write(&document, "<!-- journal -->\n").unwrap();
        let refused = fill(&document, &[Report::new("journal", "ns")]).unwrap_err();
        assert!(refused.ends_with("no <!-- journal --> with <!-- /journal --> after it"), "{refused}");
        assert_eq!(fs::read_to_string(&document).unwrap(), "<!-- journal -->\n");
    }
}
