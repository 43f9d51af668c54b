//! Takes Rust source apart into code and string literals, as far as the rules need it.

/// A Rust file without its comments, and with its strings apart.
#[derive(Clone, Debug)]
pub struct Source {
    /// The code: comments and the insides of literals are blanks, lines and columns are kept.
    pub code: String,
    /// The string literals, each with the line it begins on.
    pub strings: Vec<(usize, String)>,
}

impl Source {
    /// Takes a file apart.
    pub fn parse(text: &str) -> Self {
        Lexer {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
            code: String::new(),
            strings: Vec::new(),
        }
        .run()
    }

    /// The code without the modules and functions that stand under `#[cfg(test)]`.
    pub fn without_tests(&self) -> String {
        let mut code: Vec<char> = self.code.chars().collect();
        let marker: Vec<char> = "#[cfg(test)]".chars().collect();
        let mut from = 0;
        while let Some(found) = code[from..].windows(marker.len()).position(|w| w == marker) {
            let start = from + found;
            let end = end_of_item(&code, start + marker.len());
            for c in &mut code[start..end] {
                if *c != '\n' {
                    *c = ' ';
                }
            }
            from = end;
        }
        code.into_iter().collect()
    }
}

/// Where the item that begins here ends: after its `;`, or after the `}` that closes it.
fn end_of_item(code: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.iter().enumerate().skip(start) {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The lines (from 1) on which a piece of code stands as a whole word.
pub fn lines_with(code: &str, needle: &str) -> Vec<usize> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let guarded = needle.starts_with(word);
    let mut lines = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let hit = line
            .match_indices(needle)
            .any(|(at, _)| !guarded || !line[..at].ends_with(word));
        if hit {
            lines.push(number + 1);
        }
    }
    lines
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    strings: Vec<(usize, String)>,
}

impl Lexer {
    fn run(mut self) -> Source {
        while let Some(c) = self.peek(0) {
            match c {
                '/' if self.peek(1) == Some('/') => self.line_comment(),
                '/' if self.peek(1) == Some('*') => self.block_comment(),
                '"' => self.string(),
                'r' if !self.inside_word() && self.raw_hashes().is_some() => self.raw_string(),
                '\'' => self.quote(),
                _ => self.keep(),
            }
        }
        Source {
            code: self.code,
            strings: self.strings,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Copies one character.
    fn keep(&mut self) {
        if let Some(c) = self.peek(0) {
            self.code.push(c);
            self.step(c);
        }
    }

    /// Leaves a blank for one character and returns it.
    fn blank(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.code.push(if c == '\n' { '\n' } else { ' ' });
        self.step(c);
        Some(c)
    }

    fn step(&mut self, c: char) {
        self.at += 1;
        if c == '\n' {
            self.line += 1;
        }
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => return,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank();
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        let line = self.line;
        let mut text = String::new();
        self.keep();
        while let Some(c) = self.peek(0) {
            if c == '"' {
                self.keep();
                break;
            }
            self.blank();
            if c == '\\' {
                match self.blank() {
                    // A line that is continued: what follows belongs to it.
                    Some('\n' | 'n' | 't' | 'r') => text.push(' '),
                    Some(escaped) => text.push(escaped),
                    None => break,
                }
            } else {
                text.push(c);
            }
        }
        self.strings.push((line, text));
    }

    /// Whether this `r` is the end of a name; `br` and `cr` begin raw strings too.
    fn inside_word(&self) -> bool {
        let before = |back: usize| {
            self.at
                .checked_sub(back)
                .and_then(|at| self.chars.get(at))
                .copied()
        };
        let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        match before(1) {
            Some('b' | 'c') => word(before(2)),
            other => word(other),
        }
    }

    /// How many `#` stand between this `r` and its quote; none if it begins no raw string.
    fn raw_hashes(&self) -> Option<usize> {
        let mut hashes = 0;
        while self.peek(1 + hashes) == Some('#') {
            hashes += 1;
        }
        (self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self) {
        let Some(hashes) = self.raw_hashes() else {
            return;
        };
        let line = self.line;
        for _ in 0..hashes + 2 {
            self.keep();
        }
        let mut text = String::new();
        while let Some(c) = self.peek(0) {
            if c == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                for _ in 0..=hashes {
                    self.keep();
                }
                break;
            }
            self.blank();
            text.push(c);
        }
        self.strings.push((line, text));
    }

    /// A character or a lifetime.
    fn quote(&mut self) {
        self.keep();
        if self.peek(0) == Some('\\') {
            self.blank();
            self.blank();
            while self.peek(0).is_some_and(|c| c != '\'') {
                self.blank();
            }
            self.keep();
        } else if self.peek(1) == Some('\'') {
            self.blank();
            self.keep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        let source =
            Source::parse("let a = \"cfg(x)\"; // cfg(y)\n/* cfg( /* z */ */ let b = 'c';\n");
        assert!(!source.code.contains("cfg"));
        assert!(source.code.contains("let a") && source.code.contains("let b"));
        assert_eq!(source.strings, [(1, "cfg(x)".to_owned())]);
    }

    #[test]
    fn raw_strings_end_at_their_own_quote() {
        let source = Source::parse("let a = r#\"say \"hi\"\"#; let var = 1;");
        assert_eq!(source.strings, [(1, "say \"hi\"".to_owned())]);
        assert!(source.code.contains("let var = 1;"));
    }

    #[test]
    fn a_lifetime_opens_no_character() {
        let source = Source::parse("fn f<'a>(x: &'a str) -> char { '\"' }\nlet y = \"z\";");
        assert_eq!(source.strings, [(2, "z".to_owned())]);
    }

    #[test]
    fn lines_and_columns_are_kept() {
        let text = "a \"b\\\n  c\" /* d\n */ e\n";
        let code = Source::parse(text).code;
        assert_eq!(code.len(), text.len());
        assert_eq!(lines_with(&code, "e"), [3]);
    }

    #[test]
    fn tests_are_cut_out_with_their_braces() {
        let code =
            Source::parse("fn a() {}\n#[cfg(test)]\nmod tests { fn b() { c(); } }\nfn d() {}\n")
                .without_tests();
        assert!(!code.contains("c()"));
        assert_eq!(lines_with(&code, "fn d"), [4]);
    }

    #[test]
    fn a_word_inside_another_is_not_found() {
        assert!(lines_with("prerequire(x)", "require(").is_empty());
        assert_eq!(lines_with("guard::require(x)", "require("), [1]);
    }
}
