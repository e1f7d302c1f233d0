//! JSON that spans lines, taken apart into records without holding a whole document.
//!
//! A record is an element of a list, an element of the member `events` of an object (as `aws logs filter-log-events`
//! prints it), or an object without such a member. Only brackets, commas and quotes are looked at here; whether a record
//! is JSON is for its parser to say.

use std::io::{self, BufRead};

use super::input::{Input, MAX_LINE};

/// Why a document cannot be taken apart any further.
#[derive(Debug)]
pub(super) enum Broken {
    Io(io::Error),
    Syntax(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Documents, one after the other.
pub(super) struct Documents<'r> {
    input: Input<'r>,
    place: Place,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    BetweenDocuments,
    /// In a list, or in the list `events` of an object; before its first element, or after one.
    List {
        is_events: bool,
        is_first: bool,
    },
    /// In an object after its `events`.
    Rest,
}

impl<'r> Documents<'r> {
    pub fn new(input: Input<'r>) -> Self {
        Self { input, place: Place::BetweenDocuments }
    }

    /// The text of the next record; none at the end of the input.
    ///
    /// # Errors
    /// When the input cannot be read, ends within a document, or has something where it cannot be; nothing can be read
    /// after that.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let mut record = Vec::new();
        loop {
            let byte = self.peek()?;
            match (self.place, byte) {
                (Place::BetweenDocuments, None) => return Ok(None),
                (_, None) => return Err(ended()),
                (Place::BetweenDocuments, Some(b'[')) => {
                    self.input.consume(1);
                    self.place = Place::List { is_events: false, is_first: true };
                }
                (Place::BetweenDocuments, Some(b'{')) => {
                    if self.object(&mut record)? {
                        return Ok(Some(record));
                    }
                }
                (Place::BetweenDocuments, Some(_)) => {
                    self.value(&mut record)?;
                    return Ok(Some(record));
                }
                (Place::List { is_events, .. }, Some(b']')) => {
                    self.input.consume(1);
                    self.place = if is_events { Place::Rest } else { Place::BetweenDocuments };
                }
                (Place::List { is_events, is_first }, Some(byte)) => {
                    if !is_first {
                        self.expect(b',', byte)?;
                    }
                    self.place = Place::List { is_events, is_first: false };
                    self.value(&mut record)?;
                    return Ok(Some(record));
                }
                (Place::Rest, Some(b'}')) => {
                    self.input.consume(1);
                    self.place = Place::BetweenDocuments;
                }
                (Place::Rest, Some(byte)) => {
                    self.expect(b',', byte)?;
                    self.member(&mut record)?;
                    self.value(&mut record)?;
                    record.clear();
                }
            }
        }
    }

    /// Copies an object, and returns true; or stops before the first element of its list `events`.
    fn object(&mut self, record: &mut Vec<u8>) -> Result<bool, Broken> {
        self.input.consume(1);
        record.push(b'{');
        loop {
            match self.peek()?.ok_or_else(ended)? {
                b'}' => {
                    self.input.consume(1);
                    record.push(b'}');
                    return Ok(true);
                }
                byte if record.len() > 1 => {
                    self.expect(b',', byte)?;
                    record.push(b',');
                }
                _ => {}
            }
            let is_events = self.member(record)?;
            if is_events && self.peek()? == Some(b'[') {
                self.input.consume(1);
                self.place = Place::List { is_events: true, is_first: true };
                record.clear();
                return Ok(false);
            }
            self.value(record)?;
        }
    }

    /// Copies a member's name and colon; whether the name is `events`.
    fn member(&mut self, record: &mut Vec<u8>) -> Result<bool, Broken> {
        let from = record.len();
        match self.peek()?.ok_or_else(ended)? {
            b'"' => self.value(record)?,
            other => return Err(unexpected(other)),
        }
        let is_events = &record[from..] == b"\"events\"";
        match self.peek()?.ok_or_else(ended)? {
            b':' => self.input.consume(1),
            other => return Err(unexpected(other)),
        }
        record.push(b':');
        Ok(is_events)
    }

    fn expect(&mut self, expected: u8, found: u8) -> Result<(), Broken> {
        if found != expected {
            return Err(unexpected(found));
        }
        self.input.consume(1);
        Ok(())
    }

    /// The next byte that is no white space, not consumed.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.input.fill_buf()?;
            let length = buffer.len();
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let found = buffer.get(blank).copied();
            self.input.consume(blank);
            if found.is_some() || length == 0 {
                return Ok(found);
            }
        }
    }

    /// Copies a value: up to the end of its text or its brackets, or, of anything else, up to what cannot be in it.
    fn value(&mut self, record: &mut Vec<u8>) -> Result<(), Broken> {
        self.peek()?;
        let mut scan = Scan { depth: 0, in_text: false, escaped: false, is_begun: false };
        loop {
            let buffer = self.input.fill_buf()?;
            let length = buffer.len();
            let end = buffer.iter().position(|byte| scan.ends_before(*byte));
            let taken = end.unwrap_or(length);
            if record.len() + taken > MAX_LINE {
                return Err(Broken::Syntax(format!("a record is longer than {MAX_LINE} bytes")));
            }
            record.extend_from_slice(&buffer[..taken]);
            self.input.consume(taken);
            if end.is_some() {
                return if scan.is_begun { Ok(()) } else { Err(unexpected(self.peek()?.unwrap_or_default())) };
            }
            if length == 0 {
                // A number may be the last thing of all.
                return if scan.depth == 0 && !scan.in_text && scan.is_begun { Ok(()) } else { Err(ended()) };
            }
        }
    }
}

/// Where a scan through a value is.
struct Scan {
    depth: u32,
    in_text: bool,
    escaped: bool,
    /// Whether any byte of the value has been seen.
    is_begun: bool,
}

impl Scan {
    /// Whether the value ends before this byte.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return false;
        }
        let is_outside = self.depth == 0;
        if is_outside && (matches!(byte, b',' | b':' | b']' | b'}') || byte.is_ascii_whitespace()) {
            return true;
        }
        // Nothing of one value follows its closing bracket or quote.
        if is_outside && self.is_begun && matches!(byte, b'"' | b'{' | b'[') {
            return true;
        }
        self.is_begun = true;
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        false
    }
}

fn ended() -> Broken {
    Broken::Syntax("the input ends within a document".to_owned())
}

fn unexpected(byte: u8) -> Broken {
    Broken::Syntax(format!("`{}` stands where it cannot be", byte.escape_ascii()))
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn records(text: &str, buffer: usize) -> Result<Vec<String>, String> {
        let input = BufReader::with_capacity(buffer, text.as_bytes());
        let (mut documents, mut found) = (Documents::new(Box::new(input)), Vec::new());
        loop {
            match documents.next() {
                Ok(Some(record)) => found.push(String::from_utf8_lossy(&record).into_owned()),
                Ok(None) => return Ok(found),
                Err(Broken::Io(error)) => return Err(error.to_string()),
                Err(Broken::Syntax(error)) => return Err(format!("{} then {error}", found.len())),
            }
        }
    }

    #[test]
    fn records_are_taken_out_wherever_a_buffer_ends() {
        let cases = [
            ("", "[]"),
            (" { \"a\" : [ 1 , { } ] }\n{}5 ", r#"["{\"a\":[ 1 , { } ]}","{}","5"]"#),
            ("[{\"a\":\"]\\\"}\"},\n7 ,[]]", r#"["{\"a\":\"]\\\"}\"}","7","[]"]"#),
            (
                "{\"x\":[{\"events\":1}],\"events\":[{\"m\":\"e\"} , 2],\"next\":{\"events\":[3]}} [4]",
                r#"["{\"m\":\"e\"}","2","4"]"#,
            ),
            ("{\"events\":[]}", "[]"),
            ("{\"events\":5}", r#"["{\"events\":5}"]"#),
        ];
        for (text, expected) in cases {
            for buffer in 1..text.len() + 2 {
                let found = records(text, buffer).map(|found| serde_json::to_string(&found).unwrap());
                let same: serde_json::Value = serde_json::from_str(expected).unwrap();
                assert_eq!(found.map(|found| serde_json::from_str(&found).unwrap()), Ok(same), "{text} in {buffer}");
            }
        }
    }

    #[test]
    fn broken_documents_end_with_an_error() {
        for (text, expected) in [
            ("[1 2]", "1 then `2`"),
            ("[1,]", "1 then `]`"),
            ("{\"a\" 1}", "0 then `1`"),
            ("{a:1}", "0 then `a`"),
            ("{\"events\":[{}", "1 then the input ends"),
            ("{\"events\":[{}]", "1 then the input ends"),
            ("{\"events\":[{}] 5", "1 then `5`"),
            ("[\"a", "0 then the input ends"),
            ("}", "0 then `}`"),
        ] {
            let error = records(text, 3).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
