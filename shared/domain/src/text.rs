//! Text: the normal form in which it is checked and stored, the characters that it may have, and the form in which it is compared.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, PrependedConcatenationMark, VariationSelector},
};
use std::borrow::Cow;

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
const ZERO_WIDTH_JOINER: char = '\u{200D}';
const LEFT_TO_RIGHT_MARK: char = '\u{200E}';
const RIGHT_TO_LEFT_MARK: char = '\u{200F}';
/// A letter with nothing to see. Unicode does not call it white space.
const BRAILLE_BLANK: char = '\u{2800}';

/// NFC, with the edges trimmed.
pub fn normal(text: &str) -> String {
    let composed = ComposingNormalizer::new_nfc().normalize(text);
    trimmed(&composed).to_owned()
}

pub fn trimmed(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// With line feeds as the only line breaks.
pub fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n").into()
    } else {
        text.into()
    }
}

/// The form in which unique names and codes are compared: canonical caseless matching, as Unicode defines it (D145). It takes text in the
/// normal form.
pub fn folded(text: &str) -> String {
    let decomposed = DecomposingNormalizer::new_nfd().normalize(text);
    let folded = CaseMapper::new().fold_string(&decomposed);
    ComposingNormalizer::new_nfc().normalize(&folded).into_owned()
}

/// How many lines a text may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lines {
    One,
    Several,
}

/// Finds characters that people cannot see, or that change how the text around them is shown.
pub fn check(text: &str, lines: Lines) -> Result<(), &'static str> {
    // The edges count as blanks: nothing visible is there.
    let mut before = Role::Blank;
    let mut is_visible = false;
    for c in text.chars() {
        let role = Role::of(c);
        let is_allowed = match role {
            Role::Control => {
                return match lines {
                    Lines::One => Err("must not have control characters or line breaks"),
                    Lines::Several => Err("must not have control characters other than line feeds"),
                };
            }
            Role::LineFeed if lines == Lines::One => return Err("must not have control characters or line breaks"),
            Role::LineFeed | Role::Blank | Role::Mark => before != Role::Joiner,
            Role::Visible => true,
            Role::Selector => before == Role::Visible,
            Role::Joiner => matches!(before, Role::Visible | Role::Selector),
            Role::Invisible => false,
        };
        if !is_allowed {
            return Err("must not have invisible characters");
        }
        is_visible |= role == Role::Visible;
        before = role;
    }
    if before == Role::Joiner {
        return Err("must not have invisible characters");
    }
    if !is_visible && !text.is_empty() {
        return Err("must have a visible character");
    }
    Ok(())
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == BRAILLE_BLANK
}

/// The role of a character in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Visible,
    Blank,
    LineFeed,
    /// Sets the direction of the characters beside it, and nothing else.
    Mark,
    /// Joins its two neighbours, or keeps them apart.
    Joiner,
    /// Chooses the shape of the character before it, such as an emoji's.
    Selector,
    Control,
    /// Unseen, or changing the order of what is seen.
    Invisible,
}

impl Role {
    fn of(c: char) -> Self {
        match c {
            '!'..='~' => Self::Visible,
            '\n' => Self::LineFeed,
            '\u{2028}' | '\u{2029}' => Self::Control,
            ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER => Self::Joiner,
            LEFT_TO_RIGHT_MARK | RIGHT_TO_LEFT_MARK => Self::Mark,
            _ if c.is_control() => Self::Control,
            _ if is_blank(c) => Self::Blank,
            _ if CodePointSetData::new::<VariationSelector>().contains(c) => Self::Selector,
            _ if CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || is_unseen_format(c) => {
                Self::Invisible
            }
            _ => Self::Visible,
        }
    }
}

/// Format characters, except those that are drawn, such as the Arabic number sign.
fn is_unseen_format(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format
        && !CodePointSetData::new::<PrependedConcatenationMark>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Characters with which the rules of text have to do, between others.
    fn tricky() -> impl Strategy<Value = String> {
        let chars: Vec<char> = "aAeE\u{301}\u{345}\u{308}éÉßẞıİiIςσΣΐᾳﬁ क\u{94d}\u{200c}\u{200d}\u{200e}\u{fe0f}❤🔥\u{a0}\u{2003}\n\r\t\u{2028}\u{202e}\u{feff}\u{ad}\u{1160}\u{2800}가\u{1100}\u{1161}".chars().collect();
        let one = prop_oneof![prop::sample::select(chars), any::<char>()];
        prop::collection::vec(one, 0..12).prop_map(String::from_iter)
    }

    #[test]
    fn the_normal_form_is_composed_and_trimmed() {
        for (given, kept) in [
            ("Cafe\u{301}", "Caf\u{e9}"),
            (" Orders\u{a0}", "Orders"),
            ("\r\n\tOrders\u{2003}\u{3000}\u{2028}", "Orders"),
            ("\u{2800}Orders\u{2800}", "Orders"),
            ("\u{212b}", "\u{c5}"),
            ("two  words", "two  words"),
            ("\u{85}\u{2000}", ""),
        ] {
            assert_eq!(normal(given), kept, "{given:?}");
        }
        assert_eq!(with_line_feeds("a\r\nb\rc\nd"), "a\nb\nc\nd");
    }

    #[test]
    fn names_of_the_worlds_scripts_are_text() {
        for good in [
            "Acme & Söhne, 1st floor (rear)",
            "株式会社ドリーム",
            "\u{845b}\u{e0100}城市",
            "می\u{200c}خواهم",
            "ශ්\u{200d}රී ලංකා",
            "שלום\u{200e} (Acme)\u{200f}",
            "❤\u{fe0f}\u{200d}🔥 and 👩🏽\u{200d}🚀",
            "1\u{fe0f}\u{20e3}",
            "\u{600}١٢",
            "Nguyễn Thị Ánh",
            "a\u{a0}b\u{3000}c",
        ] {
            assert_eq!(check(&normal(good), Lines::One), Ok(()), "{good}");
        }
    }

    #[test]
    fn invisible_and_reordering_characters_are_refused() {
        let alone = [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180e}',
            '\u{200b}',
            '\u{202a}',
            '\u{202b}',
            '\u{202c}',
            '\u{202d}',
            '\u{202e}',
            '\u{2060}',
            '\u{2063}',
            '\u{2066}',
            '\u{2067}',
            '\u{2068}',
            '\u{2069}',
            '\u{206a}',
            '\u{3164}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{0}',
            '\u{7f}',
            '\u{85}',
            '\u{2028}',
            '\u{2029}',
            '\t',
            '\r',
            '\u{1b}',
        ];
        for c in alone {
            for text in [format!("a{c}b"), format!("{c}a"), format!("a{c}")] {
                assert!(check(&text, Lines::One).is_err(), "{text:?}");
                assert!(check(&text, Lines::Several).is_err(), "{text:?}");
            }
        }
        for text in [
            "\u{200d}a",
            "a\u{200d}",
            "a\u{200c} b",
            "a\u{200d}\u{200d}b",
            "a \u{200c}b",
            "\u{fe0f}",
            " \u{fe0f}",
            "a\u{fe0f}\u{fe0f}",
            "a\u{200d}\u{200e}b",
        ] {
            assert_eq!(
                check(text, Lines::One),
                Err("must not have invisible characters"),
                "{text:?}"
            );
        }
        for text in ["\u{200e}", "\u{200f} \u{200e}"] {
            assert_eq!(
                check(text, Lines::One),
                Err("must have a visible character"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn line_feeds_are_only_in_texts_of_several_lines() {
        assert!(check("one\ntwo", Lines::One).is_err());
        assert_eq!(check("one\n\ntwo", Lines::Several), Ok(()));
        assert_eq!(check("", Lines::Several), Ok(()));
    }

    #[test]
    fn texts_that_differ_in_case_or_composition_are_compared_as_equal() {
        for (one, other) in [
            ("Orders", "oRDERS"),
            ("Caf\u{e9}", "CAFE\u{301}"),
            ("Straße", "STRASSE"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("ﬁn", "FIN"),
            ("\u{1fb3}\u{301}", "\u{391}\u{345}\u{301}"),
            ("Ꭰ", "ꭰ"),
        ] {
            assert_eq!(folded(&normal(one)), folded(&normal(other)), "{one} {other}");
        }
        for (one, other) in [
            ("Orders", "Order"),
            ("Cafe", "Café"),
            ("a b", "ab"),
            ("I", "ı"),
            ("1", "①"),
        ] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }

    /// A sort key has at most 1,024 bytes, and a name at most 200 characters.
    #[test]
    fn no_character_takes_more_than_five_bytes_when_it_is_compared() {
        for c in '\0'..=char::MAX {
            let text = normal(&c.to_string());
            let characters = text.chars().count().max(1);
            assert!(folded(&text).len() <= 5 * characters, "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_of_the_normal_form_is_itself(text in tricky()) {
            let once = normal(&with_line_feeds(&text));
            prop_assert_eq!(&normal(&with_line_feeds(&once)), &once);
        }

        #[test]
        fn the_form_for_comparison_ignores_case_and_composition(text in tricky()) {
            let given = normal(&text);
            let compared = folded(&given);
            prop_assert_eq!(&folded(&compared), &compared);
            let decomposed = DecomposingNormalizer::new_nfd().normalize(&given).into_owned();
            prop_assert_eq!(&folded(&decomposed), &compared);
            // Dotless and dotted I have capitals that fold differently.
            if !given.contains(['ı', 'İ']) {
                prop_assert_eq!(folded(&normal(&format!("x{}x", given.to_uppercase()))), folded(&normal(&format!("x{given}x"))));
            }
        }
    }
}
