//! The tree that tags stand in: full names, order, and which moves are possible.

use std::collections::BTreeMap;

use super::{Tag, TagNode};

/// Levels at most. Deeper is no order any more, and every level is a nesting in the JSON of the tree.
pub const MOST_LEVELS: usize = 10;

/// Where every tag of a tenant stands: id, the id above, the name.
#[derive(Clone, Debug, Default)]
pub struct Forest(BTreeMap<i64, (Option<i64>, String)>);

impl Forest {
    /// From id, the id above, and name of every tag.
    pub fn of(places: impl IntoIterator<Item = (i64, Option<i64>, String)>) -> Self {
        Self(places.into_iter().map(|(id, parent, name)| (id, (parent, name))).collect())
    }

    /// Whether there is such a tag.
    pub fn has(&self, id: i64) -> bool {
        self.0.contains_key(&id)
    }

    /// Puts a tag, new or not, under another.
    pub fn put(&mut self, id: i64, parent: Option<i64>) {
        self.0.entry(id).or_default().0 = parent;
    }

    /// The tag and those above it, the tag first. Ends after more levels than there may be, also in a circle.
    fn upwards(&self, id: i64) -> impl Iterator<Item = i64> + '_ {
        std::iter::successors(Some(id), |id| self.0.get(id).and_then(|(parent, _)| *parent)).take(MOST_LEVELS + 1)
    }

    /// What is wrong with where a tag stands.
    pub fn fault(&self, id: i64) -> Option<String> {
        let parent = self.0.get(&id).and_then(|(parent, _)| *parent)?;
        if !self.has(parent) {
            return Some(format!("tag {parent} does not exist"));
        }
        if self.upwards(parent).any(|above| above == id) {
            return Some(if parent == id {
                "must not be the tag itself".to_owned()
            } else {
                format!("tag {parent} stands below this tag")
            });
        }
        let too_deep = self.0.keys().any(|&other| {
            let above: Vec<i64> = self.upwards(other).collect();
            above.len() > MOST_LEVELS && above.contains(&id)
        });
        too_deep.then(|| format!("would make more than {MOST_LEVELS} levels"))
    }

    /// Names from the root down to the tag.
    fn names(&self, id: i64) -> Vec<&str> {
        let mut names: Vec<&str> = self.upwards(id).filter_map(|id| self.0.get(&id)).map(|(_, name)| name.as_str()).collect();
        names.reverse();
        names
    }

    /// `Second Level: Complaint`.
    pub fn full_name(&self, id: i64) -> String {
        label(&self.names(id))
    }

    /// What tags are ordered by: each after the one above it, beside each other by name.
    fn order(&self, id: i64) -> Vec<(String, String, i64)> {
        let mut order: Vec<_> = self
            .upwards(id)
            .filter_map(|id| self.0.get(&id).map(|(_, name)| (id, name)))
            .map(|(id, name)| (sort_key(name), name.clone(), id))
            .collect();
        order.reverse();
        order
    }

    /// Brings tags into the order of the whole tree.
    pub fn sort(&self, tags: &mut [Tag]) {
        tags.sort_by_cached_key(|tag| self.order(tag.id));
    }

    /// The tags as a tree. One whose parent is not among them stands under the next tag above that is, so that a tree
    /// holds what the list with the same filter holds.
    pub fn tree(&self, mut tags: Vec<Tag>) -> Vec<TagNode> {
        tags.sort_by_cached_key(|tag| (sort_key(&tag.fields.name), tag.fields.name.clone(), tag.id));
        let ids: std::collections::BTreeSet<i64> = tags.iter().map(|tag| tag.id).collect();
        let mut below: BTreeMap<Option<i64>, Vec<Tag>> = BTreeMap::new();
        for mut tag in tags {
            tag.full_name = None;
            let place = self.upwards(tag.id).skip(1).find(|above| ids.contains(above));
            below.entry(place).or_default().push(tag);
        }
        nodes(&mut below, None)
    }
}

fn nodes(below: &mut BTreeMap<Option<i64>, Vec<Tag>>, parent: Option<i64>) -> Vec<TagNode> {
    let tags = below.remove(&parent).unwrap_or_default();
    tags.into_iter().map(|tag| TagNode { children: nodes(below, Some(tag.id)), tag }).collect()
}

/// A name after the names above it.
pub fn label<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(": ")
}

/// As people look words up: any case, umlauts beside their vowels.
fn sort_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'ä' => key.push('a'),
            'ö' => key.push('o'),
            'ü' => key.push('u'),
            'ß' => key.push_str("ss"),
            other => key.push(other),
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forest(places: &[(i64, Option<i64>)]) -> Forest {
        Forest::of(places.iter().map(|(id, parent)| (*id, *parent, format!("t{id}"))))
    }

    #[test]
    fn a_full_name_goes_from_the_root_down() {
        let forest = forest(&[(1, None), (2, Some(1)), (3, Some(2))]);
        assert_eq!(forest.full_name(3), "t1: t2: t3");
        assert_eq!(forest.full_name(1), "t1");
    }

    #[test]
    fn circles_and_strangers_are_faults() {
        let mut forest = forest(&[(1, None), (2, Some(1)), (3, Some(2))]);
        assert_eq!(forest.fault(3), None);
        forest.put(1, Some(3));
        assert!(forest.fault(1).unwrap().contains("below"));
        forest.put(1, Some(1));
        assert!(forest.fault(1).unwrap().contains("itself"));
        forest.put(1, Some(9));
        assert!(forest.fault(1).unwrap().contains("tag 9 does not exist"));
        // A new one, whose id is not there yet.
        forest.put(0, Some(9));
        assert!(forest.fault(0).is_some());
    }

    #[test]
    fn depth_counts_what_hangs_below() {
        let chain: Vec<(i64, Option<i64>)> = (1..=10).map(|id| (id, (id > 1).then(|| id - 1))).collect();
        let mut forest = forest(&chain);
        assert_eq!(forest.fault(10), None);
        forest.put(11, Some(10));
        assert!(forest.fault(11).unwrap().contains("10 levels"));
        forest.put(11, None);
        forest.put(1, Some(11));
        assert!(forest.fault(1).unwrap().contains("10 levels"));
    }

    #[test]
    fn umlauts_stand_beside_their_vowels() {
        let mut names = ["Zähler", "Übergabe", "umzug", "Abschlag", "Äpfel", "Straße"];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(names, ["Abschlag", "Äpfel", "Straße", "Übergabe", "umzug", "Zähler"]);
    }
}
