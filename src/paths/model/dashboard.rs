//! CloudWatch dashboards: what their widgets show.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fleet::text;
use super::metric::Read;
use crate::address::Address;

pub struct Dashboard {
    pub address: Address,
    pub widgets: Vec<Widget>,
}

pub struct Widget {
    /// Its title, or its number from 1.
    pub name: String,
    pub reads: Vec<Read>,
    /// Names of the log groups that its query reads.
    pub log_groups: Vec<String>,
    pub pointers: Vec<String>,
}

impl Dashboard {
    pub fn new(address: &Address, state: &Value) -> Dashboard {
        let widgets = state["body"]["widgets"].as_array().into_iter().flatten().enumerate();
        Dashboard {
            address: address.clone(),
            widgets: widgets.map(|(index, widget)| Widget::new(index, widget)).collect(),
        }
    }
}

impl Widget {
    fn new(index: usize, widget: &Value) -> Widget {
        let properties = &widget["properties"];
        let name = text(properties, "title").unwrap_or_else(|| (index + 1).to_string());
        let bases = [format!("/widgets/{index}"), format!("/body/widgets/{index}/properties"), "/bodyFile".to_owned()];
        let (stat, period) = (text(properties, "stat"), properties["period"].as_u64());
        let lines = properties["metrics"].as_array().into_iter().flatten().enumerate();
        let read = |(line, cells): (usize, &Value)| {
            let cells = cells.as_array()?;
            let options = cells.last().filter(|last| last.is_object());
            let words: Vec<&str> = cells.iter().filter_map(Value::as_str).collect();
            let ([namespace, metric], dimensions) = words.split_first_chunk()?;
            let dimensions: BTreeMap<String, String> =
                dimensions.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
            // A metric of another account or region is nobody's here.
            if options.is_some_and(|options| options.get("accountId").is_some() || options.get("region").is_some()) {
                return None;
            }
            let option = |key: &str| options.and_then(|options| text(options, key));
            Some(Read {
                namespace: (*namespace).to_owned(),
                metric: (*metric).to_owned(),
                dimensions,
                statistic: option("stat").or_else(|| stat.clone()).unwrap_or_default(),
                period: options.and_then(|options| options["period"].as_u64()).or(period).unwrap_or(300),
                unit: None,
                subject: format!("{name}: {metric}"),
                pointers: bases.iter().map(|base| format!("{base}/metrics/{line}")).chain(bases.clone()).collect(),
            })
        };
        Widget {
            reads: lines.filter_map(read).collect(),
            log_groups: sources(&text(properties, "query").unwrap_or_default()),
            pointers: bases
                .iter()
                .flat_map(|base| [format!("{base}/logGroups"), format!("{base}/query"), base.clone()])
                .collect(),
            name,
        }
    }
}

/// The log groups of a query: `SOURCE 'a' | SOURCE 'b' | fields …`.
fn sources(query: &str) -> Vec<String> {
    let parts = query.split('|').map_while(|part| part.trim().strip_prefix("SOURCE "));
    parts.map(|name| name.trim().trim_matches(['\'', '"']).to_owned()).collect()
}
