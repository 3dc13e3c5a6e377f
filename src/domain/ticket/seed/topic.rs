//! What a message is about.

use rand::RngExt as _;

use super::{Draw, phrases, phrases_english};

/// Parts of messages about one thing.
pub(super) struct Topic {
    /// Name of the tag that such tickets get.
    pub(super) tag: &'static str,
    /// How frequent it is, beside the others.
    pub(super) weight: u32,
    /// First lines.
    pub(super) subjects: &'static [&'static str],
    /// Sentences that say why somebody writes. They follow a greeting and a comma.
    pub(super) openings: &'static [&'static str],
    /// Sentences with facts.
    pub(super) details: &'static [&'static str],
    /// Sentences that say what shall happen.
    pub(super) asks: &'static [&'static str],
}

impl Topic {
    /// A topic of the language, by weight.
    pub(super) fn draw(english: bool, dice: &mut Draw) -> &'static Self {
        let topics: &'static [Self] = if english { &phrases_english::TOPICS } else { &phrases::TOPICS };
        let mut left = dice.random_range(0..topics.iter().map(|topic| topic.weight).sum());
        for topic in topics {
            if left < topic.weight {
                return topic;
            }
            left -= topic.weight;
        }
        &topics[0]
    }

    /// Whether nobody at the supplier should read it.
    pub(super) fn is_spam(&self) -> bool {
        self.tag == "Spam"
    }

    /// Every tag that a seeded ticket can have, in the order of [`Self::tag_index`].
    pub(super) fn tags() -> impl Iterator<Item = &'static str> {
        phrases::TOPICS.iter().map(|topic| topic.tag)
    }

    /// Where the tag stands in [`Self::tags`].
    pub(super) fn tag_index(&self) -> usize {
        Self::tags().position(|tag| tag == self.tag).unwrap_or_default()
    }
}
