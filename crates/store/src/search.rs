//! Finding series by words and labels: what is searched, and the patterns it is searched with.

/// What words are looked for in: title and name, then every label between separators that occur in
/// no text, so that a whole label can be told from a part of one.
pub(crate) fn search_text(title: &str, name: &str, labels: &[(String, String)]) -> String {
    let mut text = format!("{title}\u{1e}{name}\u{1f}");
    for (key, value) in labels {
        text.push_str(key);
        text.push('=');
        text.push_str(value);
        text.push('\u{1f}');
    }
    text.to_lowercase()
}

/// The `like` patterns of a search: one for each word; `key=value` is a whole label.
/// `key="two words"` is one word.
pub(crate) fn patterns(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.to_lowercase().chars() {
        match c {
            '"' => quoted = !quoted,
            c if !quoted && (c.is_whitespace() || c.is_control()) => {
                words.push(std::mem::take(&mut word));
            }
            c if c.is_control() => word.push(' '),
            '%' | '_' | '\\' => word.extend(['\\', c]),
            c => word.push(c),
        }
    }
    words.push(word);
    words
        .into_iter()
        // More words than this find nothing anyway, and SQLite refuses patterns of 50,000 bytes.
        .filter(|w| !w.is_empty() && w.len() <= 1_000)
        .take(32)
        .map(|word| match word.split_once('=') {
            Some((key, _)) if !key.is_empty() => format!("%\u{1f}{word}\u{1f}%"),
            _ => format!("%{word}%"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_cut_into_words_and_whole_labels() {
        assert_eq!(
            patterns("  Disk 50%  host=DB_1 city=\"New York\" =x "),
            [
                "%disk%",
                "%50\\%%",
                "%\u{1f}host=db\\_1\u{1f}%",
                "%\u{1f}city=new york\u{1f}%",
                "%=x%",
            ]
        );
        assert!(patterns(" \n ").is_empty());
    }
}
