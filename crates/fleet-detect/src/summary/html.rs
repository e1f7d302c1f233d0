//! One self-contained HTML file: no request leaves it, it works offline, in light and dark.

use super::page::Page;

const TEMPLATE: &str = include_str!("page.html");
const PLACE: &str = "/*DATA*/null";

/// The page as HTML.
pub fn render(page: &Page) -> String {
    // Writing plain data to memory cannot fail. `<` is escaped, so that no name can end the script element.
    let json = serde_json::to_string(page).unwrap_or_default().replace('<', "\\u003c");
    TEMPLATE.replacen(PLACE, &json, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::AlarmSpan;
    use crate::summary::totals::Totals;
    use crate::{Config, SecurityProfile};

    #[test]
    fn names_cannot_break_out_of_the_page() {
        let evil = "</script><img src=x onerror=alert(1)>";
        let profile: SecurityProfile = serde_json::from_value(serde_json::json!({"securityProfileName": "p"})).unwrap();
        let config = Config { profiles: vec![profile.into()], ..Config::default() };
        let alarm = AlarmSpan {
            device: evil.into(),
            profile: "p".into(),
            behavior: "b".into(),
            raised: 0,
            ended: None,
            suppressed: false,
        };
        let page = Page::new("t", &config, Totals::default(), &[alarm], Default::default());
        let html = render(&page);
        assert!(!html.contains(evil) && html.contains("onerror"));
        assert!(!TEMPLATE.contains("innerHTML"), "names reach the page as text only");
        assert_eq!(
            html.matches("http").count(),
            html.matches("http://www.w3.org/2000/svg").count(),
            "nothing is loaded"
        );
    }
}
