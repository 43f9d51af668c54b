//! Which passwords are good enough: long, and not what attackers try first.
//!
//! No rule asks for capitals or digits: what such rules produce is in the lists.

use api::PasswordFault;
use sha2::{Digest, Sha256};

/// The shortest password, in characters.
const SHORTEST: usize = 12;
/// The longest one, in bytes: hashing is work that a caller should not be able to make endless.
pub(crate) const LONGEST: usize = 512;
/// What may stand around a well-known word without making a password of it.
const DECORATION: usize = 8;
/// How many characters have to be left without one's own name in it.
const OWN: usize = 8;

/// The first four bytes of the SHA-256 of each password of 12 characters or more that is among the
/// million commonest stolen ones, sorted. `scripts/common-passwords.mjs` says where they come from.
static PASSWORDS: &[u8] = include_bytes!("../../data/common-passwords.bin");
/// The same of the words among the twenty thousand commonest.
static WORDS: &[u8] = include_bytes!("../../data/common-words.bin");

/// What is wrong with a password for the person with that address, if anything is.
pub(crate) fn fault(password: &str, email: &str) -> Option<PasswordFault> {
    if password.chars().count() < SHORTEST {
        return Some(PasswordFault::Short);
    }
    if password.len() > LONGEST {
        return Some(PasswordFault::Long);
    }
    let lower = password.to_lowercase();
    if holds(PASSWORDS, &lower) || is_decorated(&lower) || is_decorated(&plain(&lower)) {
        return Some(PasswordFault::Common);
    }
    if is_pattern(&lower) {
        return Some(PasswordFault::Pattern);
    }
    is_personal(&lower, email).then_some(PasswordFault::Personal)
}

fn holds(hashes: &[u8], text: &str) -> bool {
    let hash = Sha256::digest(text.as_bytes());
    let (hashes, _) = hashes.as_chunks::<4>();
    hash.first_chunk::<4>()
        .is_some_and(|wanted| hashes.binary_search(wanted).is_ok())
}

/// `p@ssw0rd` as `password`.
fn plain(lower: &str) -> String {
    let letter = |c| match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' => 't',
        c => c,
    };
    // The year at the end is no word.
    let end = lower.trim_end_matches(|c: char| !c.is_alphabetic()).len();
    let (word, rest) = lower.split_at(end);
    word.chars().map(letter).chain(rest.chars()).collect()
}

/// A well-known word with a few digits and signs around it.
fn is_decorated(lower: &str) -> bool {
    let word = lower.trim_matches(|c: char| !c.is_alphabetic());
    let around = lower.chars().count() - word.chars().count();
    around <= DECORATION && holds(WORDS, word)
}

/// `abcabcabcabc`, `aaaaaaaaaaaa`, `abcdefghijkl`.
fn is_pattern(lower: &str) -> bool {
    let letters: Vec<char> = lower.chars().collect();
    let repeats = (1..=letters.len() / 2)
        .any(|period| letters[period..].iter().zip(&letters).all(|(a, b)| a == b));
    let steps = letters.windows(2).filter(|pair| {
        let [a, b] = [pair[0], pair[1]].map(u32::from);
        a.abs_diff(b) <= 1 || matches!(pair, ['9', '0'] | ['0', '9'])
    });
    repeats || steps.count() + 3 > letters.len()
}

/// One's own name, or the product's, and little else.
fn is_personal(lower: &str, email: &str) -> bool {
    let email = email.to_lowercase();
    let parts = email.split(|c: char| !c.is_alphanumeric());
    let names = parts.filter(|part| part.chars().count() >= 3);
    let mut rest = lower.replace("millrace", "");
    for name in names {
        rest = rest.replace(name, "");
    }
    rest != lower && rest.chars().count() < OWN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole_and_sorted() {
        for (list, least) in [(PASSWORDS, 40_000), (WORDS, 10_000)] {
            let (hashes, rest) = list.as_chunks::<4>();
            assert!(rest.is_empty() && hashes.is_sorted() && hashes.len() > least);
        }
    }

    #[test]
    fn a_password_that_attackers_try_first_is_refused_with_its_reason() {
        use PasswordFault::{Common, Long, Pattern, Personal, Short};
        let long = "long ".repeat(200);
        for (password, why) in [
            ("too short", Short),
            (long.as_str(), Long),
            ("1qaz2wsx3edc", Common),
            ("Mailcreated5240", Common),
            ("Password2026!", Common),
            ("P@ssw0rd!2026", Common),
            ("**dragon**1987", Common),
            ("§§§§§§§§§§§§", Pattern),
            ("xk7xk7xk7xk7", Pattern),
            ("abcdefghijklm", Pattern),
            ("0987654321098", Pattern),
            ("ada.lovelace-1", Personal),
            ("millrace!!2026", Personal),
        ] {
            let said = fault(password, "ada.lovelace@example.org");
            assert_eq!(said, Some(why), "{password}");
        }
    }

    #[test]
    fn a_few_words_are_good_and_so_is_what_a_machine_makes() {
        for good in [
            "a long enough password",
            "correct horse battery staple",
            "tr4mpoline-under-oak",
            "hV3kq9ZtPw2c",
            "häuser am großen fluss",
        ] {
            assert_eq!(fault(good, "ada@example.org"), None, "{good}");
        }
    }
}
