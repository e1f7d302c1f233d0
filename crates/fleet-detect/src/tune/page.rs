//! One self-contained HTML file: no request leaves it, it works offline, in light and dark.

use serde::Serialize;

use super::report::Tuning;

const TEMPLATE: &str = include_str!("page.html");
const PLACE: &str = "/*DATA*/null";

/// The page as HTML.
pub fn render(title: &str, tuning: &Tuning) -> String {
    #[derive(Serialize)]
    struct Page<'a> {
        title: &'a str,
        tuning: &'a Tuning,
    }
    // Writing plain data to memory cannot fail. `<` is escaped, so that no name can end the script element.
    let json = serde_json::to_string(&Page { title, tuning }).unwrap_or_default().replace('<', "\\u003c");
    TEMPLATE.replacen(PLACE, &json, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_page() {
        let evil = "</script><img src=x onerror=alert(1)>";
        let tuning =
            Tuning { budget: 0.1, from: 0, held_out_from: 1, to: 2, behaviors: Vec::new(), incidents: Vec::new() };
        let html = render(evil, &tuning);
        assert!(!html.contains(evil) && html.contains("onerror"));
        assert!(!TEMPLATE.contains("innerHTML"), "names reach the page as text only");
        let spaces = html.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(html.matches("http").count(), spaces, "nothing is loaded");
    }
}
