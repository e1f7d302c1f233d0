//! Devices from a CSV file, for `thingsFrom`.

use std::collections::{BTreeMap, HashMap};

use super::node::{Member, Node, Tree};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, did_you_mean};

/// One row.
#[derive(Debug)]
pub struct Row {
    pub name: String,
    pub span: Span,
    thing_type: Option<String>,
    attributes: BTreeMap<String, String>,
}

impl Row {
    /// The entry that this row stands for.
    pub fn node(&self) -> Node {
        let text = |value: &str| Node::text(self.span, value);
        let member = |key: &str, node| Member { key: key.to_owned(), key_span: self.span, node };
        let attributes = self.attributes.iter().map(|(key, value)| member(key, text(value))).collect();
        let mut members = vec![member("attributes", Node { span: self.span, tree: Tree::Map(attributes) })];
        members.extend(self.thing_type.as_deref().map(|name| member("thingType", text(name))));
        Node { span: self.span, tree: Tree::Map(members) }
    }
}

/// Reads the rows. Column `thingName` is required, `thingType` optional; every other column is an attribute, absent
/// where the cell is empty.
pub fn rows(sources: &Sources, source: u32, diagnostics: &mut Diagnostics) -> Vec<Row> {
    let text = &sources.get(Span { source, start: 0, end: 0 }).text;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let head = Span { source, start: 0, end: text.find('\n').unwrap_or(text.len()).max(1) };
    let Ok(header) = reader.headers().cloned() else {
        diagnostics.push(Diagnostic::error("bad-csv", "the first line must name the columns").at(head));
        return Vec::new();
    };
    let Some(name_column) = header.iter().position(|column| column == "thingName") else {
        let help = did_you_mean("thingName", header.iter()).map_or_else(
            || "name the column that holds the thing's name `thingName`".to_owned(),
            |_| "call it `thingName`".into(),
        );
        diagnostics.push(Diagnostic::error("bad-csv", "there is no column `thingName`").at(head).help(help));
        return Vec::new();
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut seen: HashMap<String, Span> = HashMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let start = error.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
                let span = Span { source, start, end: start + 1 };
                diagnostics.push(Diagnostic::error("bad-csv", format!("this row cannot be read: {error}")).at(span));
                continue;
            }
        };
        let start = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
        let end = text[start.min(text.len())..].find('\n').map_or(text.len(), |newline| start + newline);
        let span = Span { source, start, end: end.max(start + 1) };
        let mut row = Row { name: record[name_column].to_owned(), span, thing_type: None, attributes: BTreeMap::new() };
        for (column, cell) in header.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty()) {
            match column {
                "thingName" => {}
                "thingType" => row.thing_type = Some(cell.to_owned()),
                _ => drop(row.attributes.insert(column.to_owned(), cell.to_owned())),
            }
        }
        if row.name.is_empty() {
            diagnostics.push(Diagnostic::error("bad-csv", "this row has no `thingName`").at(span));
        } else if let Some(first) = seen.get(&row.name) {
            let message = format!("the thing `{}` stands twice in this file", row.name);
            diagnostics.push(Diagnostic::error("duplicate-name", message).at(span).related(*first, "first here"));
        } else {
            seen.insert(row.name.clone(), span);
            rows.push(row);
        }
    }
    rows
}
