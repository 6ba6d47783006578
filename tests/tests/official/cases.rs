//! What is called: one file a service, whose cases are made once for each of their texts.

use serde_json::{Map, Value, json};

/// One call, as both clients make it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) operation: String,
    /// The client's own options.
    pub(crate) client: Map<String, Value>,
    pub(crate) args: Vec<Value>,
    /// The catalog of an event that has one.
    pub(crate) catalog: Value,
}

impl Case {
    /// For the official client's program.
    pub(crate) fn json(&self) -> Value {
        json!({"operation": self.operation, "client": self.client, "args": self.args, "catalog": self.catalog})
    }
}

/// Reads `{client, texts, catalog, cases}`. A case with `$text` or `$header` in it stands for one case with each of those
/// texts.
pub(crate) fn read(file: &str) -> Vec<Case> {
    let file: Value = serde_json::from_str(file).unwrap();
    let mut all = Vec::new();
    for case in file["cases"].as_array().unwrap() {
        let written = case.to_string();
        let name = case["name"].as_str().unwrap();
        let marker = ["$text", "$header"].into_iter().find(|marker| written.contains(marker));
        let Some(marker) = marker else {
            all.push(made(name.to_owned(), case, &file));
            continue;
        };
        for text in file["texts"][marker].as_array().unwrap() {
            let with_text: Value =
                serde_json::from_str(&written.replace(&format!("\"{marker}\""), &text.to_string())).unwrap();
            all.push(made(format!("{name} = {text}"), &with_text, &file));
        }
    }
    all
}

fn made(name: String, case: &Value, file: &Value) -> Case {
    let mut client = file["client"].as_object().unwrap().clone();
    client.extend(case["client"].as_object().cloned().unwrap_or_default());
    let known = ["name", "operation", "client", "args", "catalog"];
    assert!(case.as_object().unwrap().keys().all(|member| known.contains(&member.as_str())), "{name}");
    Case {
        name,
        operation: case["operation"].as_str().unwrap().to_owned(),
        client,
        args: case["args"].as_array().cloned().unwrap_or_default(),
        catalog: if case["catalog"] == true { file["catalog"].clone() } else { Value::Null },
    }
}
